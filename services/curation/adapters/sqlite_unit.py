"""One batch of changes to the record store on SQLite."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, Table

from hub.ports.records import Changes
from hub.sql.sqlite import driver_of
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
