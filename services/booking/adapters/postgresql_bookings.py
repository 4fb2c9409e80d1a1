"""The booking store on PostgreSQL."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import product
from typing import Any, TypeVar

from psycopg import Connection, errors

from hub.kernel.canonical import digest_of
from hub.kernel.cloudevents import CloudEvent
from hub.ports.records import Pending
from hub.sql.postgresql import PostgresDatabase
from hub.sql.postgresql_outbox import PostgresOutbox
from hub.sql.statements import storable, storable_among
from schemas.events.bookings import ACTIVE, BOOKING_CHANGED, Booking, BookingStatus, Change, Interval
from services.booking.adapters.owners import joined, naming, split
from services.booking.adapters.postgresql_spans import (
    clashes,
    enrol,
    first_second,
    hold,
    intervals,
    last_second,
    numbers_of,
)
from services.booking.ports import CONFLICT_LIMIT, PAGE_LIMIT, Added, Changed, Position

ATTEMPTS = 5
"""Of a write that others' writes got in the way of."""
RELAY_LOCK = 0x6875_6203
SCAN_ROWS = 1_000
UNBOUNDED = (1 << 62, "")
_Range = tuple[str | int, ...]
"""Of an index that ends in start and id: a condition with what stands for its marks."""

_KEYED = "SELECT body FROM bookings WHERE booked_by = %s AND key = %s"
_ADD = """
WITH told AS (INSERT INTO booking_outbox (event_id, instrument, at, data)
    VALUES (%(event_id)s, %(instrument)s, %(at)s, %(data)s))
INSERT INTO bookings (id, instrument, start, "end", status, version, booked_by, key, body, owners)
VALUES (%(id)s, %(number)s, %(start)s, %(end)s, %(status)s, %(version)s, %(booked_by)s, %(key)s, %(body)s, %(owners)s)
"""
_CHANGE = """
WITH told AS (INSERT INTO booking_outbox (event_id, instrument, at, data)
    VALUES (%(event_id)s, %(instrument)s, %(at)s, %(data)s))
UPDATE bookings SET status = %(status)s, version = %(version)s, body = %(body)s WHERE id = %(id)s
"""
_OWNED = """
SELECT id, CASE WHEN NOT EXISTS (SELECT FROM bookings WHERE bookings.owners IS NULL AND instrument = number)
    THEN owners END FROM instruments WHERE id > %s ORDER BY id LIMIT %s
"""
_IN_THE_WAY = (errors.ExclusionViolation, errors.UniqueViolation, errors.DeadlockDetected, errors.SerializationFailure)

T = TypeVar("T")


class PostgresBookings:
    """services.booking.ports.BookingStore; `event_source` is the CloudEvents source of the events it makes.

    A booking is added under locks of its instrument and those joined to it, so that what it was found not to overlap
    stays true; the table's exclusion constraint is there for whatever else may write. Times are whole seconds from 1970
    to 9999, a start rounded down and an end up; 33 million instruments can have bookings (see the table).
    """

    def __init__(self, database: PostgresDatabase, event_source: str) -> None:
        self._database = database
        self._event_source = event_source
        self._outbox = PostgresOutbox(database, "booking_outbox", RELAY_LOCK, self._pending)

    def add(self, booking: Booking, key: str = "", also: Collection[str] = (), owners: Collection[str] = ()) -> Added:
        instruments = {booking.instrument_id, *also}
        added = self._written(lambda sql: _add(sql, booking, key, instruments, joined(owners)))
        if added.outcome == "added":
            self._outbox.wake()
        return added

    def change(self, booking_id: str, expected_version: int, change: Change) -> Changed:
        if not storable(booking_id):
            return Changed("unknown")
        changed = self._written(lambda sql: _change(sql, booking_id, expected_version, change))
        if changed.outcome == "changed":
            self._outbox.wake()
        return changed

    def get(self, booking_id: str) -> Booking | None:
        if not storable(booking_id):
            return None
        with self._database.read() as sql:
            row = sql.execute("SELECT body FROM bookings WHERE id = %s", (booking_id,)).fetchone()
        return Booking.from_bytes(row[0]) if row else None

    def with_key(self, booked_by: str, key: str) -> Booking | None:
        if not storable(key):
            return None
        with self._database.read() as sql:
            row = sql.execute(_KEYED, (booked_by, key)).fetchone()
        return Booking.from_bytes(row[0]) if row else None

    def between(self, instruments: Collection[str], start: datetime, end: datetime) -> list[Interval]:
        with self._database.read() as sql:
            return intervals(clashes(sql, storable_among(instruments), start, end))

    def of(self, booked_by: str, limit: int, before: Position | None = None) -> list[Booking]:
        with self._database.read() as sql:
            return _pages(sql, [("booked_by = %s", booked_by)], limit, before)

    def on(self, instruments: Collection[str], limit: int, before: Position | None = None) -> list[Booking]:
        with self._database.snapshot() as sql:
            numbers = numbers_of(sql, storable_among(instruments)).values()
            return _pages(sql, [("instrument = %s", number) for number in numbers], limit, before)

    def having(
        self,
        statuses: Collection[BookingStatus],
        limit: int,
        before: Position | None = None,
        owners: Collection[str] | None = None,
    ) -> list[Booking]:
        with self._database.snapshot() as sql:
            if owners is None:
                return _pages(sql, [("status = %s", status) for status in set(statuses)], limit, before)
            columns = sql.execute("SELECT DISTINCT owners FROM instruments").fetchall()
            named = naming(owners, (column for (column,) in columns))
            return _pages(sql, [_owned(*pair) for pair in product(named, set(statuses))], limit, before)

    def set_owners(self, instrument_id: str, owners: Collection[str]) -> None:
        with self._database.write() as sql:
            known = hold(sql, [instrument_id]).fetchone()
            if known:
                _set_owners(sql, known[1], joined(owners))

    def owned(self, after: str, limit: int) -> list[tuple[str, frozenset[str] | None]]:
        """See the port; an instrument is as if not looked up where a process of the version before has booked it."""
        with self._database.read() as sql:
            rows = sql.execute(_OWNED, (after, limit)).fetchall()
        return [(known, split(owners)) for known, owners in rows]

    def pending(self, limit: int, timeout: float = 0.0) -> Sequence[Pending]:
        """See the port; nothing where another process's relay is at work."""
        return self._outbox.pending(limit, timeout)

    def waiting(self) -> int:
        return self._outbox.waiting()

    def published(self, up_to: int) -> None:
        """See the port; forgets only what `pending` told of last."""
        self._outbox.published(up_to)

    def scan(self) -> Iterator[Booking]:
        yield from map(Booking.from_bytes, self._bodies())

    def digest(self) -> str:
        return digest_of(self._bodies())

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

    def _bodies(self) -> Iterator[bytes]:
        after = ""
        query = "SELECT id, body FROM bookings WHERE id > %s ORDER BY id LIMIT %s"
        while True:
            with self._database.read() as sql:
                rows = sql.execute(query, (after, SCAN_ROWS)).fetchall()
            if not rows:
                return
            yield from (body for _, body in rows)
            after = rows[-1][0]

    def _pending(self, sql: Connection[Any], limit: int) -> list[Pending]:
        rows = sql.execute(
            "SELECT number, event_id, instrument, at, data FROM booking_outbox ORDER BY number LIMIT %s",
            (limit,),
        )
        source = self._event_source
        return [
            Pending(number, CloudEvent(event_id, source, BOOKING_CHANGED, instrument, at, data).as_entry())
            for number, event_id, instrument, at, data in rows
        ]


