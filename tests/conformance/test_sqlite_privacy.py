"""The embedded stores of privacy, held to their suites."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.ports.clock import SystemClock
from hub.ports.personal import KeysLocked
from hub.sql.sqlite import Database, StoreFiles
from services.privacy.adapters.sql_audit import SqlAuditTrail
from services.privacy.adapters.sql_personal import MASTER_FILE, SqlPersonalValues
from tests.conformance.audits import AuditTrailConformance
from tests.conformance.personal import PersonalValuesConformance, sealed

pytestmark = pytest.mark.conformance


@pytest.fixture
def files(tmp_path: Path) -> Iterator[StoreFiles]:
    files = StoreFiles(tmp_path)
    yield files
    files.close()


class TestSqlitePersonalValues(PersonalValuesConformance):
    adapter = "SqlPersonalValues on SQLite"
    capabilities = frozenset()

    @pytest.fixture
    def again(self, files: StoreFiles, tmp_path: Path) -> Callable[[], SqlPersonalValues]:
        return lambda: SqlPersonalValues(files.open("keys"), tmp_path, SystemClock())

    @pytest.fixture
    def personal(self, again: Callable[[], SqlPersonalValues]) -> SqlPersonalValues:
        return again()

    @pytest.fixture
    def at_rest(self, tmp_path: Path) -> Callable[[], bytes]:
        return lambda: b"".join(path.read_bytes() for path in tmp_path.glob("keys.db*"))

    def test_only_the_master_key_opens_keys(
        self, personal: SqlPersonalValues, again: Callable[[], SqlPersonalValues], tmp_path: Path
    ) -> None:
        sealed(personal, "expert-a")
        (tmp_path / MASTER_FILE).chmod(0o644)
        with pytest.raises(KeysLocked, match="0600"):
            again()
        (tmp_path / MASTER_FILE).unlink()
        with pytest.raises(KeysLocked, match="missing"):
            again()
        (tmp_path / MASTER_FILE).write_bytes(bytes(32))
        (tmp_path / MASTER_FILE).chmod(0o600)
        with pytest.raises(KeysLocked, match="has not the key"):
            again().sealers(["expert-a"])


class TestSqliteAuditTrail(AuditTrailConformance):
    adapter = "SqlAuditTrail on SQLite"
    capabilities = frozenset()

    @pytest.fixture
    def tables(self, files: StoreFiles) -> Database:
        return files.open("audit")

    @pytest.fixture
    def made(self, files: StoreFiles, tmp_path: Path) -> Callable[[], SqlAuditTrail]:
        return lambda: SqlAuditTrail(files.open("audit"), tmp_path / "audit")

    @pytest.fixture
    def sealing(self, files: StoreFiles, tmp_path: Path) -> Callable[[], SqlAuditTrail]:
        return lambda: SqlAuditTrail(files.open("audit"), tmp_path / "audit", 20)
