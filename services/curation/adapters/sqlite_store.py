"""The record store in one SQLite file."""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Table

from hub.ports.records import WAITING_LIMIT, Changes, Pending, WeakKey
from hub.sql.sqlite import Database, driver_of
from services.curation.adapters.sql_store import PENDING, SqlRecords
from services.curation.adapters.sql_unit import Known, SqlUnit, insertion


class SqliteUnit(SqlUnit):
    """hub.ports.records.RecordUnit inside a write transaction."""

    history_level = 6

    def __init__(self, sql: Connection) -> None:
        super().__init__(sql)
        self._sql = driver_of(sql)

    def put(self, table: Table, rows: Iterable[Sequence[object]], known: Known) -> None:
        """See SqlUnit."""
        self._sql.executemany(insertion("sqlite", table, known), rows)

    def remove_weak_keys(self, gone: Sequence[tuple[int, str]]) -> None:
        """See SqlUnit."""
        self._sql.executemany("DELETE FROM weak_keys WHERE key = ? AND record_id = ?", gone)

    def save(self, changes: Changes) -> None:
        super().save(changes)
        # Few keys are shared, so that finding those among all keys would read the whole table for each page of them.
        self._sql.executemany(
            "INSERT OR IGNORE INTO alike (key) SELECT key FROM weak_keys WHERE key = ? AND record_id <> ? LIMIT 1",
            changes.weak_new,
        )
        self._sql.executemany(
            "DELETE FROM alike WHERE key = ?1 "
            "AND (SELECT count(*) FROM (SELECT 1 FROM weak_keys WHERE key = ?1 LIMIT 2)) < 2",
            [(key,) for key, _ in changes.weak_gone],
        )


# The page cache holds the indexes' upper levels: ids are spread evenly, so every insert lands somewhere else.
_PRAGMAS = "PRAGMA cache_size=-65536; PRAGMA wal_autocheckpoint=8000"


class SqliteRecordStore(SqlRecords):
    """hub.ports.records.RecordStore; `event_source` is the CloudEvents source of the events it makes."""

    def __init__(self, path: Path, event_source: str) -> None:
        self._database = Database(path, _PRAGMAS, store="records")
        super().__init__(self._database, event_source)
        self._saved = threading.Condition()

    @contextmanager
    def batch(self) -> Iterator[SqliteUnit]:
        with self._database.writing() as sql:
            yield SqliteUnit(sql)
        with self._saved:
            self._saved.notify_all()

    def pending(self, limit: int, timeout: float = 0.0) -> list[Pending]:
        with self._saved:
            found = self._pending(limit)
            if not found and timeout > 0:
                self._saved.wait(timeout)
                found = self._pending(limit)
        return found

    def waiting(self) -> int:
        return self._database.counted("outbox", WAITING_LIMIT + 1)

    def published(self, up_to: int) -> None:
        """See the port; loss of power may bring events back, which are then published again."""
        with self._database.note() as sql:
            sql.execute("DELETE FROM outbox WHERE number <= ?", (up_to,))

    def alike(self, after: WeakKey | None, limit: int, members: int) -> list[tuple[WeakKey, tuple[str, ...]]]:
        with self._database.snapshot() as sql:
            keys = sql.execute(
                f"SELECT key FROM alike {'' if after is None else 'WHERE key > ?1'} ORDER BY key LIMIT ?2",
                (after, limit),
            ).fetchall()
            return [(key, _alike(sql, key, members)) for (key,) in keys]

    def close(self) -> None:
        self._database.close()

    def _pending(self, limit: int) -> list[Pending]:
        return self._events(self._database.read().execute(f"{PENDING} ?", (limit,)))


def _alike(sql: sqlite3.Connection, key: WeakKey, members: int) -> tuple[str, ...]:
    rows = sql.execute("SELECT record_id FROM weak_keys WHERE key = ? ORDER BY record_id LIMIT ?", (key, members))
    return tuple(record_id for (record_id,) in rows)
