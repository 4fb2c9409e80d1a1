"""What people call the accounts and the organisations that others know by their ids."""

from collections.abc import Collection, Mapping
from typing import Protocol

from hub.text.language import Bilingual


class Names(Protocol):
    """Knows them as they are kept: what a person is called may be sealed (see hub.ports.personal)."""

    def of(self, ids: Collection[str]) -> Mapping[str, Bilingual]:
        """Those of these ids that are known."""
        ...

    def close(self) -> None: ...


class NoNames:
    """Nobody is known."""

    def of(self, ids: Collection[str]) -> Mapping[str, Bilingual]:
        return {}

    def close(self) -> None:
        """Nothing is held."""
