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
        run = self._sql.executemany
        _save_contributions(run, changes)
        _save_records(run, changes)
        _save_decisions(run, changes)
        _save_weak_keys(run, changes)
        run(
            "INSERT OR IGNORE INTO outcomes (event_id, record_id, version, effect) VALUES (?, ?, ?, ?)",
            [(outcome.event_id, outcome.record_id, outcome.version, outcome.effect) for outcome in changes.outcomes],
        )


_Run = Callable[[str, Iterable[tuple[object, ...]]], object]


def _save_contributions(run: _Run, changes: Changes) -> None:
    run(
        "INSERT INTO contributions (key, record_id, source_version, withdrawn, digest, authority, received_at, fields) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET record_id = excluded.record_id, "
        "source_version = excluded.source_version, withdrawn = excluded.withdrawn, digest = excluded.digest, "
        "authority = excluded.authority, received_at = excluded.received_at, fields = excluded.fields",
        [_contribution_row(contribution) for contribution in changes.contributions],
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
            (record.id, record.kind, record.version, len(record.conflicts), record.to_bytes())
            for record in (*changes.records, *changes.refreshed)
        ],
    )
    run(
        "INSERT INTO outbox (record_id, version, at, traceparent) VALUES (?, ?, ?, ?)",
        [(record.id, record.version, record.updated_at, changes.traces.get(record.id)) for record in changes.records],
    )


def _save_decisions(run: _Run, changes: Changes) -> None:
    run(
        'INSERT OR REPLACE INTO same_as ("left", "right", decision, version, decided_by, decided_at) '
        "VALUES (?, ?, ?, ?, ?, ?)",
        [
            (pair.left, pair.right, pair.decision, pair.version, pair.decided_by, pair.decided_at)
            for pair in changes.same_as
        ],
    )
    run(
        "INSERT OR REPLACE INTO preferences "
        "(record_id, field, source, source_record_id, version, decided_by, decided_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
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


def _contribution_row(contribution: Contribution) -> tuple[object, ...]:
    claim = contribution.claim
    return (
        joined_key(contribution.key),
        claim.record_id,
        claim.source_version,
        claim.withdrawn,
        claim.digest,
        claim.authority,
        contribution.received_at,
        orjson.dumps(contribution.fields),
    )


def compact(body: bytes) -> bytes:
    """An old version as history keeps it."""
    return zlib.compress(body, 6)
