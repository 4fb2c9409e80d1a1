"""Instruments' numbers and the seconds that bookings take of them, as the bookings table on PostgreSQL has them."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from psycopg import Connection, Cursor

from schemas.events.bookings import Interval
from services.booking.adapters.sql_bookings import first_second, interval, last_second

_STRETCH = 1 << 38
"""How many whole numbers an instrument has for its seconds."""

_CLASHES = f"""
SELECT start, "end" FROM instruments JOIN bookings
    ON span && int8range(number * {_STRETCH} + %(first)s, number * {_STRETCH} + %(last)s)
WHERE instruments.id = ANY(%(instruments)s) AND status IN ('requested', 'confirmed')
ORDER BY start, "end" LIMIT %(limit)s
"""
# NO KEY, since a booking's reference to its instrument takes a lock of its own that must not wait for this one.
_HOLD = "SELECT id, number, owners FROM instruments WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"


def numbers_of(sql: Connection[Any], instruments: Collection[str]) -> Mapping[str, int]:
    """The number of each instrument that ever had a booking."""
    return dict(sql.execute("SELECT id, number FROM instruments WHERE id = ANY(%s)", (list(instruments),)).fetchall())


def hold(sql: Connection[Any], instruments: Collection[str]) -> Cursor[Any]:
    """Ask for the id, number and owners of each that ever had a booking; until this transaction ends nobody books them.

    Locked in one order, so that no two transactions wait for each other.
    """
    return sql.execute(_HOLD, (sorted(instruments),))


def enrol(sql: Connection[Any], instruments: Collection[str]) -> list[tuple[Any, ...]]:
    """Give those instruments numbers that have none, and `hold` all of them."""
    sql.execute("INSERT INTO instruments (id) SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING", (sorted(instruments),))
    return hold(sql, instruments).fetchall()


def clashes(
    sql: Connection[Any], instruments: Collection[str], start: datetime, end: datetime, limit: int | None = None
) -> Cursor[Any]:
    """Ask for the first and last second of the active bookings that overlap [start, end), in order."""
    first = min(max(0, first_second(start)), _STRETCH - 1)
    last = min(max(first, last_second(end)), _STRETCH - 1)
    asked = {"first": first, "last": last, "instruments": list(instruments), "limit": limit}
    return sql.execute(_CLASHES, asked)


def intervals(asked: Cursor[Any]) -> list[Interval]:
    """What `clashes` asked for."""
    return [interval(start, end) for start, end in asked.fetchall()]
