"""Who holds a bearer token."""

from typing import Protocol

from hub.kernel.access import Principal


class AccessList(Protocol):
    """Knows the bearer tokens that were issued."""

    def principal(self, token: str) -> Principal | None: ...
