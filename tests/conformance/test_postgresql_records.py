"""The record store on PostgreSQL, held to its suite on a real server."""

import pytest

from hub.adapters.postgresql import PostgresDatabase
from services.curation.adapters.postgresql_store import PostgresRecordStore
from tests.conformance.records import OpenStore, RecordStoreConformance

pytestmark = pytest.mark.conformance


class TestPostgresRecordStore(RecordStoreConformance):
    adapter = "PostgresRecordStore"
    capabilities = frozenset()

    @pytest.fixture
    def open_store(self, postgres: PostgresDatabase) -> OpenStore:
        return lambda: PostgresRecordStore(postgres, "hub")
