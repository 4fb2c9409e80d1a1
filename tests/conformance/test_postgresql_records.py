"""The record store on PostgreSQL, held to its suite on a real server."""

import pytest

from hub.ports.records import RecordStore
from hub.sql.postgresql import PostgresDatabase
from services.curation.adapters.postgresql_store import PostgresRecordStore
from tests.conformance.record_samples import name, record, save
from tests.conformance.records import OpenStore, RecordStoreConformance

pytestmark = pytest.mark.conformance


class TestPostgresRecordStore(RecordStoreConformance):
    adapter = "PostgresRecordStore"
    capabilities = frozenset()

    @pytest.fixture
    def open_store(self, postgres: PostgresDatabase) -> OpenStore:
        return lambda: PostgresRecordStore(postgres, "hub")

    def test_nothing_is_known_under_a_name_that_cannot_be_stored(self, store: RecordStore) -> None:
        save(store, record(1), record(2))
        odd = name(1) + "\0"
        assert store.get([odd, name(2)]) == {name(2): record(2)}
        assert store.outcomes([odd]) == {}
        assert not [*store.history(odd), *store.decisions([odd]), *store.settled([odd]), *store.conflicts("\0", 9)]
