"""Saved searches: a person's own queries under names of their own, kept until the person removes them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

SEARCHES_LIMIT = 100
"""How many searches one person may keep."""


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """One query under a name.

    `owner` is an account, or, of searches from before accounts had ids, its name; `query` is the canonical query string
    of the search, without `?`; `created_at` is RFC 3339, UTC.
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

    def of(self, owners: Collection[str]) -> Sequence[SavedSearch]:
        """The searches of any of these, newest first."""

    def get(self, owners: Collection[str], search_id: str) -> SavedSearch | None:
        """None where none of these has such a search."""

    def remove(self, owners: Collection[str], search_id: str) -> bool:
        """Whether there was one."""

    def forget(self, owner: str) -> None:
        """Remove all of the owner's, and leave nothing of them."""

    def close(self) -> None: ...
