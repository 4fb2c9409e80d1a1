"""Record ids that every node computes alike, with no look-up."""

import unicodedata
from base64 import b32encode
from hashlib import blake2b


def record_id(kind: str, scheme: str, *parts: str) -> str:
    """The id of the record that `scheme` identifies by `parts`, such as `instrument-7k3mdp2qv5x4c6aj7k3m`.

    100 bits of BLAKE2b: opaque, so that a private identifier cannot be read from it, and safe in a URL.
    """
    named = "\x1f".join((kind, scheme, *(normalised(part) for part in parts)))
    digest = blake2b(named.encode(), digest_size=13).digest()
    return f"{kind}-{b32encode(digest).decode().lower()[:20]}"


def normalised(identifier: str) -> str:
    """Identifiers are compared without case, white space or full-width forms (NFKC)."""
    return "".join(unicodedata.normalize("NFKC", identifier).casefold().split())
