"""One batch of changes to the record store on SQLite."""

import zlib
from collections.abc import Callable, Iterable

import orjson
from sqlalchemy import Connection

from hub.kernel.contributions import Contribution
from hub.ports.records import Changes
from hub.sql.sqlite import driver_of
from services.curation.adapters.sql_unit import SqlUnit, joined_key


class SqliteUnit(SqlUnit):
    """hub.ports.records.RecordUnit inside a write transaction."""

    def __init__(self, sql: Connection) -> None:
        super().__init__(sql)
        self._sql = driver_of(sql)

    def save(self, changes: Changes) -> None:
        """See the port."""
        run = self._sql.executemany
        _save_contributions(run, changes)
        _save_records(run, changes)
        _save_decisions(run, changes)
        _save_weak_keys(run, changes)
        run(
            "INSERT OR IGNORE INTO outcomes (event_id, record_id, version, effect) VALUES (?, ?, ?, ?)",
            [(one.event_id, one.record_id, one.version, one.effect) for one in changes.outcomes],
        )


_Run = Callable[[str, Iterable[tuple[object, ...]]], object]


def _save_contributions(run: _Run, changes: Changes) -> None:
    run(
        "INSERT INTO contributions (key, record_id, source_version, withdrawn, digest, authority, received_at, fields) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET record_id = excluded.record_id, "
        "source_version = excluded.source_version, withdrawn = excluded.withdrawn, digest = excluded.digest, "
        "authority = excluded.authority, received_at = excluded.received_at, fields = excluded.fields",
        [_contribution_row(one) for one in changes.contributions],
    )


def _save_records(run: _Run, changes: Changes) -> None:
    run(
        "INSERT INTO history (record_id, version, body) SELECT id, version, compact(body) FROM records WHERE id = ?",
        [(record.id,) for record in changes.records if record.version > 1],
    )
    run(
        "INSERT INTO records (id, kind, version, conflicts, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
        "version = excluded.version, conflicts = excluded.conflicts, body = excluded.body",
        [
            (one.id, one.kind, one.version, len(one.conflicts), one.to_bytes())
            for one in (*changes.records, *changes.refreshed)
        ],
    )
    run(
        "INSERT INTO outbox (record_id, version, at, traceparent) VALUES (?, ?, ?, ?)",
        [(one.id, one.version, one.updated_at, changes.traces.get(one.id)) for one in changes.records],
    )


def _save_decisions(run: _Run, changes: Changes) -> None:
    run(
        'INSERT OR REPLACE INTO same_as ("left", "right", decision, version, decided_by, decided_at) '
        "VALUES (?, ?, ?, ?, ?, ?)",
        [(one.left, one.right, one.decision, one.version, one.decided_by, one.decided_at) for one in changes.same_as],
    )
    run(
        "INSERT OR REPLACE INTO preferences "
        "(record_id, field, source, source_record_id, version, decided_by, decided_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (one.record_id, one.field, one.source, one.source_record_id, one.version, one.decided_by, one.decided_at)
            for one in changes.preferences
        ],
    )


def _save_weak_keys(run: _Run, changes: Changes) -> None:
    # Few keys are shared, so that finding those among all keys would read the whole table for each page of them.
    run("DELETE FROM weak_keys WHERE key = ? AND record_id = ?", changes.weak_gone)
    run("INSERT OR IGNORE INTO weak_keys (key, record_id) VALUES (?, ?)", changes.weak_new)
    run(
        "INSERT OR IGNORE INTO alike (key) SELECT key FROM weak_keys WHERE key = ? AND record_id <> ? LIMIT 1",
        changes.weak_new,
    )
    run(
        "DELETE FROM alike WHERE key = ?1 "
        "AND (SELECT count(*) FROM (SELECT 1 FROM weak_keys WHERE key = ?1 LIMIT 2)) < 2",
        [(key,) for key, _ in changes.weak_gone],
    )


def _contribution_row(one: Contribution) -> tuple[object, ...]:
    claim = one.claim
    return (
        joined_key(one.key),
        claim.record_id,
        claim.source_version,
        claim.withdrawn,
        claim.digest,
        claim.authority,
        one.received_at,
        orjson.dumps(one.fields),
    )


def compact(body: bytes) -> bytes:
    """An old version as history keeps it."""
    return zlib.compress(body, 6)
