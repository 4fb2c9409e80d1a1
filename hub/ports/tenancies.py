"""The organisations that use the hub, as far as others need to know of them."""

from collections.abc import Collection, Mapping
from typing import Protocol

from hub.text.language import Bilingual


class Tenancies(Protocol):
    """Knows which organisations are who they say they are."""

    def verified_codes(self) -> Mapping[str, str]:
        """The unified social credit code of each organisation that was verified to have it, by its tenancy id."""
        ...

    def names(self, ids: Collection[str]) -> Mapping[str, Bilingual]:
        """What people call these organisations, and these accounts, of those that are known."""
        ...

    def close(self) -> None: ...


class NoTenancies:
    """Nobody is verified."""

    def verified_codes(self) -> Mapping[str, str]:
        return {}

    def names(self, ids: Collection[str]) -> Mapping[str, Bilingual]:
        return {}

    def close(self) -> None:
        """Nothing is held."""
