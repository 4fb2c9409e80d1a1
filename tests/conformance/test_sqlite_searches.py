"""The embedded store of saved searches, held to its suite."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.catalog.adapters.sqlite_searches import SqliteSavedSearches
from services.catalog.ports import SavedSearches
from tests.conformance.searches import SavedSearchesConformance

pytestmark = pytest.mark.conformance


class TestSqliteSavedSearches(SavedSearchesConformance):
    adapter = "SqliteSavedSearches"
    capabilities = frozenset()

    @pytest.fixture
    def reopened(self, tmp_path: Path) -> Iterator[Callable[[], SavedSearches]]:
        opened: list[SqliteSavedSearches] = []

        def open_it() -> SavedSearches:
            opened.append(SqliteSavedSearches(tmp_path / "searches.db"))
            return opened[-1]

        yield open_it
        for store in opened:
            store.close()

    @pytest.fixture
    def searches(self, reopened: Callable[[], SavedSearches]) -> SavedSearches:
        return reopened()
