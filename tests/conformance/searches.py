"""What every store of saved searches must do. An adapter's test supplies `searches` and `reopened`."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from services.catalog.ports import SEARCHES_LIMIT, SavedSearch, SavedSearches
from tests.conformance.gaps import Conformance


def saved(number: int, owner: str = "li") -> SavedSearch:
    created_at = f"2026-01-01T00:00:00.{number:06}Z"
    return SavedSearch(f"{owner}-{number}", owner, f"质谱 {number}", "kind=instrument&q=质谱", created_at)


class SavedSearchesConformance(Conformance):
    suite = "saved searches"

    def test_they_are_listed_newest_first_and_to_their_owner_alone(self, searches: SavedSearches) -> None:
        for search in (saved(2), saved(1), saved(3), saved(4, "wang")):
            assert searches.add(search) == "added"
        assert list(searches.of(["li"])) == [saved(3), saved(2), saved(1)]
        assert list(searches.of(["nobody"])) == []
        assert list(searches.of([])) == []
        assert list(searches.of(["li", "wang"])) == [saved(4, "wang"), saved(3), saved(2), saved(1)]
        assert searches.get(["wang", "li"], "li-1") == saved(1)

    def test_nobody_reads_removes_or_replaces_what_belongs_to_another(self, searches: SavedSearches) -> None:
        searches.add(saved(1))
        assert searches.get(["wang"], "li-1") is None
        assert not searches.remove(["wang"], "li-1")
        with pytest.raises(ValueError, match="another"):
            searches.add(replace(saved(1), owner="wang"))
        assert searches.get(["li"], "li-1") == saved(1)

    def test_removing_is_told_once(self, searches: SavedSearches) -> None:
        searches.add(saved(1))
        assert searches.remove(["li"], "li-1")
        assert not searches.remove(["li"], "li-1")
        assert searches.get(["li"], "li-1") is None

    def test_a_person_keeps_so_many_and_no_more(self, searches: SavedSearches) -> None:
        for number in range(SEARCHES_LIMIT):
            assert searches.add(saved(number)) == "added"
        assert searches.add(saved(SEARCHES_LIMIT)) == "full"
        assert searches.get(["li"], f"li-{SEARCHES_LIMIT}") is None
        assert searches.add(replace(saved(0), name="改名")) == "added"
        assert len(searches.of(["li"])) == SEARCHES_LIMIT
        assert searches.add(saved(1, "wang")) == "added"

    def test_they_outlive_the_process(self, searches: SavedSearches, reopened: Callable[[], SavedSearches]) -> None:
        searches.add(saved(1))
        searches.close()
        assert reopened().get(["li"], "li-1") == saved(1)
