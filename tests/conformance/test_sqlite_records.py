"""The embedded record store, held to its suite."""

from pathlib import Path

import pytest

from services.curation.adapters.sqlite_store import SqliteRecordStore
from tests.conformance.records import OpenStore, RecordStoreConformance

pytestmark = pytest.mark.conformance


class TestSqliteRecordStore(RecordStoreConformance):
    adapter = "SqliteRecordStore"
    capabilities = frozenset()

    @pytest.fixture
    def open_store(self, tmp_path: Path) -> OpenStore:
        return lambda: SqliteRecordStore(tmp_path / "records.db", "hub")
