"""The booking store in one SQLite file."""

import sqlite3
import threading
from collections.abc import Collection, Iterable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from pathlib import Path

from hub.ports.records import WAITING_LIMIT, Pending
from hub.sql.sqlite import Database
from schemas.events.bookings import ACTIVE, Booking, Change, Interval
from services.booking.adapters.group_commit import GroupCommit
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

# Times are whole seconds since 1970. The table's triggers repeat what add and change check, so that nothing else can
# write an overlap either. `start < the new end` alone would visit every earlier booking: as active ones are disjoint,
# the last one that starts before the new start is the only earlier one that can reach into it.
_ACTIVE = "status IN ('requested', 'confirmed')"
_CLASHES = f"""
SELECT start, "end" FROM bookings WHERE instrument = ?1 AND {_ACTIVE} AND start < ?3 AND start >= (
    SELECT coalesce(max(start), ?2) FROM bookings WHERE instrument = ?1 AND {_ACTIVE} AND start <= ?2) AND "end" > ?2
"""
_ADD = """
INSERT INTO bookings (id, instrument, start, "end", status, version, booked_by, key, body, owners)
VALUES (:id, :instrument, :start, :end, :status, :version, :booked_by, :key, :body, :holder)
"""
_CHANGE = "UPDATE bookings SET status = :status, version = :version, body = :body WHERE id = :id"
_TELL = "INSERT INTO booking_outbox (event_id, instrument, at, data) VALUES (:event_id, :instrument, :at, :data)"


class SqliteBookings(SqlBookings):
    """services.booking.ports.BookingStore; `event_source` is the CloudEvents source of the events it makes."""

    mark = "?"

    def __init__(self, path: Path, event_source: str) -> None:
        super().__init__(event_source)
        self._database = Database(path, store="bookings")
        self._writes = GroupCommit(self._database)
        self._saved = threading.Condition()

    def reading(self) -> AbstractContextManager[sqlite3.Connection]:
        """See SqlBookings."""
        return nullcontext(self._database.read())

    def snapshot(self) -> AbstractContextManager[sqlite3.Connection]:
        """See SqlBookings."""
        return self._database.snapshot()

    def places(self, sql: sqlite3.Connection, instruments: Collection[str]) -> Iterable[str]:
        """See SqlBookings."""
        return instruments

    def add(self, booking: Booking, key: str = "", also: Collection[str] = (), holder: str = NOBODY) -> Added:
        instruments = {booking.instrument_id, *also}
        added = self._writes.run(lambda sql: self._add(sql, booking, key, instruments, holder))
        if added.outcome == "added":
            self._wake()
        return added

    def change(self, booking_id: str, expected_version: int, change: Change) -> Changed:
        outcome = self._writes.run(lambda sql: self._change(sql, booking_id, expected_version, change))
        if outcome.outcome == "changed":
            self._wake()
        return outcome

    def between(self, instruments: Collection[str], start: datetime, end: datetime) -> list[Interval]:
        return _clashes(self._database.read(), instruments, start, end)

    def set_holder(self, instrument_id: str, holder: str) -> None:
        self._writes.run(lambda sql: _set_holder(sql, instrument_id, holder))

    def held(self, after: str, limit: int) -> list[tuple[str, str | None]]:
        query = "SELECT id, owners FROM instruments WHERE id > ? ORDER BY id LIMIT ?"
        return self._database.read().execute(query, (after, limit)).fetchall()

    def pending(self, limit: int, timeout: float = 0.0) -> list[Pending]:
        with self._saved:
            events = self.events(self._database.read(), limit)
            if not events and timeout > 0:
                self._saved.wait(timeout)
                events = self.events(self._database.read(), limit)
        return events

    def waiting(self) -> int:
        return self._database.counted("booking_outbox", WAITING_LIMIT + 1)

    def published(self, up_to: int) -> None:
        self._writes.run(lambda sql: sql.execute("DELETE FROM booking_outbox WHERE number <= ?", (up_to,)).rowcount)

    def close(self) -> None:
        self._database.close()

    def _wake(self) -> None:
        with self._saved:
            self._saved.notify_all()

    def _add(
        self, sql: sqlite3.Connection, booking: Booking, key: str, instruments: Collection[str], holder: str
    ) -> Added:
        earlier = self.booking(sql, "booked_by = ? AND key = ?", booking.booked_by, key) if key else None
        if earlier is not None:
            return Added(replayed(earlier, booking), earlier)
        if booking.active and (conflicts := _clashes(sql, instruments, *booking.interval)):
            return Added("overlap", conflicts=tuple(conflicts[:CONFLICT_LIMIT]))
        _set_holder(sql, booking.instrument_id, holder)
        row = stored(booking, key) | {"holder": holder}
        sql.execute(_ADD, row)
        sql.execute(_TELL, row)
        return Added("added", booking)

    def _change(self, sql: sqlite3.Connection, booking_id: str, expected_version: int, change: Change) -> Changed:
        before = self.booking(sql, "id = ?", booking_id)
        if before is None:
            return Changed("unknown")
        if before.version != expected_version:
            return Changed("stale", before)
        revived = change.status in ACTIVE and not before.active
        if revived and _clashes(sql, [before.instrument_id], *before.interval):
            return Changed("overlap", before)
        after = changed(before, change)
        sql.execute(_CHANGE, stored(after))
        sql.execute(_TELL, stored(after))
        return Changed("changed", after)


def _set_holder(sql: sqlite3.Connection, instrument_id: str, holder: str) -> None:
    set_now = sql.execute(
        "INSERT INTO instruments (id, owners) VALUES (?, ?) "
        "ON CONFLICT DO UPDATE SET owners = excluded.owners WHERE owners IS NOT excluded.owners",
        (instrument_id, holder),
    )
    if set_now.rowcount:
        sql.execute("UPDATE bookings SET owners = ? WHERE instrument = ?", (holder, instrument_id))


def _clashes(sql: sqlite3.Connection, instruments: Collection[str], start: datetime, end: datetime) -> list[Interval]:
    first, last = first_second(start), last_second(end)
    rows = [row for instrument in instruments for row in sql.execute(_CLASHES, (instrument, first, last))]
    return [interval(*row) for row in sorted(rows)]
