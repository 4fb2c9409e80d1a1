"""The record store on PostgreSQL."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from psycopg import Connection, errors

from hub.ports.records import Interfered, Pending, WeakKey
from hub.sql.postgresql import PostgresDatabase, driver_of
from hub.sql.postgresql_outbox import PostgresOutbox
from services.curation.adapters.postgresql_locks import RecordLocks
from services.curation.adapters.postgresql_unit import PostgresUnit
from services.curation.adapters.sql_store import PENDING, SqlRecords

RELAY_LOCK = 0x6875_6201


class PostgresRecordStore(SqlRecords):
    """hub.ports.records.RecordStore; `event_source` is the CloudEvents source of the events it makes.

    Batches of any process that touch different records run side by side (see RecordLocks and PostgresOutbox).
    """

    def __init__(self, database: PostgresDatabase, event_source: str) -> None:
        super().__init__(database, event_source)
        self._database = database
        self._outbox = PostgresOutbox(database, "outbox", RELAY_LOCK, self._pending)
        self._retry = threading.local()

    @contextmanager
    def batch(self) -> Iterator[PostgresUnit]:
        needed: set[int] = getattr(self._retry, "needed", set())
        try:
            with self._database.writing() as sql:
                locks = RecordLocks(driver_of(sql), needed)
                try:
                    yield PostgresUnit(sql, locks)
                finally:
                    self._retry.needed = locks.needed
        except (errors.DeadlockDetected, errors.SerializationFailure) as error:
            raise Interfered("another batch was in the way") from error
        self._retry.needed = set()
        self._outbox.wake()

    def pending(self, limit: int, timeout: float = 0.0) -> Sequence[Pending]:
        """See the port; nothing where another process's relay is at work."""
        return self._outbox.pending(limit, timeout)

    def waiting(self) -> int:
        return self._outbox.waiting()

    def published(self, up_to: int) -> None:
        """See the port; forgets only what `pending` told of last."""
        self._outbox.published(up_to)

    def alike(self, after: WeakKey | None, limit: int, members: int) -> list[tuple[WeakKey, tuple[str, ...]]]:
        with self._database.snapshot() as sql:
            keys = sql.execute(
                "SELECT key FROM weak_keys WHERE %(after)s::bigint IS NULL OR key > %(after)s "
                "GROUP BY key HAVING count(*) > 1 ORDER BY key LIMIT %(limit)s",
                {"after": after, "limit": limit},
            ).fetchall()
            return [(key, _alike(sql, key, members)) for (key,) in keys]

    def close(self) -> None:
        """Stop relaying; the database is closed by whoever opened it."""
        self._outbox.close()

    def _pending(self, sql: Connection[Any], limit: int) -> list[Pending]:
        return self._events(sql.execute(f"{PENDING} %s", (limit,)))


def _alike(sql: Connection[Any], key: WeakKey, members: int) -> tuple[str, ...]:
    rows = sql.execute("SELECT record_id FROM weak_keys WHERE key = %s ORDER BY record_id LIMIT %s", (key, members))
    return tuple(record_id for (record_id,) in rows)
