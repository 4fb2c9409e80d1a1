"""One batch of changes to the record store on PostgreSQL. Rows travel as arrays: one statement a table and batch."""

import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import orjson
from psycopg import Connection

from hub.kernel.contributions import Claim, Contribution, ContributionKey, Preference, SameAs
from hub.kernel.records import Record
from hub.ports.records import Changes

_SEPARATOR = "\x1f"


def records_among(sql: Connection[Any], ids: Collection[str]) -> dict[str, Record]:
    """The newest version of each id that exists."""
    rows = sql.execute("SELECT id, body FROM records WHERE id = ANY(%s)", (list(ids),), binary=True)
    return {record_id: Record.from_bytes(body) for record_id, body in rows}


def same_as_among(sql: Connection[Any], ids: Collection[str]) -> list[SameAs]:
    """The decisions that name one of the ids."""
    columns = '"left", "right", decision, version, decided_by, decided_at'
    rows = sql.execute(
        f'SELECT {columns} FROM same_as WHERE "left" = ANY(%(ids)s) '
        f'UNION SELECT {columns} FROM same_as WHERE "right" = ANY(%(ids)s)',
        {"ids": list(ids)},
    )
    return [SameAs(*row) for row in rows]


def preferences_among(sql: Connection[Any], ids: Collection[str]) -> list[Preference]:
    """The preferences about the ids."""
    rows = sql.execute(
        "SELECT record_id, field, source, source_record_id, version, decided_by, decided_at "
        "FROM preferences WHERE record_id = ANY(%s)",
        (list(ids),),
    )
    return [Preference(*row) for row in rows]


class PostgresUnit:
    """hub.ports.records.RecordUnit inside a write transaction."""

    def __init__(self, sql: Connection[Any]) -> None:
        self._sql = sql

    def claims(self, keys: Collection[ContributionKey]) -> Mapping[ContributionKey, Claim]:
        """See the port."""
        rows = self._sql.execute(
            "SELECT key, source_version, withdrawn, digest, authority, record_id FROM contributions "
            "WHERE key = ANY(%s)",
            ([_SEPARATOR.join(key) for key in keys],),
            binary=True,
        )
        return {
            _key(key): Claim(version, withdrawn, digest, authority, record_id)
            for key, version, withdrawn, digest, authority, record_id in rows
        }

    def same_as(self, ids: Collection[str]) -> list[SameAs]:
        """See the port."""
        return same_as_among(self._sql, ids)

    def preferences(self, ids: Collection[str]) -> list[Preference]:
        """See the port."""
        return preferences_among(self._sql, ids)

    def contributions(self, ids: Collection[str]) -> list[Contribution]:
        """See the port."""
        rows = self._sql.execute(
            "SELECT key, source_version, digest, authority, record_id, received_at, fields FROM contributions "
            "WHERE NOT withdrawn AND record_id = ANY(%s)",
            (list(ids),),
            binary=True,
        )
        return [
            Contribution(
                *_key(key), Claim(version, False, digest, authority, record_id), received_at, orjson.loads(fields)
            )
            for key, version, digest, authority, record_id, received_at, fields in rows
        ]

    def records(self, ids: Collection[str]) -> Mapping[str, Record]:
        """See the port."""
        return records_among(self._sql, ids)

    def save(self, changes: Changes) -> None:
        """See the port."""
        _save_contributions(self._sql, changes)
        _save_records(self._sql, changes)
        _save_decisions(self._sql, changes)
        _save_weak_keys(self._sql, changes)
        _many(
            self._sql,
            "INSERT INTO outcomes (event_id, record_id, version, effect) "
            "SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::text[]) ON CONFLICT DO NOTHING",
            [(one.event_id, one.record_id, one.version, one.effect) for one in changes.outcomes],
        )


