"""CSV (RFC 4180) as spreadsheets write it: UTF-8, UTF-16 or GB 18030; separated by commas, semicolons or tabs."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

from hub.kernel.problems import expecting, refusal
from schemas.kind import Kind
from services.ingest.core.rows import Limits, Row
from services.ingest.formats.base import SNIFF_BYTES, Format, empty, too_long
from services.ingest.formats.headings import Names, meant_by, names_of
from services.ingest.formats.table import TITLE_ROWS, Record, table_rows

DELIMITERS = ",;\t"
_CHUNK = 2**20
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_SURELY_UTF8 = 10
_HAN_UTF8 = re.compile(rb"[\xe3-\xe9][\x80-\xbf]{2}")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")


def read(stream: BinaryIO, kind: Kind, limits: Limits) -> Iterator[Row]:
    """Rows of cells; see services.ingest.formats.base.Read. Counted as a spreadsheet does: a record a row."""
    return read_named(stream, kind, limits, names_of(kind))


def read_named(stream: BinaryIO, kind: Kind, limits: Limits, names: Names) -> Iterator[Row]:
    """Rows of a table whose headings have the names given; see services.ingest.formats.headings."""
    encoding = encoding_of(stream)
    start = _start(stream, encoding)
    if not start.strip("\ufeff \t\r\n"):
        raise empty()
    return table_rows(_records(stream, encoding, delimiter_of(start, names), limits), kind, limits, names)


def encoding_of(stream: BinaryIO) -> str:
    """The encoding in which the whole stream can be read; the stream is left at its start.

    Refusal where there is none, or where a file in UTF-8 has a broken character, rather than guessing at it.
    """
    start = stream.read(SNIFF_BYTES)
    stream.seek(0)
    encoding = next((name for bom, name in _BOMS.items() if start.startswith(bom)), "utf-8")
    broken = _first_break(stream, encoding)
    if broken is None:
        return encoding
    line, seen_han = broken
    if encoding == "utf-8" and seen_han < _SURELY_UTF8 and _first_break(stream, "gb18030") is None:
        return "gb18030"
    raise refusal("unreadable-text", "ingest.text-utf-gb-line", line=line)


def _first_break(stream: BinaryIO, encoding: str) -> tuple[int, int] | None:
    """The line of the first undecodable byte and how many Han characters in UTF-8 precede it, roughly; or None."""
    decoder = codecs.getincrementaldecoder(encoding)()
    lines, seen_han = 1, 0
    try:
        while True:
            chunk = stream.read(_CHUNK)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                good = error.object[: error.start]
                return lines + good.count(b"\n"), seen_han + len(_HAN_UTF8.findall(good))
            if not chunk:
                return None
            lines += text.count("\n")
            seen_han += 0 if text.isascii() else _SURELY_UTF8
    finally:
        stream.seek(0)


def _start(stream: BinaryIO, encoding: str) -> str:
    start = stream.read(4 * SNIFF_BYTES)
    stream.seek(0)
    return codecs.getincrementaldecoder(encoding)().decode(start)


def delimiter_of(start: str, names: Names) -> str:
    """The delimiter by which most headings are known, or else most cells are made."""

    def known(delimiter: str) -> tuple[int, int]:
        lines = start.removeprefix("\ufeff").splitlines(keepends=True)
        rows = list(_parsed(iter(lines[: 2 * TITLE_ROWS]), delimiter))
        counts = [(sum(bool(meant_by(cell, names)) for cell in row), len(row)) for row in rows]
        return max(counts, default=(0, 0))

    return max(DELIMITERS, key=known)


def _parsed(lines: Iterator[str], delimiter: str) -> Iterator[list[str]]:
    """Rows as far as they can be parsed."""
    try:
        yield from csv.reader(lines, delimiter=delimiter)
    except csv.Error:
        return


class _Lines:
    """The lines of a text, none of them longer than `limit` characters; `cut` tells of one that was."""

    def __init__(self, text: io.TextIOWrapper, limit: int) -> None:
        self._text = text
        self._limit = limit
        self.cut = False

    def __iter__(self) -> Iterator[str]:
        limit = self._limit
        readline = self._text.readline
        while line := readline(limit):
            if len(line) == limit and line[-1] not in "\r\n":
                self.cut = True
                while (rest := readline(limit)) and rest[-1] not in "\r\n":
                    pass
            yield line


def _records(stream: BinaryIO, encoding: str, delimiter: str, limits: Limits) -> Iterator[Record]:
    text = io.TextIOWrapper(stream, encoding, newline="")
    try:
        yield from _numbered(_Lines(text, limits.row_bytes), delimiter, limits)
    finally:
        with suppress(ValueError):  # where the caller has closed the stream already
            text.detach()  # the stream is the caller's, and is not to be closed with the wrapper


def _numbered(lines: _Lines, delimiter: str, limits: Limits) -> Iterator[Record]:
    number = 0
    # The module's own limit holds for the whole process; a cell may be as long as a row.
    csv.field_size_limit(max(csv.field_size_limit(), limits.row_bytes))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            number += 1
            if lines.cut:
                lines.cut = False
                yield Record(number, cells, too_long(limits))
            else:
                yield Record(number, cells)
    except csv.Error as error:
        reason, line = str(error), reader.line_num
        broken = expecting("broken-csv", "ingest.csv-quotation-marks-pairs", reason=reason, line=line)
        yield Record(number + 1, (), broken)


def _sniffed(start: bytes) -> bool:
    """Text with a separator in its first lines; tried after every other format."""
    if any(start.startswith(bom) for bom in _BOMS):
        return True
    head = start.lstrip()
    if not head or head[:1] in b"<{[" or head.startswith(b"%PDF") or _CONTROL.search(start):
        return False
    return any(delimiter.encode() in start for delimiter in DELIMITERS)


FORMAT = Format(
    name="csv",
    media_types=("text/csv", "application/csv", "text/tab-separated-values"),
    suffixes=(".csv", ".tsv"),
    read=read,
    sniff=_sniffed,
    tabular=True,
)
