"""The organisations that use the hub, as far as others need to know of them."""

from collections.abc import Mapping
from typing import Protocol


class Tenancies(Protocol):
    """Knows which organisations are who they say they are."""

    def verified_codes(self) -> Mapping[str, str]:
        """The unified social credit code of each organisation that was verified to have it, by its tenancy id."""
        ...

    def close(self) -> None: ...


class NoTenancies:
    """Nobody is verified."""

    def verified_codes(self) -> Mapping[str, str]:
        return {}

    def close(self) -> None:
        """Nothing is held."""
