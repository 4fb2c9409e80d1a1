"""The record store on PostgreSQL."""

import threading
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
from psycopg import Connection, errors

from hub.kernel.canonical import canonical_json, digest_of
from hub.kernel.cloudevents import CloudEvent, traced
from hub.kernel.contributions import Preference, SameAs
from hub.kernel.entries import Entry
from hub.kernel.records import RECORD_CHANGED, Record
from hub.ports.records import Interfered, Outcome, Pending, WeakKey
from hub.sql.postgresql import PostgresDatabase, storable_among
from hub.sql.postgresql_outbox import PostgresOutbox
from services.curation.adapters.postgresql_locks import RecordLocks
from services.curation.adapters.postgresql_unit import (
    PostgresUnit,
    preferences_among,
    records_among,
    same_as_among,
)

SCAN_ROWS = 1_000
RELAY_LOCK = 0x6875_6201

_PENDING = """
SELECT number, outbox.record_id, outbox.version, at, CASE WHEN records.version = outbox.version THEN records.body END,
    history.body, traceparent
FROM outbox JOIN records ON records.id = outbox.record_id
LEFT JOIN history ON history.record_id = outbox.record_id AND history.version = outbox.version
    AND records.version <> outbox.version
ORDER BY number LIMIT %s
"""


class PostgresRecordStore:
    """hub.ports.records.RecordStore; `event_source` is the CloudEvents source of the events it makes.

    Batches of any process that touch different records run side by side (see RecordLocks and PostgresOutbox).
    """

    def __init__(self, database: PostgresDatabase, event_source: str) -> None:
        self._database = database
        self._event_source = event_source
        self._outbox = PostgresOutbox(database, "outbox", RELAY_LOCK, self._pending)
        self._retry = threading.local()

    def get(self, ids: Collection[str]) -> Mapping[str, Record]:
        """See the port."""
        with self._database.read() as sql:
            return records_among(sql, ids)

    def history(self, record_id: str, limit: int = 100) -> list[Record]:
        """See the port."""
        with self._database.snapshot() as sql:
            newest = records_among(sql, [record_id])
            older = sql.execute(
                "SELECT body FROM history WHERE record_id = ANY(%s) ORDER BY version DESC LIMIT %s",
                (storable_among([record_id]), limit),
            ).fetchall()
        return [*newest.values(), *(Record.from_bytes(zlib.decompress(body)) for (body,) in older)][:limit]

    def outcomes(self, event_ids: Collection[str]) -> Mapping[str, Outcome]:
        """See the port."""
        query = "SELECT event_id, record_id, version, effect FROM outcomes WHERE event_id = ANY(%s)"
        with self._database.read() as sql:
            return {row[0]: Outcome(*row) for row in sql.execute(query, (storable_among(event_ids),))}

    def scan(self, kind: str | None = None) -> Iterator[Record]:
        """See the port."""
        yield from map(Record.from_bytes, self._bodies(kind))

    def digest(self) -> str:
        """See the port."""
        names = ("id", "kind", "status", "fields", "same_as", "replaced_by")
        bodies = map(orjson.loads, self._bodies(None))
        return digest_of(canonical_json({name: body[name] for name in names}) for body in bodies)

    @contextmanager
    def batch(self) -> Iterator[PostgresUnit]:
        """See the port."""
        needed: set[int] = getattr(self._retry, "needed", set())
        try:
            with self._database.write() as sql:
                locks = RecordLocks(sql, needed)
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
        """See the port."""
        return self._outbox.waiting()

    def published(self, up_to: int) -> None:
        """See the port; forgets only what `pending` told of last."""
        self._outbox.published(up_to)

    def conflicts(self, after: str, limit: int, kind: str | None = None) -> list[Record]:
        """See the port."""
        with self._database.read() as sql:
            rows = sql.execute(
                "SELECT body FROM records WHERE conflicts > 0 AND id > %(after)s "
                "AND (%(kind)s::text IS NULL OR kind = %(kind)s) ORDER BY id LIMIT %(limit)s",
                {"after": after.partition("\0")[0], "kind": kind, "limit": limit},
            )
            return [Record.from_bytes(body) for (body,) in rows]

    def alike(self, after: WeakKey | None, limit: int, members: int) -> list[tuple[WeakKey, tuple[str, ...]]]:
        """See the port."""
        with self._database.snapshot() as sql:
            keys = sql.execute(
                "SELECT key FROM weak_keys WHERE %(after)s::bigint IS NULL OR key > %(after)s "
                "GROUP BY key HAVING count(*) > 1 ORDER BY key LIMIT %(limit)s",
                {"after": after, "limit": limit},
            ).fetchall()
            return [(key, _alike(sql, key, members)) for (key,) in keys]

    def decisions(self, ids: Collection[str]) -> list[SameAs]:
        """See the port."""
        with self._database.read() as sql:
            return same_as_among(sql, ids)

    def settled(self, ids: Collection[str]) -> list[Preference]:
        """See the port."""
        with self._database.read() as sql:
            return preferences_among(sql, ids)

    def close(self) -> None:
        """Stop relaying; the database is closed by whoever opened it."""
        self._outbox.close()

    def _bodies(self, kind: str | None) -> Iterator[bytes]:
        after = ""
        while True:
            with self._database.read() as sql:
                rows = sql.execute(
                    "SELECT id, body FROM records WHERE id > %(after)s "
                    "AND (%(kind)s::text IS NULL OR kind = %(kind)s) ORDER BY id LIMIT %(limit)s",
                    {"after": after, "kind": kind, "limit": SCAN_ROWS},
                    binary=True,
                ).fetchall()
            if not rows:
                return
            yield from (body for _, body in rows)
            after = rows[-1][0]

    def _pending(self, sql: Connection[Any], limit: int) -> list[Pending]:
        rows = sql.execute(_PENDING, (limit,), binary=True)
        return [
            Pending(number, traced(self._event(record_id, version, at, body or zlib.decompress(old)), trace))
            for number, record_id, version, at, body, old, trace in rows
        ]

    def _event(self, record_id: str, version: int, at: str, body: bytes) -> Entry:
        event_id = f"{record_id}@{version}"
        return CloudEvent(event_id, self._event_source, RECORD_CHANGED, record_id, at, body).as_entry()


def _alike(sql: Connection[Any], key: WeakKey, members: int) -> tuple[str, ...]:
    rows = sql.execute("SELECT record_id FROM weak_keys WHERE key = %s ORDER BY record_id LIMIT %s", (key, members))
    return tuple(record_id for (record_id,) in rows)
