"""The vault: keeps what must appear in no event, index or log, and hands out tokens in its place."""

from collections.abc import Collection, Mapping
from typing import Protocol


class VaultLocked(RuntimeError):
    """The key is missing, readable to others, or not the one that the kept values were encrypted with."""


class Vault(Protocol):
    """Encrypts at rest. Equal values have equal tokens while the key lives; a token tells nothing of its value.

    A value that looks like a token is a value like any other: it gets a token of its own, so that nobody can plant
    somebody else's token and have it revealed.
    """

    def token(self, value: str) -> str:
        """The token that the value has or would have; nothing is kept."""

    def put_many(self, values: Collection[str]) -> Mapping[str, str]:
        """The token (`vault:…`) of each value. Durable when it returns; putting a value again changes nothing."""

    def reveal(self, tokens: Collection[str]) -> Mapping[str, str]:
        """The value of each token that is known; the caller has checked who asks."""

    def seal(self, data: bytes, context: str) -> bytes:
        """Encrypt and authenticate data that another store keeps, bound to its context such as a row's key."""

    def unseal(self, sealed: bytes, context: str) -> bytes:
        """The data again; ValueError where they were altered or sealed in another context."""

    def fingerprint(self, data: bytes) -> str:
        """A keyed digest, for comparing private contents without keeping them."""

    def close(self) -> None: ...