def _add(sql: Connection[Any], booking: Booking, key: str, instruments: Collection[str], owners: str) -> Added:
    held = hold(sql, instruments)
    keyed = sql.execute(_KEYED, (booking.booked_by, key))
    taken = clashes(sql, instruments, *booking.interval, CONFLICT_LIMIT)
    rows = {row[0]: row for row in held.fetchall()}
    if len(rows) < len(instruments):
        rows = {row[0]: row for row in enrol(sql, instruments)}
        taken = clashes(sql, instruments, *booking.interval, CONFLICT_LIMIT)
    if key and (row := keyed.fetchone()):
        earlier = Booking.from_bytes(row[0])
        return Added("replayed" if earlier.asks_the_same_as(booking) else "mismatch", earlier)
    if booking.active and (conflicts := intervals(taken)):
        return Added("overlap", conflicts=tuple(conflicts))
    _, number, owners_before = rows[booking.instrument_id]
    if owners_before != owners:
        _set_owners(sql, number, owners)
    stored = _stored(booking) | {
        "number": number,
        "owners": owners,
        "start": first_second(booking.start),
        "end": last_second(booking.end),
        "booked_by": booking.booked_by,
        "key": key or None,
    }
    sql.execute(_ADD, stored)
    return Added("added", booking)


def _change(sql: Connection[Any], booking_id: str, expected_version: int, change: Change) -> Changed:
    row = sql.execute("SELECT body FROM bookings WHERE id = %s FOR UPDATE", (booking_id,)).fetchone()
    if row is None:
        return Changed("unknown")
    before = Booking.from_bytes(row[0])
    if before.version != expected_version:
        return Changed("stale", before)
    after = replace(
        before,
        status=change.status,
        version=before.version + 1,
        updated_at=change.at,
        reason=change.reason,
        changed_by=change.by,
    )
    if change.status in ACTIVE and not before.active:
        hold(sql, [before.instrument_id])
        if intervals(clashes(sql, [before.instrument_id], *before.interval, 1)):
            return Changed("overlap", before)
    sql.execute(_CHANGE, _stored(after))
    return Changed("changed", after)


def _stored(booking: Booking) -> dict[str, object]:
    return {
        "id": booking.id,
        "status": booking.status,
        "version": booking.version,
        "body": booking.to_bytes(),
        "event_id": f"{booking.id}@{booking.version}",
        "instrument": booking.instrument_id,
        "at": booking.updated_at,
        "data": booking.event_data(),
    }


def _set_owners(sql: Connection[Any], number: int, owners: str) -> None:
    """Of an instrument that is held."""
    sql.execute("UPDATE instruments SET owners = %s WHERE number = %s", (owners, number))
    sql.execute("UPDATE bookings SET owners = %s WHERE instrument = %s", (owners, number))


def _owned(owners: str | None, status: str) -> _Range:
    if owners is None:
        return ("owners IS NULL AND status = %s", status)
    return ("owners = %s AND status = %s", owners, status)


def _pages(sql: Connection[Any], ranges: Iterable[_Range], limit: int, before: Position | None) -> list[Booking]:
    found = [booking for one in ranges for booking in _page(sql, one, limit, before)]
    found.sort(key=lambda booking: (booking.start, booking.id), reverse=True)
    return found[: max(0, min(limit, PAGE_LIMIT))]


def _page(sql: Connection[Any], of: _Range, limit: int, before: Position | None) -> list[Booking]:
    start, booking_id = (first_second(before[0]), before[1].partition("\0")[0]) if before else UNBOUNDED
    condition, *values = of
    rows = sql.execute(
        f"SELECT body FROM bookings WHERE {condition} AND (start, id) < (%s, %s) ORDER BY start DESC, id DESC LIMIT %s",
        (*values, start, booking_id, max(0, min(limit, PAGE_LIMIT))),
    )
    return [Booking.from_bytes(body) for (body,) in rows]
