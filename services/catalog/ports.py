"""Saved searches: a person's own queries under names of their own, kept until the person removes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

SEARCHES_LIMIT = 100
"""How many searches one person may keep."""


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """One query under a name.

    `owner` is the principal's name; `query` is the canonical query string of the search, without `?`; `created_at` is
    RFC 3339, UTC.
    """

    id: str
    owner: str
    name: str
    query: str
    created_at: str


class SavedSearches(Protocol):
    """Durable when each method returns. Nobody reads or removes what belongs to another."""

    def add(self, search: SavedSearch) -> Literal["added", "full"]:
        """Store a search; `full` and nothing stored where its owner keeps SEARCHES_LIMIT of them already.

        Adding one again under its id and owner replaces it; the id of another owner's search is a ValueError.
        """

    def of(self, owner: str) -> Sequence[SavedSearch]:
        """The owner's searches, newest first."""

    def get(self, owner: str, search_id: str) -> SavedSearch | None:
        """None where the owner has no such search."""

    def remove(self, owner: str, search_id: str) -> bool:
        """Whether there was one."""

    def close(self) -> None: ...
