"""The embedded store of saved searches, held to its suite."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.sql.sqlite import StoreFiles
from services.catalog.adapters.sql_searches import SqlSavedSearches
from services.catalog.ports import SavedSearches
from tests.conformance.searches import SavedSearchesConformance

pytestmark = pytest.mark.conformance


class TestSqliteSavedSearches(SavedSearchesConformance):
    adapter = "SqlSavedSearches on SQLite"
    capabilities = frozenset()

    @pytest.fixture
    def reopened(self, tmp_path: Path) -> Iterator[Callable[[], SavedSearches]]:
        files = StoreFiles(tmp_path)
        yield lambda: SqlSavedSearches(files.open("searches"))
        files.close()

    @pytest.fixture
    def searches(self, reopened: Callable[[], SavedSearches]) -> SavedSearches:
        return reopened()
