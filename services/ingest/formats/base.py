"""What every format offers: a streaming reader in bounded memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from schemas.kind import Kind
from services.ingest.core.rows import Limits, Row

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
