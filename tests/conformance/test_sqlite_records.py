"""The embedded record store, held to its suite."""

import sqlite3
from pathlib import Path

import pytest

from services.curation.adapters.sqlite_store import SqliteRecordStore
from tests.conformance.record_samples import record, save
from tests.conformance.records import OpenStore, RecordStoreConformance

pytestmark = pytest.mark.conformance


class TestSqliteRecordStore(RecordStoreConformance):
    adapter = "SqliteRecordStore"
    capabilities = frozenset()

    @pytest.fixture
    def open_store(self, tmp_path: Path) -> OpenStore:
        return lambda: SqliteRecordStore(tmp_path / "records.db", "hub")


def test_a_file_without_traces_is_brought_up_to_date_with_what_waits_in_it(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    store = SqliteRecordStore(path, "hub")
    save(store, record(1))
    waiting = list(store.pending(10))
    store.close()
    with sqlite3.connect(path) as sql:
        sql.execute("ALTER TABLE outbox DROP COLUMN traceparent")
        for table, column in (
            ("contributions", "older"),
            ("preferences", "organisation"),
            ("preferences", "decided_on"),
        ):
            sql.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        for table in ("aliases", "claims", "due", "merged_under", "sealed"):
            sql.execute(f"DROP TABLE {table}")
        sql.execute("DROP TABLE hub_migrations")
    for _ in range(2):
        store = SqliteRecordStore(path, "hub")
        assert list(store.pending(10)) == waiting
        store.close()
