"""Whether a request that carries a known idempotency key is a repeat, and what to do with it.

Follows the IETF draft draft-ietf-httpapi-idempotency-key-header: a repeat gets the same answer, other content under
the same key is an error (422), and so is a repeat while the first is still at work (409).
"""

from typing import Literal

from hub.kernel.problems import refusal
from schemas.http.ingest import Progress

KEY_LIMIT = 255
LEASE_SECONDS = 20.0

Verdict = Literal["resumed", "replayed", "busy", "mismatch"]


def judged(*, same_content: bool, progress: Progress, silent_seconds: float) -> Verdict:
    """`silent_seconds`: since the earlier request last stored something; after LEASE_SECONDS it is taken for dead."""
    if not same_content:
        return "mismatch"
    if progress == "complete":
        return "replayed"
    if progress == "receiving" and silent_seconds < LEASE_SECONDS:
        return "busy"
    return "resumed"


def key_from_header(value: str | None) -> str:
    """The key in an Idempotency-Key header, a quoted string (RFC 8941) or bare; empty where there is none.

    Raises Refusal (400) for one that is empty, too long or not printable ASCII.
    """
    if value is None:
        return ""
    key = value.strip()
    if len(key) >= 2 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if 0 < len(key) <= KEY_LIMIT and key.isascii() and key.isprintable():
        return key
    raise refusal(
        "bad-idempotency-key", "ingest.printable-ascii-characters-such", value, "Idempotency-Key", 400, limit=KEY_LIMIT
    )
