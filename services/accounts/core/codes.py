"""E-mail addresses, and the codes that are sent to them."""

import hmac
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

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


def sealed_by(ticket: str, email: str) -> str:
    """The address, for who has the ticket alone (AES-256-GCM; a ticket seals one address, so one nonce will do)."""
    return urlsafe_b64encode(_cipher(ticket).encrypt(_NONCE, email.encode(), None)).decode()


def opened_by(ticket: str, sealed: str) -> str:
    """The address that the ticket sealed; cryptography's InvalidTag where it was another."""
    return _cipher(ticket).decrypt(_NONCE, urlsafe_b64decode(sealed), None).decode()


_NONCE = bytes(12)


def _cipher(ticket: str) -> AESGCM:
    return AESGCM(sha256(b"research-hub ticket " + ticket.encode()).digest())


def keyed(key: bytes, *parts: str) -> str:
    """HMAC-SHA-256: of what could be guessed without the key."""
    return hmac.digest(key, "\x1f".join(parts).encode("utf-8", "surrogatepass"), sha256).hex()
