"""The record store on PostgreSQL."""

import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import attrgetter
from typing import Any

from psycopg import Connection, errors
from sqlalchemy import Connection as CoreConnection
from sqlalchemy import Table

from hub.kernel.contributions import Claim, Contribution, ContributionKey, Preference, SameAs
from hub.kernel.records import Record
from hub.ports.records import Changes, Interfered, Pending, WeakKey
from hub.sql.postgresql import PostgresDatabase, driver_of
from hub.sql.postgresql_outbox import PostgresOutbox
from services.curation.adapters.postgresql_locks import RecordLocks
from services.curation.adapters.sql_rows import alias_rows, claim_row, contribution_row
from services.curation.adapters.sql_store import PENDING, SqlRecords
from services.curation.adapters.sql_unit import (
    Known,
    SqlUnit,
    arrays,
    insertion,
    put_columns,
    quoted,
)
from services.curation.tables import aliases, contributions

_CLAIM = "record_id, source_version, withdrawn, digest, authority"
_COLUMNS = put_columns(contributions)
_MOVE = f"""
UPDATE contributions AS kept SET ({_CLAIM}, received_at, fields, older) =
    (new.record_id, new.source_version, new.withdrawn, new.digest, new.authority, new.received_at, new.fields,
    new.older)
FROM unnest({arrays(_COLUMNS)}, {arrays(_COLUMNS[1:6])}) AS new (
    {quoted(_COLUMNS)}, record_before, version_before, withdrawn_before, digest_before, authority_before)
WHERE kept.key = new.key AND kept.record_id IS NOT DISTINCT FROM new.record_before
    AND kept.source_version = new.version_before AND kept.withdrawn = new.withdrawn_before
    AND kept.digest = new.digest_before AND kept.authority = new.authority_before
"""
_LEAD_ELSEWHERE = """
UPDATE aliases AS kept SET record_ids = new.ids
FROM unnest(%s::text[], %s::text[], %s::text[]) AS new (alias, ids, before)
WHERE kept.alias = new.alias AND kept.record_ids = new.before
"""
_REMOVE_WEAK_KEYS = """
DELETE FROM weak_keys USING unnest(%s::bigint[], %s::text[]) AS gone (key, record_id)
WHERE weak_keys.key = gone.key AND weak_keys.record_id = gone.record_id
"""


class PostgresUnit(SqlUnit):
    """hub.ports.records.RecordUnit inside a write transaction.

    Whatever is read or saved of a record is locked first. Claims are not, because a source's own number tells nothing
    of the record: what was planned on one that changed meanwhile is refused when it is saved.
    """

    history_level = 1

    def __init__(self, sql: CoreConnection, locks: RecordLocks) -> None:
        super().__init__(sql)
        self._sql = driver_of(sql)
        self._locks = locks
        self._claims: dict[ContributionKey, Claim | None] = {}

    def claims(self, keys: Collection[ContributionKey]) -> Mapping[ContributionKey, Claim]:
        found = super().claims(keys)
        self._claims |= {key: found.get(key) for key in keys}
        return found

    def same_as(self, ids: Collection[str]) -> list[SameAs]:
        self._locks.take(ids)
        return super().same_as(ids)

    def preferences(self, ids: Collection[str]) -> list[Preference]:
        self._locks.take(ids)
        return super().preferences(ids)

    def contributions(self, ids: Collection[str]) -> list[Contribution]:
        self._locks.take(ids)
        return super().contributions(ids)

    def records(self, ids: Collection[str]) -> Mapping[str, Record]:
        self._locks.take(ids)
        return super().records(ids)

    def save(self, changes: Changes) -> None:
        self._locks.take(_ids_of(changes))
        super().save(changes)

    def put(self, table: Table, rows: Iterable[Sequence[object]], known: Known) -> None:
        """See SqlUnit."""
        self._many(insertion("postgresql", table, known), rows)

    def put_contributions(self, new: Collection[Contribution]) -> None:
        """Raises Interfered where a claim is not the one that was read; a key that was not is put in any case."""
        added, moved, unread = [], [], []
        for contribution in sorted(new, key=attrgetter("key")):
            row = contribution_row(contribution)
            if contribution.key not in self._claims:
                unread.append(row)
            elif (before := self._claims[contribution.key]) is None:
                added.append(row)
            else:
                moved.append((*row, *claim_row(before)))
        stored = self._many(insertion("postgresql", contributions, "kept"), added) + self._many(_MOVE, moved)
        if stored != len(added) + len(moved):
            raise Interfered("another batch stored something newer of the same source")
        self.put(contributions, unread, "replaced")
        self._claims |= {contribution.key: contribution.claim for contribution in new}

    def put_aliases(self, changes: Changes) -> None:
        """Raises Interfered where another batch has an identifier lead to what this one did not know of."""
        added, moved = [], []
        for alias, ids in alias_rows(changes.aliases):
            before = " ".join(changes.aliases_before.get(alias, ()))
            if before:
                moved.append((alias, ids, before))
            else:
                added.append((alias, ids))
        stored = self._many(insertion("postgresql", aliases, "kept"), added) + self._many(_LEAD_ELSEWHERE, moved)
        if stored != len(changes.aliases):
            raise Interfered("another batch has an identifier lead to another record")

    def remove_weak_keys(self, gone: Sequence[tuple[int, str]]) -> None:
        """See SqlUnit."""
        self._many(_REMOVE_WEAK_KEYS, gone)

    def _many(self, statement: str, rows: Iterable[Sequence[object]]) -> int:
        """Run a statement over the rows, given as one array a column; returns how many it stored or removed."""
        columns = [list(column) for column in zip(*rows, strict=True)]
        return self._sql.execute(statement, columns).rowcount if columns else 0


def _ids_of(changes: Changes) -> set[str]:
    """Every record that the changes are about."""
    ids = {one.id for one in (*changes.records, *changes.refreshed)}
    ids.update(one.claim.record_id for one in changes.contributions if one.claim.record_id is not None)
    ids.update(record_id for decision in changes.same_as for record_id in decision.key)
    ids.update(one.record_id for one in changes.preferences)
    ids.update(record_id for _, record_id in (*changes.weak_new, *changes.weak_gone))
    return ids


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
