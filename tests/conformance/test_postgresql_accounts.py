"""The accounts' tables on PostgreSQL, held to their suite on a real server."""

import pytest

from hub.sql.postgresql import PostgresDatabase
from hub.sql.statements import SqlDatabase
from tests.conformance.accounts import AccountsConformance

pytestmark = pytest.mark.conformance


class TestPostgresAccounts(AccountsConformance):
    adapter = "accounts on PostgreSQL"
    capabilities = frozenset()

    @pytest.fixture
    def database(self, postgres: PostgresDatabase) -> SqlDatabase:
        return postgres
