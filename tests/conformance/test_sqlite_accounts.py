"""The accounts' tables on SQLite, held to their suite."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.sql.sqlite import StoreFiles
from hub.sql.statements import SqlDatabase
from tests.conformance.accounts import AccountsConformance

pytestmark = pytest.mark.conformance


class TestSqliteAccounts(AccountsConformance):
    adapter = "accounts on SQLite"
    capabilities = frozenset()

    @pytest.fixture
    def database(self, tmp_path: Path) -> Iterator[SqlDatabase]:
        files = StoreFiles(tmp_path)
        yield files.open("accounts")
        files.close()
