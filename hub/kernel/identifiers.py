"""Record ids that every node computes alike, with no look-up."""

import unicodedata
from hashlib import blake2b

_DIGITS = "abcdefghijklmnopqrstuvwxyz234567"
# Two digits at a time, since every row of every source passes here; base64.b32encode is several times slower.
_PAIRS = tuple(high + low for high in _DIGITS for low in _DIGITS)


def record_id(kind: str, scheme: str, *parts: str) -> str:
    """The id of the record that `scheme` identifies by `parts`, such as `instrument-7k3mdp2qv5x4c6aj7k3m`.

    100 bits of BLAKE2b in base 32: opaque, so that a private identifier cannot be read from it, and safe in a URL.
    """
    named = "\x1f".join((kind, scheme, *(normalised(part) for part in parts)))
    bits = int.from_bytes(blake2b(named.encode(), digest_size=13).digest()) >> 4
    return f"{kind}-{base32(bits, 100)}"


def normalised(identifier: str) -> str:
    """Identifiers are compared without case, white space or full-width forms (NFKC)."""
    plain = identifier if identifier.isascii() else unicodedata.normalize("NFKC", identifier)
    return "".join(plain.casefold().split())


def base32(number: int, bits: int) -> str:
    """The number in lower-case base 32 (RFC 4648) without padding; `bits` is a multiple of 10."""
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(bits - 10, -1, -10)])
