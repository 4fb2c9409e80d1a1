"""Instruments' numbers and the seconds that bookings take of them, as the bookings table on PostgreSQL has them."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import Connection

from hub.kernel.bookings import Interval

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
_STRETCH = 1 << 38
"""How many whole numbers an instrument has for its seconds."""

_CLASHES = """
SELECT start, "end" FROM unnest(%s::bigint[], %s::bigint[]) AS wanted (first, last)
JOIN bookings ON span && int8range(first, last) AND status IN ('requested', 'confirmed')
ORDER BY start, "end" LIMIT %s
"""


def numbers_of(sql: Connection[Any], instruments: Collection[str]) -> Mapping[str, int]:
    """The number of each instrument that ever had a booking."""
    return dict(sql.execute("SELECT id, number FROM instruments WHERE id = ANY(%s)", (list(instruments),)).fetchall())


def numbers_to_hold(sql: Connection[Any], instruments: Collection[str]) -> Mapping[str, int]:
    """The number of each instrument, a new one where it had none; nobody else books them until the transaction ends.

    Locked in one order, so that no two transactions wait for each other.
    """
    wanted = sorted(set(instruments))
    if len(held := _held(sql, wanted)) < len(wanted):
        sql.execute("INSERT INTO instruments (id) SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING", (wanted,))
        held = _held(sql, wanted)
    return held


def clashes(
    sql: Connection[Any], numbers: Collection[int], start: datetime, end: datetime, limit: int | None = None
) -> list[Interval]:
    """The intervals of active bookings that overlap [start, end), in order."""
    first, last = max(0, first_second(start)), min(_STRETCH, last_second(end))
    if not numbers or first >= last:
        return []
    stretches = [number * _STRETCH for number in numbers]
    wanted = ([one + first for one in stretches], [one + last for one in stretches])
    rows = sql.execute(_CLASHES, (*wanted, limit), binary=True)
    return [Interval(EPOCH + start * SECOND, EPOCH + end * SECOND) for start, end in rows]


def first_second(moment: datetime) -> int:
    """Whole seconds since 1970, rounded down."""
    return (moment - EPOCH) // SECOND


def last_second(moment: datetime) -> int:
    """Whole seconds since 1970, rounded up."""
    return -((EPOCH - moment) // SECOND)


def _held(sql: Connection[Any], instruments: list[str]) -> dict[str, int]:
    # NO KEY, since a booking's reference to its instrument takes a lock of its own that must not wait for this one.
    rows = sql.execute(
        "SELECT id, number FROM instruments WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", (instruments,)
    )
    return dict(rows.fetchall())
