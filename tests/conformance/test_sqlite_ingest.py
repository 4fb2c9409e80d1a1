"""The embedded vault and receipt store, held to their suites."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.sql.sqlite import StoreFiles
from services.ingest.adapters.sql_receipts import SqlReceipts
from services.ingest.adapters.sql_vault import SqlVault
from services.ingest.ports.receipts import ReceiptStore
from services.ingest.ports.vault import Vault
from tests.conformance.receipts import ReceiptStoreConformance
from tests.conformance.vaults import VaultConformance

pytestmark = pytest.mark.conformance


class TestSqliteVault(VaultConformance):
    adapter = "SqlVault on SQLite"
    capabilities = frozenset()

    @pytest.fixture
    def vault(self, tmp_path: Path) -> Iterator[Vault]:
        files = StoreFiles(tmp_path)
        yield SqlVault(files.open("vault"), tmp_path / "vault.key")
        files.close()

    @pytest.fixture
    def at_rest(self, tmp_path: Path) -> Callable[[], bytes]:
        return lambda: b"".join(path.read_bytes() for path in tmp_path.iterdir())

    def test_the_key_is_its_owners_alone(self, vault: Vault, tmp_path: Path) -> None:
        assert (tmp_path / "vault.key").stat().st_mode & 0o077 == 0


class TestSqliteReceipts(ReceiptStoreConformance):
    adapter = "SqlReceipts on SQLite"
    capabilities = frozenset()

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[ReceiptStore]:
        files = StoreFiles(tmp_path)
        yield SqlReceipts(files.open("receipts"))
        files.close()
