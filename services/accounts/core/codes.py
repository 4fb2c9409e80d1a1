"""E-mail addresses, and the codes that are sent to them."""

import hmac
import re
import secrets
from hashlib import sha256

CODE_DIGITS = 8
CODE_TRIES = 5
"""Of a code, by whoever asked for it: another's tries are another code's."""
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}")
ADDRESS_CHARS = 254


def email_address(text: str) -> str | None:
    """The address in small letters, by which an account is known; None for what is no address of the usual form."""
    address = text.strip()
    if len(address) > ADDRESS_CHARS or not _ADDRESS.fullmatch(address) or ".." in address:
        return None
    return address.lower()


def new_code() -> str:
    """Random digits."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"


def typed_code(text: str) -> str:
    """The digits of what a person typed, full-width ones and spaces between them included."""
    return "".join(str(int(letter)) for letter in text if letter.isdecimal())[: CODE_DIGITS + 1]


def keyed(key: bytes, *parts: str) -> str:
    """HMAC-SHA-256: of what could be guessed without the key."""
    return hmac.digest(key, "\x1f".join(parts).encode("utf-8", "surrogatepass"), sha256).hex()
