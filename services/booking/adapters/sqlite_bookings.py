"""The booking store in one SQLite file."""

import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

from hub.kernel.canonical import digest_of
from hub.kernel.cloudevents import CloudEvent
from hub.ports.records import WAITING_LIMIT, Pending
from hub.sql.sqlite import Database
from schemas.events.bookings import ACTIVE, BOOKING_CHANGED, Booking, BookingStatus, Change, Interval
from services.booking.adapters.group_commit import GroupCommit
from services.booking.adapters.owners import joined, naming, split
from services.booking.ports import CONFLICT_LIMIT, PAGE_LIMIT, Added, Changed, Position

SCAN_ROWS = 1_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
UNBOUNDED = ((1 << 62), "")
_Range = tuple[str | None, ...]
"""Of an index that ends in start and id: a condition with what stands for its marks."""

# Times are whole seconds since 1970. The table's triggers repeat what add and change check, so that nothing else can
# write an overlap either. `start < the new end` alone would visit every earlier booking: as active ones are disjoint,
# the last one that starts before the new start is the only earlier one that can reach into it.
_ACTIVE = "status IN ('requested', 'confirmed')"
_CLASHES = f"""
SELECT start, "end" FROM bookings WHERE instrument = ?1 AND {_ACTIVE} AND start < ?3 AND start >= (
    SELECT coalesce(max(start), ?2) FROM bookings WHERE instrument = ?1 AND {_ACTIVE} AND start <= ?2) AND "end" > ?2
"""


class SqliteBookings:
    """services.booking.ports.BookingStore; `event_source` is the CloudEvents source of the events it makes."""

    def __init__(self, path: Path, event_source: str) -> None:
        self._database = Database(path, store="bookings")
        self._writes = GroupCommit(self._database)
        self._event_source = event_source
        self._saved = threading.Condition()

    def add(self, booking: Booking, key: str = "", also: Collection[str] = (), owners: Collection[str] = ()) -> Added:
        instruments = {booking.instrument_id, *also}
        added = self._writes.run(lambda sql: _add(sql, booking, key, instruments, joined(owners)))
        if added.outcome == "added":
            self._wake()
        return added

    def change(self, booking_id: str, expected_version: int, change: Change) -> Changed:
        changed = self._writes.run(lambda sql: _change(sql, booking_id, expected_version, change))
        if changed.outcome == "changed":
            self._wake()
        return changed

    def get(self, booking_id: str) -> Booking | None:
        return _got(self._database.read(), booking_id)

    def with_key(self, booked_by: str, key: str) -> Booking | None:
        return _with_key(self._database.read(), booked_by, key)

    def between(self, instruments: Collection[str], start: datetime, end: datetime) -> list[Interval]:
        return _clashes(self._database.read(), instruments, start, end)

    def of(self, booked_by: str, limit: int, before: Position | None = None) -> list[Booking]:
        return self._pages([("booked_by = ?", booked_by)], limit, before)

    def on(self, instruments: Collection[str], limit: int, before: Position | None = None) -> list[Booking]:
        return self._pages([("instrument = ?", one) for one in set(instruments)], limit, before)

    def having(
        self,
        statuses: Collection[BookingStatus],
        limit: int,
        before: Position | None = None,
        owners: Collection[str] | None = None,
    ) -> list[Booking]:
        if owners is None:
            return self._pages([("status = ?", status) for status in set(statuses)], limit, before)
        columns = self._database.read().execute("SELECT DISTINCT owners FROM instruments").fetchall()
        named = naming(owners, (column for (column,) in columns))
        ranges = [("owners IS ? AND status = ?", *pair) for pair in product(named, set(statuses))]
        return self._pages(ranges, limit, before)

    def set_owners(self, instrument_id: str, owners: Collection[str]) -> None:
        self._writes.run(lambda sql: _set_owners(sql, instrument_id, joined(owners)))

    def owned(self, after: str, limit: int) -> list[tuple[str, frozenset[str] | None]]:
        query = "SELECT id, owners FROM instruments WHERE id > ? ORDER BY id LIMIT ?"
        return [(known, split(owners)) for known, owners in self._database.read().execute(query, (after, limit))]

    def pending(self, limit: int, timeout: float = 0.0) -> list[Pending]:
        with self._saved:
            found = self._pending(limit)
            if not found and timeout > 0:
                self._saved.wait(timeout)
                found = self._pending(limit)
        return found

    def waiting(self) -> int:
        return self._database.counted("booking_outbox", WAITING_LIMIT + 1)

    def published(self, up_to: int) -> None:
        self._writes.run(lambda sql: sql.execute("DELETE FROM booking_outbox WHERE number <= ?", (up_to,)).rowcount)

    def scan(self) -> Iterator[Booking]:
        yield from map(Booking.from_bytes, self._bodies())

    def digest(self) -> str:
        return digest_of(self._bodies())

    def close(self) -> None:
        self._database.close()

    def _wake(self) -> None:
        with self._saved:
            self._saved.notify_all()

    def _pages(self, ranges: Iterable[_Range], limit: int, before: Position | None) -> list[Booking]:
        found = [booking for one in ranges for booking in self._page(one, limit, before)]
        found.sort(key=lambda booking: (booking.start, booking.id), reverse=True)
        return found[: max(0, min(limit, PAGE_LIMIT))]

    def _page(self, of: _Range, limit: int, before: Position | None) -> list[Booking]:
        start, booking_id = (_seconds(before[0]), before[1]) if before else UNBOUNDED
        condition, *values = of
        rows = self._database.read().execute(
            f"SELECT body FROM bookings WHERE {condition} AND (start, id) < (?, ?) "
            "ORDER BY start DESC, id DESC LIMIT ?",
            (*values, start, booking_id, max(0, min(limit, PAGE_LIMIT))),
        )
        return [Booking.from_bytes(body) for (body,) in rows]

    def _bodies(self) -> Iterator[bytes]:
        after = ""
        query = "SELECT id, body FROM bookings WHERE id > ? ORDER BY id LIMIT ?"
        while rows := self._database.read().execute(query, (after, SCAN_ROWS)).fetchall():
            yield from (body for _, body in rows)
            after = rows[-1][0]

    def _pending(self, limit: int) -> list[Pending]:
        rows = self._database.read().execute(
            "SELECT number, event_id, instrument, at, data FROM booking_outbox ORDER BY number LIMIT ?", (limit,)
        )
        source = self._event_source
        return [
            Pending(number, CloudEvent(event_id, source, BOOKING_CHANGED, instrument, at, data).as_entry())
            for number, event_id, instrument, at, data in rows
        ]


