"""A subject's key, and the tokens that it makes of values."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from hub.kernel.canonical import canonical_json
from hub.ports.personal import TOKEN_PREFIX

KEY_BYTES = 64
BLOCK_BYTES = 32
"""Values are padded to multiples, lest a token's length tell one value of few."""


class SubjectKey:
    """Tokens `vault:<ref>=<value sealed by AES-SIV>` (RFC 5297), bound to `ref`, which is random and names the key.

    Deterministic, so that a row that is sent again makes the same event; what that tells, it tells of one subject.
    """

    def __init__(self, ref: str, key: bytes) -> None:
        self._start = f"{TOKEN_PREFIX}{ref}="
        self._bound = [ref.encode()]
        self._cipher = AESSIV(key)

    def seal(self, value: Any) -> str:
        """The token of a value, which is JSON."""
        data = canonical_json(value)
        sealed = self._cipher.encrypt(data.ljust(-(-len(data) // BLOCK_BYTES) * BLOCK_BYTES), self._bound)
        return self._start + urlsafe_b64encode(sealed).decode().rstrip("=")

    def open(self, token: str) -> Any:
        """The value again; ValueError for what this key has not made."""
        sealed = token.removeprefix(self._start)
        try:
            return orjson.loads(self._cipher.decrypt(urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4)), self._bound))
        except InvalidTag as error:
            raise ValueError("a token that this key has not made") from error


def ref_of(token: str) -> str:
    """Names the key of a token; empty of what is no such token."""
    ref, mark, _ = token.removeprefix(TOKEN_PREFIX).partition("=")
    return ref if mark and token.startswith(TOKEN_PREFIX) else ""
