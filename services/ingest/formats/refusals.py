"""What formats tell about documents that they cannot read, in one place so that it is told alike."""

from hub.kernel.problems import Problem, Refusal, quoted
from hub.text.language import Bilingual
from hub.text.messages import bilingual
from services.ingest.core.rows import Limits

KEPT_BYTES = 1_000
"""Of a row that is too long: enough to recognise it by."""


def too_long(limits: Limits) -> Problem:
    expected = bilingual("ingest.most-bytes-row", limit=limits.row_bytes)
    return Problem("row-too-long", expected)


def broken(code: str, expected: Bilingual, found: bytes | str = "") -> Problem:
    """A problem of the document, with the place in it where that is known."""
    text = found.decode("utf-8", "replace") if isinstance(found, bytes) else found
    return Problem(code, expected, quoted(text))


def empty() -> Refusal:
    return Refusal(broken("empty-document", bilingual("ingest.empty-document")))
