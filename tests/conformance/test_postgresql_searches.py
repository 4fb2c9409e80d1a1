"""The store of saved searches on PostgreSQL, held to its suite on a real server."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from hub.sql.postgresql import PostgresDatabase
from services.catalog.adapters.sql_searches import SqlSavedSearches
from services.catalog.ports import SEARCHES_LIMIT, SavedSearches
from tests.conformance.searches import SavedSearchesConformance, saved

pytestmark = pytest.mark.conformance


class TestPostgresSavedSearches(SavedSearchesConformance):
    adapter = "SqlSavedSearches on PostgreSQL"
    capabilities = frozenset()

    @pytest.fixture
    def reopened(self, postgres: PostgresDatabase) -> Callable[[], SavedSearches]:
        return lambda: SqlSavedSearches(postgres)

    @pytest.fixture
    def searches(self, reopened: Callable[[], SavedSearches]) -> SavedSearches:
        return reopened()

    def test_the_limit_holds_for_many_at_once(self, searches: SavedSearches) -> None:
        for number in range(SEARCHES_LIMIT - 3):
            searches.add(saved(number))
        with ThreadPoolExecutor(8) as pool:
            told = list(pool.map(lambda number: searches.add(saved(number)), range(200, 216)))
        assert told.count("added") == 3
        assert len(searches.of(["li"])) == SEARCHES_LIMIT

    def test_nothing_is_known_under_a_name_that_cannot_be_stored(self, searches: SavedSearches) -> None:
        assert searches.get(["li"], "\0") is None
        assert not searches.remove(["li"], "\0")