def _many(sql: Connection[Any], statement: str, rows: Iterable[Sequence[object]]) -> None:
    """Run a statement over the rows, given as one array a column; nothing where there are no rows."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    if columns:
        sql.execute(statement, columns)


def _save_contributions(sql: Connection[Any], changes: Changes) -> None:
    _many(
        sql,
        "INSERT INTO contributions (key, record_id, source_version, withdrawn, digest, authority, received_at, fields) "
        "SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::boolean[], %s::text[], %s::text[], %s::text[], "
        "%s::bytea[]) ON CONFLICT (key) DO UPDATE SET record_id = excluded.record_id, "
        "source_version = excluded.source_version, withdrawn = excluded.withdrawn, digest = excluded.digest, "
        "authority = excluded.authority, received_at = excluded.received_at, fields = excluded.fields",
        [
            (
                _SEPARATOR.join(one.key),
                one.claim.record_id,
                one.claim.source_version,
                one.claim.withdrawn,
                one.claim.digest,
                one.claim.authority,
                one.received_at,
                orjson.dumps(one.fields),
            )
            for one in changes.contributions
        ],
    )


def _save_records(sql: Connection[Any], changes: Changes) -> None:
    grown = [record.id for record in changes.records if record.version > 1]
    if grown:
        before = sql.execute("SELECT id, version, body FROM records WHERE id = ANY(%s)", (grown,), binary=True)
        _many(
            sql,
            "INSERT INTO history (record_id, version, body) "
            "SELECT * FROM unnest(%s::text[], %s::bigint[], %s::bytea[])",
            [(record_id, version, zlib.compress(body, 1)) for record_id, version, body in before],
        )
    _many(
        sql,
        "INSERT INTO records (id, kind, version, conflicts, body) "
        "SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::integer[], %s::bytea[]) "
        "ON CONFLICT (id) DO UPDATE SET version = excluded.version, conflicts = excluded.conflicts, "
        "body = excluded.body",
        [
            (one.id, one.kind, one.version, len(one.conflicts), one.to_bytes())
            for one in (*changes.records, *changes.refreshed)
        ],
    )
    _many(
        sql,
        "INSERT INTO outbox (record_id, version, at) SELECT id, version, at FROM "
        "unnest(%s::text[], %s::bigint[], %s::text[]) WITH ORDINALITY AS new (id, version, at, place) ORDER BY place",
        [(record.id, record.version, record.updated_at) for record in changes.records],
    )


def _save_decisions(sql: Connection[Any], changes: Changes) -> None:
    _many(
        sql,
        'INSERT INTO same_as ("left", "right", decision, version, decided_by, decided_at) '
        "SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::text[]) "
        'ON CONFLICT ("left", "right") DO UPDATE SET decision = excluded.decision, version = excluded.version, '
        "decided_by = excluded.decided_by, decided_at = excluded.decided_at",
        [(one.left, one.right, one.decision, one.version, one.decided_by, one.decided_at) for one in changes.same_as],
    )
    _many(
        sql,
        "INSERT INTO preferences (record_id, field, source, source_record_id, version, decided_by, decided_at) "
        "SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::text[]) "
        "ON CONFLICT (record_id, field) DO UPDATE SET source = excluded.source, "
        "source_record_id = excluded.source_record_id, version = excluded.version, "
        "decided_by = excluded.decided_by, decided_at = excluded.decided_at",
        [
            (one.record_id, one.field, one.source, one.source_record_id, one.version, one.decided_by, one.decided_at)
            for one in changes.preferences
        ],
    )


def _save_weak_keys(sql: Connection[Any], changes: Changes) -> None:
    _many(
        sql,
        "DELETE FROM weak_keys USING unnest(%s::bigint[], %s::text[]) AS gone (key, record_id) "
        "WHERE weak_keys.key = gone.key AND weak_keys.record_id = gone.record_id",
        changes.weak_gone,
    )
    _many(
        sql,
        "INSERT INTO weak_keys (key, record_id) SELECT * FROM unnest(%s::bigint[], %s::text[]) ON CONFLICT DO NOTHING",
        changes.weak_new,
    )


def _key(joined: str) -> ContributionKey:
    kind, source, source_record_id = joined.split(_SEPARATOR, 2)
    return (kind, source, source_record_id)
