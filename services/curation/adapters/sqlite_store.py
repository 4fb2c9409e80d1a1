"""The record store in one SQLite file."""

import sqlite3
import threading
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import orjson

from hub.kernel.canonical import canonical_json, digest_of
from hub.kernel.cloudevents import CloudEvent, traced
from hub.kernel.contributions import Preference, SameAs
from hub.kernel.entries import Entry
from hub.kernel.records import RECORD_CHANGED, Record
from hub.ports.records import WAITING_LIMIT, Outcome, Pending, WeakKey
from hub.sql.sqlite import Database
from services.curation.adapters.sqlite_unit import (
    SCHEMA,
    SqliteUnit,
    compact,
    listed,
    preferences_among,
    records_among,
    same_as_among,
)

SCAN_ROWS = 1_000

_PENDING = """
SELECT number, outbox.record_id, outbox.version, at, CASE WHEN records.version = outbox.version THEN records.body END,
    history.body, traceparent
FROM outbox JOIN records ON records.id = outbox.record_id
LEFT JOIN history ON history.record_id = outbox.record_id AND history.version = outbox.version
    AND records.version <> outbox.version
ORDER BY number LIMIT ?
"""


class SqliteRecordStore:
    """hub.ports.records.RecordStore; `event_source` is the CloudEvents source of the events it makes."""

    def __init__(self, path: Path, event_source: str) -> None:
        self._database = Database(path, SCHEMA)
        self._event_source = event_source
        self._saved = threading.Condition()
        with self._database.write() as sql:
            sql.create_function("compact", 1, compact, deterministic=True)
            _add_traces(sql)

    def get(self, ids: Collection[str]) -> Mapping[str, Record]:
        """See the port."""
        return records_among(self._database.read(), ids)

    def history(self, record_id: str, limit: int = 100) -> list[Record]:
        """See the port."""
        with self._database.snapshot() as sql:
            newest = records_among(sql, [record_id])
            older = sql.execute(
                "SELECT body FROM history WHERE record_id = ? ORDER BY version DESC LIMIT ?", (record_id, limit)
            ).fetchall()
        return [*newest.values(), *(Record.from_bytes(zlib.decompress(body)) for (body,) in older)][:limit]

    def outcomes(self, event_ids: Collection[str]) -> Mapping[str, Outcome]:
        """See the port."""
        rows = self._database.read().execute(
            "SELECT event_id, record_id, version, effect FROM outcomes "
            "WHERE event_id IN (SELECT value FROM json_each(?))",
            (listed(event_ids),),
        )
        return {row[0]: Outcome(*row) for row in rows}

    def scan(self, kind: str | None = None) -> Iterator[Record]:
        """See the port."""
        yield from map(Record.from_bytes, self._bodies(kind))

    def digest(self) -> str:
        """See the port."""
        names = ("id", "kind", "status", "fields", "same_as", "replaced_by")
        bodies = map(orjson.loads, self._bodies(None))
        return digest_of(canonical_json({name: body[name] for name in names}) for body in bodies)

    @contextmanager
    def batch(self) -> Iterator[SqliteUnit]:
        """See the port."""
        with self._database.write() as sql:
            yield SqliteUnit(sql)
        with self._saved:
            self._saved.notify_all()

    def pending(self, limit: int, timeout: float = 0.0) -> list[Pending]:
        """See the port."""
        with self._saved:
            found = self._pending(limit)
            if not found and timeout > 0:
                self._saved.wait(timeout)
                found = self._pending(limit)
        return found

    def waiting(self) -> int:
        """See the port."""
        return self._database.counted("outbox", WAITING_LIMIT + 1)

    def published(self, up_to: int) -> None:
        """See the port; loss of power may bring events back, which are then published again."""
        with self._database.note() as sql:
            sql.execute("DELETE FROM outbox WHERE number <= ?", (up_to,))

    def conflicts(self, after: str, limit: int, kind: str | None = None) -> list[Record]:
        """See the port."""
        first, end = _range_of(kind)
        rows = self._database.read().execute(
            "SELECT body FROM records WHERE conflicts > 0 AND id > ?1 AND id < ?2 AND (?3 IS NULL OR kind = ?3) "
            "ORDER BY id LIMIT ?4",
            (max(after, first), end, kind, limit),
        )
        return [Record.from_bytes(body) for (body,) in rows]

    def alike(self, after: WeakKey | None, limit: int, members: int) -> list[tuple[WeakKey, tuple[str, ...]]]:
        """See the port."""
        with self._database.snapshot() as sql:
            keys = sql.execute(
                f"SELECT key FROM alike {'' if after is None else 'WHERE key > ?1'} ORDER BY key LIMIT ?2",
                (after, limit),
            ).fetchall()
            return [(key, _alike(sql, key, members)) for (key,) in keys]

    def decisions(self, ids: Collection[str]) -> list[SameAs]:
        """See the port."""
        return same_as_among(self._database.read(), ids)

    def settled(self, ids: Collection[str]) -> list[Preference]:
        """See the port."""
        return preferences_among(self._database.read(), ids)

    def close(self) -> None:
        """See the port."""
        self._database.close()

    def _bodies(self, kind: str | None) -> Iterator[bytes]:
        after, end = _range_of(kind)
        while True:
            rows = (
                self._database.read()
                .execute(
                    "SELECT id, body FROM records WHERE id > ?1 AND id < ?2 AND (?3 IS NULL OR kind = ?3) "
                    "ORDER BY id LIMIT ?4",
                    (after, end, kind, SCAN_ROWS),
                )
                .fetchall()
            )
            if not rows:
                return
            yield from (body for _, body in rows)
            after = rows[-1][0]

    def _pending(self, limit: int) -> list[Pending]:
        rows = self._database.read().execute(_PENDING, (limit,))
        return [
            Pending(number, traced(self._event(record_id, version, at, body or zlib.decompress(old)), trace))
            for number, record_id, version, at, body, old, trace in rows
        ]

    def _event(self, record_id: str, version: int, at: str, body: bytes) -> Entry:
        event_id = f"{record_id}@{version}"
        return CloudEvent(event_id, self._event_source, RECORD_CHANGED, record_id, at, body).as_entry()


def _add_traces(sql: sqlite3.Connection) -> None:
    """Files of earlier versions have an outbox without the column."""
    if "traceparent" not in {row[1] for row in sql.execute("PRAGMA table_info(outbox)")}:
        sql.execute("ALTER TABLE outbox ADD COLUMN traceparent TEXT")


def _range_of(kind: str | None) -> tuple[str, str]:
    """Ids of the kind (hub.kernel.identifiers.record_id) lie between these, perhaps with some of other kinds."""
    return ("", "\U0010ffff") if kind is None else (f"{kind}-", f"{kind}.")


def _alike(sql: sqlite3.Connection, key: WeakKey, members: int) -> tuple[str, ...]:
    rows = sql.execute("SELECT record_id FROM weak_keys WHERE key = ? ORDER BY record_id LIMIT ?", (key, members))
    return tuple(record_id for (record_id,) in rows)