def _add(sql: sqlite3.Connection, booking: Booking, key: str, instruments: Collection[str], owners: str) -> Added:
    earlier = _with_key(sql, booking.booked_by, key) if key else None
    if earlier is not None:
        return Added("replayed" if earlier.asks_the_same_as(booking) else "mismatch", earlier)
    if booking.active and (conflicts := _clashes(sql, instruments, *booking.interval)):
        return Added("overlap", conflicts=tuple(conflicts[:CONFLICT_LIMIT]))
    _set_owners(sql, booking.instrument_id, owners)
    sql.execute(
        'INSERT INTO bookings (id, instrument, start, "end", status, version, booked_by, key, body, owners) '
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            booking.id,
            booking.instrument_id,
            _seconds(booking.start),
            _seconds_up(booking.end),
            booking.status,
            booking.version,
            booking.booked_by,
            key or None,
            booking.to_bytes(),
            owners,
        ),
    )
    _tell(sql, booking)
    return Added("added", booking)


def _change(sql: sqlite3.Connection, booking_id: str, expected_version: int, change: Change) -> Changed:
    before = _got(sql, booking_id)
    if before is None:
        return Changed("unknown")
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
    revived = change.status in ACTIVE and not before.active
    if revived and _clashes(sql, [before.instrument_id], *before.interval):
        return Changed("overlap", before)
    sql.execute(
        "UPDATE bookings SET status = ?, version = ?, body = ? WHERE id = ?",
        (after.status, after.version, after.to_bytes(), booking_id),
    )
    _tell(sql, after)
    return Changed("changed", after)


def _set_owners(sql: sqlite3.Connection, instrument_id: str, owners: str) -> None:
    changed = sql.execute(
        "INSERT INTO instruments (id, owners) VALUES (?, ?) "
        "ON CONFLICT DO UPDATE SET owners = excluded.owners WHERE owners IS NOT excluded.owners",
        (instrument_id, owners),
    )
    if changed.rowcount:
        sql.execute("UPDATE bookings SET owners = ? WHERE instrument = ?", (owners, instrument_id))


def _tell(sql: sqlite3.Connection, booking: Booking) -> None:
    sql.execute(
        "INSERT INTO booking_outbox (event_id, instrument, at, data) VALUES (?, ?, ?, ?)",
        (f"{booking.id}@{booking.version}", booking.instrument_id, booking.updated_at, booking.event_data()),
    )


def _clashes(sql: sqlite3.Connection, instruments: Collection[str], start: datetime, end: datetime) -> list[Interval]:
    first, last = _seconds(start), _seconds_up(end)
    rows = [row for instrument in instruments for row in sql.execute(_CLASHES, (instrument, first, last))]
    return [Interval(EPOCH + row[0] * SECOND, EPOCH + row[1] * SECOND) for row in sorted(rows)]


def _got(sql: sqlite3.Connection, booking_id: str) -> Booking | None:
    row = sql.execute("SELECT body FROM bookings WHERE id = ?", (booking_id,)).fetchone()
    return Booking.from_bytes(row[0]) if row else None


def _with_key(sql: sqlite3.Connection, booked_by: str, key: str) -> Booking | None:
    row = sql.execute("SELECT body FROM bookings WHERE booked_by = ? AND key = ?", (booked_by, key)).fetchone()
    return Booking.from_bytes(row[0]) if row else None


def _seconds(moment: datetime) -> int:
    return (moment - EPOCH) // SECOND


def _seconds_up(moment: datetime) -> int:
    return -((EPOCH - moment) // SECOND)
