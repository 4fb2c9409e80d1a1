"""The booking store on PostgreSQL."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, TypeVar

from psycopg import Connection, Cursor, errors

from hub.ports.records import Pending
from hub.sql.postgresql import PostgresDatabase
from hub.sql.postgresql_outbox import PostgresOutbox
from hub.sql.statements import storable, storable_among
from schemas.events.bookings import ACTIVE, Booking, Change, Interval
from services.booking.adapters.sql_bookings import (
    SqlBookings,
    changed,
    first_second,
    interval,
    last_second,
    replayed,
    stored,
)
from services.booking.ports import CONFLICT_LIMIT, NOBODY, Added, Changed

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
    """Ask for the id, number and holder of each that ever had a booking; until this transaction ends nobody books them.

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


ATTEMPTS = 5
"""Of a write that others' writes got in the way of."""
RELAY_LOCK = 0x6875_6203
_KEYED = "SELECT body FROM bookings WHERE booked_by = %s AND key = %s"
_ADD = """
WITH told AS (INSERT INTO booking_outbox (event_id, instrument, at, data)
    VALUES (%(event_id)s, %(instrument)s, %(at)s, %(data)s))
INSERT INTO bookings (id, instrument, start, "end", status, version, booked_by, key, body, owners)
VALUES (%(id)s, %(number)s, %(start)s, %(end)s, %(status)s, %(version)s, %(booked_by)s, %(key)s, %(body)s, %(holder)s)
"""
_CHANGE = """
WITH told AS (INSERT INTO booking_outbox (event_id, instrument, at, data)
    VALUES (%(event_id)s, %(instrument)s, %(at)s, %(data)s))
UPDATE bookings SET status = %(status)s, version = %(version)s, body = %(body)s WHERE id = %(id)s
"""
_HELD = """
SELECT id, CASE WHEN NOT EXISTS (SELECT FROM bookings WHERE bookings.owners IS NULL AND instrument = number)
    THEN owners END FROM instruments WHERE id > %s ORDER BY id LIMIT %s
"""
_IN_THE_WAY = (errors.ExclusionViolation, errors.UniqueViolation, errors.DeadlockDetected, errors.SerializationFailure)

T = TypeVar("T")


class PostgresBookings(SqlBookings):
    """services.booking.ports.BookingStore; `event_source` is the CloudEvents source of the events it makes.

    A booking is added under locks of its instrument and those joined to it, so that what it was found not to overlap
    stays true; the table's exclusion constraint is there for whatever else may write. Times are whole seconds from 1970
    to 9999, a start rounded down and an end up; 33 million instruments can have bookings (see the table).
    """

    mark = "%s"

    def __init__(self, database: PostgresDatabase, event_source: str) -> None:
        super().__init__(event_source)
        self._database = database
        self._outbox = PostgresOutbox(database, "booking_outbox", RELAY_LOCK, self.events)

    def reading(self) -> AbstractContextManager[Connection[Any]]:
        """See SqlBookings."""
        return self._database.read()

    def snapshot(self) -> AbstractContextManager[Connection[Any]]:
        """See SqlBookings."""
        return self._database.snapshot()

    def places(self, sql: Connection[Any], instruments: Collection[str]) -> Iterable[int]:
        """See SqlBookings."""
        return numbers_of(sql, instruments).values()

    def add(self, booking: Booking, key: str = "", also: Collection[str] = (), holder: str = NOBODY) -> Added:
        instruments = {booking.instrument_id, *also}
        added = self._written(lambda sql: _add(sql, booking, key, instruments, holder))
        if added.outcome == "added":
            self._outbox.wake()
        return added

    def change(self, booking_id: str, expected_version: int, change: Change) -> Changed:
        if not storable(booking_id):
            return Changed("unknown")
        outcome = self._written(lambda sql: _change(sql, booking_id, expected_version, change))
        if outcome.outcome == "changed":
            self._outbox.wake()
        return outcome

    def between(self, instruments: Collection[str], start: datetime, end: datetime) -> list[Interval]:
        with self._database.read() as sql:
            return intervals(clashes(sql, storable_among(instruments), start, end))

    def set_holder(self, instrument_id: str, holder: str) -> None:
        with self._database.write() as sql:
            known = hold(sql, [instrument_id]).fetchone()
            if known:
                _set_holder(sql, known[1], holder)

    def held(self, after: str, limit: int) -> list[tuple[str, str | None]]:
        """See the port; an instrument is as if not looked up where a process of the version before has booked it."""
        with self._database.read() as sql:
            return sql.execute(_HELD, (after, limit)).fetchall()

    def pending(self, limit: int, timeout: float = 0.0) -> Sequence[Pending]:
        """See the port; nothing where another process's relay is at work."""
        return self._outbox.pending(limit, timeout)

    def waiting(self) -> int:
        return self._outbox.waiting()

    def published(self, up_to: int) -> None:
        """See the port; forgets only what `pending` told of last."""
        self._outbox.published(up_to)

    def close(self) -> None:
        """Stop relaying; the database is closed by whoever opened it."""
        self._outbox.close()

    def _written(self, operation: Callable[[Connection[Any]], T]) -> T:
        """Run a write as one transaction, anew where another one got in its way: it then finds what that one stored."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self._database.brief() as sql:
                    return operation(sql)
            except _IN_THE_WAY:
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError("unreachable")


def _add(sql: Connection[Any], booking: Booking, key: str, instruments: Collection[str], holder: str) -> Added:
    held = hold(sql, instruments)
    keyed = sql.execute(_KEYED, (booking.booked_by, key))
    taken = clashes(sql, instruments, *booking.interval, CONFLICT_LIMIT)
    rows = {row[0]: row for row in held.fetchall()}
    if len(rows) < len(instruments):
        rows = {row[0]: row for row in enrol(sql, instruments)}
        taken = clashes(sql, instruments, *booking.interval, CONFLICT_LIMIT)
    if key and (row := keyed.fetchone()):
        earlier = Booking.from_bytes(row[0])
        return Added(replayed(earlier, booking), earlier)
    if booking.active and (conflicts := intervals(taken)):
        return Added("overlap", conflicts=tuple(conflicts))
    _, number, holder_before = rows[booking.instrument_id]
    if holder_before != holder:
        _set_holder(sql, number, holder)
    sql.execute(_ADD, stored(booking, key) | {"number": number, "holder": holder})
    return Added("added", booking)


def _change(sql: Connection[Any], booking_id: str, expected_version: int, change: Change) -> Changed:
    row = sql.execute("SELECT body FROM bookings WHERE id = %s FOR UPDATE", (booking_id,)).fetchone()
    if row is None:
        return Changed("unknown")
    before = Booking.from_bytes(row[0])
    if before.version != expected_version:
        return Changed("stale", before)
    if change.status in ACTIVE and not before.active:
        hold(sql, [before.instrument_id])
        if intervals(clashes(sql, [before.instrument_id], *before.interval, 1)):
            return Changed("overlap", before)
    after = changed(before, change)
    sql.execute(_CHANGE, stored(after))
    return Changed("changed", after)


def _set_holder(sql: Connection[Any], number: int, holder: str) -> None:
    """Of an instrument that is held."""
    sql.execute("UPDATE instruments SET owners = %s WHERE number = %s", (holder, number))
    sql.execute("UPDATE bookings SET owners = %s WHERE instrument = %s", (holder, number))
