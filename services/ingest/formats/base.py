"""What every format offers, a streaming reader in bounded memory, and how it tells of what it cannot read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from hub.kernel.problems import Problem, Refusal, expecting, quoted
from hub.text.language import Bilingual
from hub.text.messages import bilingual
from schemas.kind import Kind
from services.ingest.core.rows import Limits, Row

KEPT_BYTES = 1_000
"""Of a row that is too long: enough to recognise it by."""


def too_long(limits: Limits) -> Problem:
    return expecting("row-too-long", "ingest.most-bytes-row", limit=limits.row_bytes)


def broken(code: str, expected: Bilingual, found: bytes | str = "") -> Problem:
    """A problem of the document, with the place in it where that is known."""
    text = found.decode("utf-8", "replace") if isinstance(found, bytes) else found
    return Problem(code, expected, quoted(text))


def empty() -> Refusal:
    return Refusal(broken("empty-document", bilingual("ingest.empty-document")))


Read = Callable[[BinaryIO, Kind, Limits], Iterator[Row]]
"""Reads a seekable stream row by row.

Raises hub.kernel.problems.Refusal before its first row where the whole document cannot be read; what goes wrong later
is a row with problems. Bounded memory whatever the document's length.
"""


@dataclass(frozen=True, slots=True)
class Format:
    """One format. `sniff` looks at the first bytes, at most SNIFF_BYTES.

    `tabular`: its refused rows are given back as a table. `dialect`: a vocabulary written in another format, known by
    its content. `applies` tells for which kinds there is such a vocabulary.
    """

    name: str
    media_types: tuple[str, ...]
    suffixes: tuple[str, ...]
    read: Read
    sniff: Callable[[bytes], bool] = lambda start: False
    tabular: bool = False
    dialect: bool = False
    applies: Callable[[Kind], bool] = lambda kind: True


SNIFF_BYTES = 4_096
