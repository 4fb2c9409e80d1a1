"""The tables of the SQLite record store, and one batch of changes to them."""

import sqlite3
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping

import orjson

from hub.kernel.contributions import Claim, Contribution, ContributionKey, Preference, SameAs
from hub.kernel.records import Record
from hub.ports.records import Changes

# The page cache holds the indexes' upper levels: ids are spread evenly, so every insert lands somewhere else.
SCHEMA = """
PRAGMA cache_size=-65536;
PRAGMA wal_autocheckpoint=8000;
CREATE TABLE IF NOT EXISTS contributions (
    key TEXT PRIMARY KEY, record_id TEXT, source_version INTEGER NOT NULL, withdrawn INTEGER NOT NULL,
    digest TEXT NOT NULL, authority TEXT NOT NULL, received_at TEXT NOT NULL, fields BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS live_contributions ON contributions (record_id) WHERE withdrawn = 0;
CREATE TABLE IF NOT EXISTS records (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, version INTEGER NOT NULL, conflicts INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS records_in_conflict ON records (id) WHERE conflicts > 0;
CREATE TABLE IF NOT EXISTS history (
    record_id TEXT NOT NULL, version INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (record_id, version));
CREATE TABLE IF NOT EXISTS outcomes (
    event_id TEXT PRIMARY KEY, record_id TEXT NOT NULL, version INTEGER NOT NULL, effect TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox (
    number INTEGER PRIMARY KEY AUTOINCREMENT, record_id TEXT NOT NULL, version INTEGER NOT NULL, at TEXT NOT NULL,
    traceparent TEXT);
CREATE TABLE IF NOT EXISTS same_as (
    "left" TEXT NOT NULL, "right" TEXT NOT NULL, decision TEXT NOT NULL, version INTEGER NOT NULL,
    decided_by TEXT NOT NULL, decided_at TEXT NOT NULL, PRIMARY KEY ("left", "right")) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS same_as_from_the_right ON same_as ("right");
CREATE TABLE IF NOT EXISTS preferences (
    record_id TEXT NOT NULL, field TEXT NOT NULL, source TEXT, source_record_id TEXT, version INTEGER NOT NULL,
    decided_by TEXT NOT NULL, decided_at TEXT NOT NULL, PRIMARY KEY (record_id, field)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS weak_keys (
    key INTEGER NOT NULL, record_id TEXT NOT NULL, PRIMARY KEY (key, record_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alike (key INTEGER PRIMARY KEY);
"""

_LISTED = "(SELECT value FROM json_each(?))"
_SEPARATOR = "\x1f"


def records_among(sql: sqlite3.Connection, ids: Collection[str]) -> dict[str, Record]:
    """The newest version of each id that exists."""
    rows = sql.execute(f"SELECT id, body FROM records WHERE id IN {_LISTED}", (listed(ids),))
    return {record_id: Record.from_bytes(body) for record_id, body in rows}


def same_as_among(sql: sqlite3.Connection, ids: Collection[str]) -> list[SameAs]:
    """The decisions that name one of the ids."""
    columns = '"left", "right", decision, version, decided_by, decided_at'
    among = listed(ids)
    rows = sql.execute(
        f'SELECT {columns} FROM same_as WHERE "left" IN {_LISTED} '
        f'UNION SELECT {columns} FROM same_as WHERE "right" IN {_LISTED}',
        (among, among),
    )
    return [SameAs(*row) for row in rows]


def preferences_among(sql: sqlite3.Connection, ids: Collection[str]) -> list[Preference]:
    """The preferences about the ids."""
    rows = sql.execute(
        "SELECT record_id, field, source, source_record_id, version, decided_by, decided_at "
        f"FROM preferences WHERE record_id IN {_LISTED}",
        (listed(ids),),
    )
    return [Preference(*row) for row in rows]


def listed(values: Iterable[str]) -> str:
    """The values as the JSON array that json_each takes."""
    return orjson.dumps(list(values)).decode()


class SqliteUnit:
    """hub.ports.records.RecordUnit inside a write transaction."""

    def __init__(self, sql: sqlite3.Connection) -> None:
        self._sql = sql

    def claims(self, keys: Collection[ContributionKey]) -> Mapping[ContributionKey, Claim]:
        """See the port."""
        rows = self._sql.execute(
            "SELECT key, source_version, withdrawn, digest, authority, record_id FROM contributions "
            f"WHERE key IN {_LISTED}",
            (listed(_SEPARATOR.join(key) for key in keys),),
        )
        return {
            _key(key): Claim(version, bool(withdrawn), digest, authority, record_id)
            for key, version, withdrawn, digest, authority, record_id in rows
        }

    def same_as(self, ids: Collection[str]) -> list[SameAs]:
        """See the port."""
        if self._sql.execute("SELECT 1 FROM same_as LIMIT 1").fetchone() is None:
            return []
        return same_as_among(self._sql, ids)

    def preferences(self, ids: Collection[str]) -> list[Preference]:
        """See the port."""
        if self._sql.execute("SELECT 1 FROM preferences LIMIT 1").fetchone() is None:
            return []
        return preferences_among(self._sql, ids)

    def contributions(self, ids: Collection[str]) -> list[Contribution]:
        """See the port."""
        rows = self._sql.execute(
            "SELECT key, source_version, digest, authority, record_id, received_at, fields FROM contributions "
            f"WHERE withdrawn = 0 AND record_id IN {_LISTED}",
            (listed(ids),),
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
        _SEPARATOR.join(one.key),
        claim.record_id,
        claim.source_version,
        claim.withdrawn,
        claim.digest,
        claim.authority,
        one.received_at,
        orjson.dumps(one.fields),
    )


def _key(text: str) -> ContributionKey:
    kind, source, source_record_id = text.split(_SEPARATOR, 2)
    return (kind, source, source_record_id)


def compact(body: bytes) -> bytes:
    """An old version as history keeps it."""
    return zlib.compress(body, 6)
