"""The stores of privacy on PostgreSQL, held to their suites on a real server."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hub.ports.clock import SystemClock
from hub.sql.postgresql import PostgresDatabase
from services.privacy.adapters.sql_audit import SqlAuditTrail
from services.privacy.adapters.sql_personal import SqlPersonalValues
from tests.conformance.audits import AuditTrailConformance
from tests.conformance.personal import PersonalValuesConformance

pytestmark = pytest.mark.conformance


class TestPostgresPersonalValues(PersonalValuesConformance):
    adapter = "SqlPersonalValues on PostgreSQL"
    capabilities = frozenset()

    @pytest.fixture
    def again(self, postgres: PostgresDatabase, tmp_path: Path) -> Callable[[], SqlPersonalValues]:
        return lambda: SqlPersonalValues(postgres, tmp_path, SystemClock())

    @pytest.fixture
    def personal(self, again: Callable[[], SqlPersonalValues]) -> SqlPersonalValues:
        return again()

    @pytest.fixture
    def at_rest(self, postgres: PostgresDatabase) -> Callable[[], bytes]:
        def rows() -> bytes:
            with postgres.write() as sql:
                return b"".join(row for (row,) in sql.execute("SELECT wrapped FROM person_keys"))

        return rows


class TestPostgresAuditTrail(AuditTrailConformance):
    adapter = "SqlAuditTrail on PostgreSQL"
    capabilities = frozenset()

    @pytest.fixture
    def tables(self, postgres: PostgresDatabase) -> PostgresDatabase:
        return postgres

    @pytest.fixture
    def made(self, postgres: PostgresDatabase, tmp_path: Path) -> Callable[[], SqlAuditTrail]:
        return lambda: SqlAuditTrail(postgres, tmp_path / "audit")

    @pytest.fixture
    def sealing(self, postgres: PostgresDatabase, tmp_path: Path) -> Callable[[], SqlAuditTrail]:
        return lambda: SqlAuditTrail(postgres, tmp_path / "audit", 20)
