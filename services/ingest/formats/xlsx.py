"""Excel workbooks (Office Open XML, ISO/IEC 29500): the first sheet that holds anything."""

import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from hub.kernel.problems import Problem, Refusal, refusal
from hub.text.messages import bilingual
from schemas.kind import Kind
from services.ingest.core.rows import Limits, Row
from services.ingest.formats.base import Format, broken, empty
from services.ingest.formats.table import Record, table_rows

ZIP = b"PK\x03\x04"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""The start of the binary files of Excel 97, and of workbooks that are protected by a password."""

UNPACKED_BYTES = 512 * 2**20
SHARED_STRINGS_BYTES = 64 * 2**20
"""The workbook's table of texts is held in memory while its sheet is read."""
MEMBERS = 2_000

_UNREADABLE = (
    ValueError,  # also what defusedxml raises
    KeyError,
    OSError,
    EOFError,
    AttributeError,
    TypeError,
    IndexError,
    NotImplementedError,
    zipfile.BadZipFile,
    ParseError,
    InvalidFileException,
)


def read(stream: BinaryIO, kind: Kind, limits: Limits) -> Iterator[Row]:
    """Rows of cells as text; see services.ingest.formats.base.Read. Counted as the sheet does."""
    _check(stream)
    return table_rows(_records(stream), kind, limits)


def _check(stream: BinaryIO) -> None:
    """Refuse what is no workbook, and what would unpack to more than the hub can hold."""
    start = stream.read(len(OLE))
    stream.seek(0)
    if start == OLE:
        raise Refusal(broken("old-workbook", bilingual("ingest.old-workbook")), status=415)
    try:
        with zipfile.ZipFile(stream) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise Refusal(_no_workbook()) from None
    finally:
        stream.seek(0)
    total = sum(member.file_size for member in members)
    texts = sum(member.file_size for member in members if member.filename.endswith("sharedStrings.xml"))
    if len(members) > MEMBERS or total > UNPACKED_BYTES or texts > SHARED_STRINGS_BYTES:
        raise refusal(
            "workbook-too-large",
            "ingest.workbook-most-mib-unpacked",
            f"{total // 2**20} MiB",
            None,
            413,
            total=UNPACKED_BYTES // 2**20,
            texts=SHARED_STRINGS_BYTES // 2**20,
        )


def _records(stream: BinaryIO) -> Iterator[Record]:
    try:
        workbook = load_workbook(stream, read_only=True, data_only=True)
    except _UNREADABLE:
        raise Refusal(_no_workbook()) from None
    number = 0
    try:
        for sheet in workbook.worksheets:
            sheet.reset_dimensions()  # what a file says about its size is often wrong
            for number, values in enumerate(sheet.iter_rows(values_only=True), start=1):
                yield Record(number, [text_of(value) for value in values])
            if number:
                return
    except _UNREADABLE as error:
        expected = bilingual("ingest.rest-unread", expected=bilingual("ingest.broken-workbook"))
        yield Record(number + 1, (), broken("broken-workbook", expected, type(error).__name__))
    finally:
        workbook.close()
    if not number:
        raise empty()


def _no_workbook() -> Problem:
    return broken("no-workbook", bilingual("ingest.no-workbook"))


def text_of(value: Any) -> str:
    """A cell's value as schemas.cells reads it: dates and times by ISO 8601, whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    return value.isoformat() if isinstance(value, date | time) else str(value)


FORMAT = Format(
    name="xlsx",
    media_types=("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",),
    suffixes=(".xlsx", ".xlsm"),
    read=read,
    sniff=lambda start: start.startswith((ZIP, OLE)),
    tabular=True,
)
