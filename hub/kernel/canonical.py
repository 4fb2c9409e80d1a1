"""One byte form for equal values, so that digests agree on every node."""

from collections.abc import Iterable
from hashlib import blake2b, sha256
from typing import Any

import orjson


def canonical_json(value: Any) -> bytes:
    """JSON with sorted keys and no white space (the order of RFC 8785; numbers as orjson writes them)."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def short_digest(data: bytes) -> str:
    """128 bits of BLAKE2b in hexadecimal: enough to tell contents apart, not a signature."""
    return blake2b(data, digest_size=16).hexdigest()


def digest_of(lines: Iterable[bytes]) -> str:
    """SHA-256 over the sorted digests of the lines: equal for equal sets, whatever order they arrive in.

    Memory grows by a digest a line, not by the line.
    """
    return sha256(b"".join(sorted(sha256(line).digest() for line in lines))).hexdigest()
