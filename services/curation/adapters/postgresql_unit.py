"""One batch of changes to the record store on PostgreSQL. Rows travel as arrays: one statement a table and batch."""

import zlib
from collections.abc import Collection, Mapping
from operator import attrgetter
from typing import Any

from psycopg import Connection
from sqlalchemy import Connection as CoreConnection

from hub.kernel.contributions import Claim, Contribution, ContributionKey, Preference, SameAs
from hub.kernel.records import Record
from hub.ports.records import Changes
from hub.sql.postgresql import driver_of
from services.curation.adapters.postgresql_contributions import save_contributions
from services.curation.adapters.postgresql_locks import RecordLocks
from services.curation.adapters.postgresql_rows import many
from services.curation.adapters.sql_unit import SqlUnit


class PostgresUnit(SqlUnit):
    """hub.ports.records.RecordUnit inside a write transaction.

    Whatever is read or saved of a record is locked first. Claims are not, because a source's own number tells nothing
    of the record: what was planned on one that changed meanwhile is refused when it is saved.
    """

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
        save_contributions(self._sql, changes.contributions, self._claims)
        self._claims |= {contribution.key: contribution.claim for contribution in changes.contributions}
        _save_records(self._sql, changes)
        _save_decisions(self._sql, changes)
        _save_weak_keys(self._sql, changes)
        many(
            self._sql,
            "INSERT INTO outcomes (event_id, record_id, version, effect) "
            "SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::text[]) ON CONFLICT DO NOTHING",
            [
                (outcome.event_id, outcome.record_id, outcome.version, outcome.effect)
                for outcome in sorted(changes.outcomes, key=attrgetter("event_id"))
            ],
        )


def _ids_of(changes: Changes) -> set[str]:
    """Every record that the changes are about."""
    ids = {one.id for one in (*changes.records, *changes.refreshed)}
    ids.update(one.claim.record_id for one in changes.contributions if one.claim.record_id is not None)
    ids.update(record_id for decision in changes.same_as for record_id in decision.key)
    ids.update(one.record_id for one in changes.preferences)
    ids.update(record_id for _, record_id in (*changes.weak_new, *changes.weak_gone))
    return ids


def _save_records(sql: Connection[Any], changes: Changes) -> None:
    grown = [record.id for record in changes.records if record.version > 1]
    if grown:
        before = sql.execute("SELECT id, version, body FROM records WHERE id = ANY(%s)", (grown,))
        many(
            sql,
            "INSERT INTO history (record_id, version, body) "
            "SELECT * FROM unnest(%s::text[], %s::bigint[], %s::bytea[])",
            [(record_id, version, zlib.compress(body, 1)) for record_id, version, body in before],
        )
    many(
        sql,
        "INSERT INTO records (id, kind, version, conflicts, body) "
        "SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::integer[], %s::bytea[]) "
        "ON CONFLICT (id) DO UPDATE SET version = excluded.version, conflicts = excluded.conflicts, "
        "body = excluded.body",
        [
            (record.id, record.kind, record.version, len(record.conflicts), record.to_bytes())
            for record in (*changes.records, *changes.refreshed)
        ],
    )
    many(
        sql,
        "INSERT INTO outbox (record_id, version, at, traceparent) SELECT id, version, at, trace FROM "
        "unnest(%s::text[], %s::bigint[], %s::text[], %s::text[]) WITH ORDINALITY "
        "AS new (id, version, at, trace, place) ORDER BY place",
        [(record.id, record.version, record.updated_at, changes.traces.get(record.id)) for record in changes.records],
    )


def _save_decisions(sql: Connection[Any], changes: Changes) -> None:
    many(
        sql,
        'INSERT INTO same_as ("left", "right", decision, version, decided_by, decided_at) '
        "SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::text[]) "
        'ON CONFLICT ("left", "right") DO UPDATE SET decision = excluded.decision, version = excluded.version, '
        "decided_by = excluded.decided_by, decided_at = excluded.decided_at",
        [
            (pair.left, pair.right, pair.decision, pair.version, pair.decided_by, pair.decided_at)
            for pair in changes.same_as
        ],
    )
    many(
        sql,
        "INSERT INTO preferences (record_id, field, source, source_record_id, version, decided_by, decided_at) "
        "SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::text[]) "
        "ON CONFLICT (record_id, field) DO UPDATE SET source = excluded.source, "
        "source_record_id = excluded.source_record_id, version = excluded.version, "
        "decided_by = excluded.decided_by, decided_at = excluded.decided_at",
        [
            (
                choice.record_id,
                choice.field,
                choice.source,
                choice.source_record_id,
                choice.version,
                choice.decided_by,
                choice.decided_at,
            )
            for choice in changes.preferences
        ],
    )


def _save_weak_keys(sql: Connection[Any], changes: Changes) -> None:
    many(
        sql,
        "DELETE FROM weak_keys USING unnest(%s::bigint[], %s::text[]) AS gone (key, record_id) "
        "WHERE weak_keys.key = gone.key AND weak_keys.record_id = gone.record_id",
        changes.weak_gone,
    )
    many(
        sql,
        "INSERT INTO weak_keys (key, record_id) SELECT * FROM unnest(%s::bigint[], %s::text[]) ON CONFLICT DO NOTHING",
        changes.weak_new,
    )
