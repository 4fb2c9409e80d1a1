"""Refused rows as they are kept for the sender: what was sent, and why it was not taken."""

import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from hub.kernel.problems import Problem
from hub.text.language import Bilingual
from services.ingest.core.rows import ID_NAMES, OPERATION_NAMES, VERSION_NAMES, Form, Row

LARGEST = 256 * 2**20
"""Of a packed list of rows, unpacked, in bytes; a batch of ingest is far below."""


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """One refused row.

    `sent` is the row as it came: the bytes of a JSON row (`json`); a mapping of JSON values (`values`); the cells of a
    table's row by their original headings (`text`).
    """

    number: int
    form: Form
    sent: bytes | Mapping[str, Any]
    problems: tuple[Problem, ...] = ()

    @classmethod
    def of(cls, row: Row, problems: tuple[Problem, ...]) -> "RefusedRow":
        """The row that a format read.

        Where a format keeps no row as it came, since it is no row of a table and no JSON, the values that were read
        take its place, with what the row states about itself: problems name those, and they can be sent again.
        """
        if row.sent is not None:
            return cls(row.number, "json" if isinstance(row.sent, bytes) else "text", row.sent, problems)
        if isinstance(row.data, bytes):
            return cls(row.number, "json", row.data, problems)
        told = {ID_NAMES[0]: row.source_record_id, VERSION_NAMES[0]: row.version, OPERATION_NAMES[0]: row.operation}
        stated = {name: value for name, value in told.items() if value is not None}
        return cls(row.number, row.form, {**stated, **row.data}, problems)

    def to_bytes(self) -> bytes:
        return orjson.dumps(_plain(self))

    @classmethod
    def from_bytes(cls, data: bytes) -> "RefusedRow":
        """ValueError, KeyError or TypeError where the bytes are no refused row."""
        return _refused(orjson.loads(data))


def pack_refused(rows: Iterable[RefusedRow]) -> bytes:
    """Many refused rows as one small blob."""
    return zlib.compress(orjson.dumps([_plain(row) for row in rows]), 1)


def unpack_refused(blob: bytes) -> tuple[RefusedRow, ...]:
    """The rows again; none of an empty blob.

    ValueError, KeyError, TypeError or zlib.error where the blob was not made by `pack_refused`.
    """
    if not blob:
        return ()
    rows = zlib.decompressobj().decompress(blob, LARGEST)
    return tuple(_refused(row) for row in orjson.loads(rows))


def _plain(row: RefusedRow) -> dict[str, Any]:
    return {
        "number": row.number,
        "form": row.form,
        "sent": row.sent if not isinstance(row.sent, bytes) else _written(row.sent),
        "problems": [_problem(problem) for problem in row.problems],
    }


def _refused(plain: Mapping[str, Any]) -> RefusedRow:
    form, sent = plain["form"], plain["sent"]
    return RefusedRow(
        plain["number"],
        form,
        _read(sent) if form == "json" else sent,
        tuple(_problem_again(problem) for problem in plain["problems"]),
    )


def _written(sent: bytes) -> str | list[str]:
    # Rows that are refused for their bad UTF-8 are kept too, byte by byte.
    try:
        return sent.decode()
    except UnicodeDecodeError:
        return [b64encode(sent).decode()]


def _read(written: str | list[str]) -> bytes:
    return written.encode() if isinstance(written, str) else b64decode(written[0])


def _problem(problem: Problem) -> list[Any]:
    label = problem.label and [problem.label.zh, problem.label.en]
    expected = [problem.expected.zh, problem.expected.en]
    return [problem.code, expected, problem.found, problem.field, label, problem.row]


def _problem_again(plain: list[Any]) -> Problem:
    code, expected, found, field, label, row = plain
    return Problem(code, Bilingual(*expected), found, field, Bilingual(*label) if label else None, row)
