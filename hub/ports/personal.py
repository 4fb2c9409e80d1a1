"""Values that only some may read, sealed with a key of whom they are about, so that they are sealed wherever they rest.

Who is meant is a subject: the id under which a record was submitted, or an account's. Where the subject's key is
destroyed, nobody reads the values again, in whatever table, log or backup they are.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

TOKEN_PREFIX = "vault:"  # noqa: S105 - marks what stands in a value's place, is no secret
GONE = f"{TOKEN_PREFIX}gone"
"""What stands for a value of a subject that was erased: nothing is kept of it."""

Sealer = Callable[[Any], str]
"""Makes the token of a value, which is JSON. Equal values of one subject have equal tokens while its key lives."""


class KeysLocked(RuntimeError):
    """The master key is missing, readable to others, or not one that subjects' keys were sealed with."""


@dataclass(frozen=True, slots=True)
class Consent:
    """For what a person agreed that the hub keeps its values, and when (RFC 3339); withdrawn or in force."""

    purpose: str
    given_at: str
    withdrawn_at: str | None = None


class PersonalValues(Protocol):
    """Seals and opens values. Tokens that look like these are values like any others."""

    def sealers(self, subjects: Collection[str]) -> Mapping[str, Sealer]:
        """The sealer of each subject; keys that are new are durable when this returns."""

    def open(self, tokens: Collection[str]) -> Mapping[str, Any]:
        """The value of each token that can be read; the caller has seen who asks."""

    def close(self) -> None: ...


def opened(personal: PersonalValues, texts: Collection[str]) -> Mapping[str, str]:
    """Each text as people read it, such as the name of an account: empty where it is sealed and cannot be opened."""
    values = personal.open({text for text in texts if text.startswith(TOKEN_PREFIX)})
    return {text: str(values.get(text, "")) if text.startswith(TOKEN_PREFIX) else text for text in texts}
