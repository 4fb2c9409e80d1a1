"""Refused rows given back to their sender as they were sent, each with what is wrong, to be mended and sent again.

A table's rows come back under their own headings. Rows of other formats are JSON objects: in a table they stand in the
column `_raw`. The column `_problems` is passed over when the file is sent again.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from tempfile import SpooledTemporaryFile
from typing import Any, Literal

import orjson
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from hub.text.language import Language
from hub.text.messages import bilingual
from schemas.cells import guarded, guarded_in_workbook
from schemas.kind import Kind
from schemas.validation import values_of
from services.ingest.core.refused import RefusedRow
from services.ingest.core.rows import ERROR_NAME, RAW_NAME
from services.ingest.formats.headings import meant_by, names_of

Giveback = Literal["csv", "xlsx", "ndjson"]

BOM = "\ufeff"
"""Without it Excel takes a CSV file for one in the system's old encoding."""
CELL_CHARS = 32_767
"""The most that Excel holds in a cell."""
_CHUNK = 64 * 2**10
_IN_MEMORY = 4 * 2**20
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_TOO_LONG = bilingual("ingest.too-long")


def write_refused(rows: Iterable[RefusedRow], format: Giveback, language: Language, kind: Kind) -> Iterator[bytes]:
    """The file in pieces; bounded memory."""
    if format == "csv":
        return _csv(rows, language)
    return _xlsx(rows, language) if format == "xlsx" else _ndjson(rows, language, kind)


def _messages(row: RefusedRow, language: Language) -> list[str]:
    return [(p if p.row is not None else p.at_row(row.number)).message(language) for p in row.problems]


def _table(rows: Iterable[RefusedRow], language: Language) -> Iterator[list[str]]:
    """The headings, then a list of cells a row; the rows of one file have the same headings."""
    remaining = iter(rows)
    first = next(remaining, None)
    if first is None:
        yield [ERROR_NAME]
        return
    tabular = first.form == "text"
    headings = list(first.sent) if tabular and isinstance(first.sent, Mapping) else [RAW_NAME]
    yield [ERROR_NAME, *headings]
    for row in chain((first,), remaining):
        yield ["\n".join(_messages(row, language)), *_cells(row, headings, tabular)]


def _cells(row: RefusedRow, headings: Sequence[str], tabular: bool) -> list[str]:
    if tabular and isinstance(row.sent, Mapping):
        return [str(row.sent.get(heading, "")) for heading in headings]
    return [_raw(row.sent)]


def _raw(sent: bytes | Mapping[str, Any]) -> str:
    return (sent if isinstance(sent, bytes) else orjson.dumps(sent)).decode("utf-8", "replace")


def _csv(rows: Iterable[RefusedRow], language: Language) -> Iterator[bytes]:
    buffer = io.StringIO(BOM, newline="")
    buffer.seek(0, io.SEEK_END)
    writer = csv.writer(buffer)
    for cells in _table(rows, language):
        writer.writerow([guarded(cell) for cell in cells])
        if buffer.tell() >= _CHUNK:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def _xlsx(rows: Iterable[RefusedRow], language: Language) -> Iterator[bytes]:
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet()
    for problems, *cells in _table(rows, language):
        whole = all(len(cell) < CELL_CHARS for cell in cells)
        told = problems if whole else f"{_TOO_LONG[language]}\n{problems}"
        texts = [told, *(cell if len(cell) < CELL_CHARS else "" for cell in cells)]
        sheet.append([_text_cell(sheet, text) for text in texts])
    with SpooledTemporaryFile(_IN_MEMORY) as file:
        workbook.save(file)
        file.seek(0)
        while chunk := file.read(_CHUNK):
            yield chunk


def _text_cell(sheet: Any, text: str) -> Any:
    """A cell that stays text, whatever it looks like; XML has no place for most control characters."""
    cell = WriteOnlyCell(sheet, _NO_XML.sub("\ufffd", guarded_in_workbook(text))[:CELL_CHARS])
    cell.data_type = "s"
    return cell


def _ndjson(rows: Iterable[RefusedRow], language: Language, kind: Kind) -> Iterator[bytes]:
    for row in rows:
        messages = _messages(row, language)
        if isinstance(row.sent, bytes):
            yield _with_problems(row.sent, messages)
        else:
            fields = _fields(row.sent, kind) if row.form == "text" else row.sent
            yield orjson.dumps({ERROR_NAME: messages, **fields}, default=str) + b"\n"


def _with_problems(sent: bytes, messages: list[str]) -> bytes:
    """The object as it was sent, to the byte, with the problems before its first member; on one line."""
    try:
        known = orjson.loads(sent)
    except orjson.JSONDecodeError:
        known = None
    if not isinstance(known, dict):
        return orjson.dumps({ERROR_NAME: messages, RAW_NAME: _raw(sent)}) + b"\n"
    if ERROR_NAME in known:
        known.pop(ERROR_NAME)
        return orjson.dumps({ERROR_NAME: messages, **known}) + b"\n"
    # Line breaks of an object can only be white space: in its strings they are escaped.
    members = sent.strip()[1:].replace(b"\r", b" ").replace(b"\n", b" ")
    comma = b"," if known else b""
    return b'{"%b":%b%b%b\n' % (ERROR_NAME.encode(), orjson.dumps(messages), comma, members)


def _fields(sent: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
    """The cells of a table's row as the fields of a record; cells under headings that mean none by their heading."""
    names = names_of(kind)
    by_path = {(meant_by(heading, names) or (heading,))[0]: str(cell) for heading, cell in sent.items()}
    return values_of(kind, by_path)
