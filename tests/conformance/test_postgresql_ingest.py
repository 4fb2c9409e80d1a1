"""The vault and the receipt store on PostgreSQL, held to their suites on a real server."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hub.sql.postgresql import PostgresDatabase
from services.ingest.adapters.sql_receipts import SqlReceipts
from services.ingest.adapters.sql_vault import SqlVault
from services.ingest.ports.receipts import ReceiptStore
from services.ingest.ports.vault import Vault, VaultLocked
from tests.conformance.receipts import ReceiptStoreConformance, batch, receipt
from tests.conformance.vaults import PHONE, VaultConformance

pytestmark = pytest.mark.conformance


class TestPostgresVault(VaultConformance):
    adapter = "SqlVault on PostgreSQL"
    capabilities = frozenset()

    @pytest.fixture
    def vault(self, postgres: PostgresDatabase, tmp_path: Path) -> Vault:
        return SqlVault(postgres, tmp_path / "vault.key")

    @pytest.fixture
    def at_rest(self, postgres: PostgresDatabase) -> Callable[[], bytes]:
        def rows() -> bytes:
            with postgres.write() as sql:
                sql.execute("SET LOCAL bytea_output = 'escape'")
                found = sql.execute("SELECT vault::text FROM vault UNION ALL SELECT vault_key::text FROM vault_key")
                return b"".join(row.encode() for (row,) in found)

        return rows

    def test_only_its_own_key_opens_it(self, vault: Vault, postgres: PostgresDatabase, tmp_path: Path) -> None:
        (token,) = vault.put_many([PHONE]).values()
        assert SqlVault(postgres, tmp_path / "vault.key").reveal([token, "vault:\0"]) == {token: PHONE}
        with pytest.raises(VaultLocked, match="missing"):
            SqlVault(postgres, tmp_path / "other.key")
        (tmp_path / "other.key").write_bytes(bytes(32))
        (tmp_path / "other.key").chmod(0o600)
        with pytest.raises(VaultLocked, match="not the key"):
            SqlVault(postgres, tmp_path / "other.key")

    def test_many_put_the_same_values_at_once(self, vault: Vault) -> None:
        values = [f"{PHONE} {number}" for number in range(200)]
        with ThreadPoolExecutor(4) as pool:
            put = list(pool.map(vault.put_many, [values, values[::-1]] * 4))
        assert vault.reveal(put[0].values()) == {token: value for value, token in put[7].items()}


class TestPostgresReceipts(ReceiptStoreConformance):
    adapter = "SqlReceipts on PostgreSQL"
    capabilities = frozenset()

    @pytest.fixture
    def store(self, postgres: PostgresDatabase) -> ReceiptStore:
        return SqlReceipts(postgres)

    def test_of_many_that_open_one_key_exactly_one_goes_on(self, store: ReceiptStore) -> None:
        def contest() -> list[str]:
            with ThreadPoolExecutor(8) as pool:
                found = pool.map(lambda number: store.open(receipt(number), "key", "print"), range(8))
                return sorted(opened.outcome for opened in found)

        assert contest() == [*["busy"] * 7, "new"]
        (opened,) = store.recent(None)
        store.finish(opened.id, "interrupted", 0)
        assert contest() == [*["busy"] * 7, "resumed"]

    def test_several_processes_forget_without_waiting_for_each_other(self, store: ReceiptStore) -> None:
        for number in range(40):
            store.open(receipt(number))
            store.add(f"r{number}", batch(0))
        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(lambda _: store.forget(receipt(40).created_at, 10), range(8))) == 40
        assert not [*store.recent(None), *store.batches("r1")]

    def test_nothing_is_known_under_a_name_that_cannot_be_stored(self, store: ReceiptStore) -> None:
        assert store.get("r\0") is None
