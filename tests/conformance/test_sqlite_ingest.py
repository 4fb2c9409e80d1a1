"""The embedded vault and receipt store, held to their suites."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.ingest.adapters.sqlite_receipts import SqliteReceipts
from services.ingest.adapters.sqlite_vault import SqliteVault
from services.ingest.ports.receipts import ReceiptStore
from services.ingest.ports.vault import Vault
from tests.conformance.receipts import ReceiptStoreConformance
from tests.conformance.vaults import VaultConformance

pytestmark = pytest.mark.conformance


class TestSqliteVault(VaultConformance):
    adapter = "SqliteVault"
    capabilities = frozenset()

    @pytest.fixture
    def vault(self, tmp_path: Path) -> Iterator[Vault]:
        vault = SqliteVault(tmp_path / "ingest.db", tmp_path / "vault.key")
        yield vault
        vault.close()

    @pytest.fixture
    def at_rest(self, tmp_path: Path) -> Callable[[], bytes]:
        return lambda: b"".join(path.read_bytes() for path in tmp_path.iterdir())

    def test_the_key_is_its_owners_alone(self, vault: Vault, tmp_path: Path) -> None:
        assert (tmp_path / "vault.key").stat().st_mode & 0o077 == 0


class TestSqliteReceipts(ReceiptStoreConformance):
    adapter = "SqliteReceipts"
    capabilities = frozenset()

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[ReceiptStore]:
        store = SqliteReceipts(tmp_path / "ingest.db")
        yield store
        store.close()
