"""JSON (RFC 8259): one object, an array of objects, or one object a line (NDJSON, also called JSON Lines).

Objects are cut out of the document as bytes and parsed once, by the record's own validation.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

import orjson

from hub.kernel.problems import Refusal
from hub.text.messages import bilingual
from schemas.kind import Kind
from services.ingest.core.rows import Limits, Row
from services.ingest.formats.base import KEPT_BYTES, SNIFF_BYTES, Format, broken, empty, too_long
from services.ingest.formats.jsonarray import array_items

BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n"
_START = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*+([^ \t\r\n])")
_SKIP_BYTES = 64 * 2**10


def read(stream: BinaryIO, kind: Kind, limits: Limits) -> Iterator[Row]:
    """Rows of JSON objects; see services.ingest.formats.base.Read.

    A row's number is its line where each line is an object, otherwise its place in the array, from 1.
    """
    start = _first_byte(stream)
    if start == b"[":
        return array_items(stream, limits)
    if start == b"{":
        return _lines(stream, limits) if _is_lines(stream, limits) else _document(stream, limits)
    raise _not_json(start)


def read_lines(stream: BinaryIO, kind: Kind, limits: Limits) -> Iterator[Row]:
    """Rows of a document that is said to be NDJSON; an array is taken all the same."""
    start = _first_byte(stream)
    if start == b"[":
        return array_items(stream, limits)
    if start == b"{":
        return _lines(stream, limits)
    raise _not_json(start)


def _first_byte(stream: BinaryIO) -> bytes:
    """The first byte behind the byte order mark and white space; the stream is left behind the mark."""
    start = stream.read(SNIFF_BYTES)
    found = _START.match(start)
    stream.seek(len(BOM) if start.startswith(BOM) else 0)
    if not start.strip(_BLANK) or start == BOM:
        raise empty()
    return found[1] if found else b""


def _not_json(start: bytes) -> Refusal:
    return Refusal(broken("broken-json", bilingual("ingest.json-document", brace="{"), start))


def _is_lines(stream: BinaryIO, limits: Limits) -> bool:
    """Whether each line is an object, rather than all lines one; the stream stays where it is."""
    start = stream.tell()
    lines = (line.strip(_BLANK) for line in iter(lambda: stream.readline(limits.row_bytes), b""))
    filled = (line for line in lines if line)
    first, second = next(filled, b""), next(filled, b"")
    stream.seek(start)
    if not second:
        return True
    looks_so = first.endswith(b"}") or (second[:1] == b"{" and second[-1:] == b"}")
    return looks_so and not first.endswith((b"{", b"[", b","))


def _lines(stream: BinaryIO, limits: Limits) -> Iterator[Row]:
    limit = limits.row_bytes + 2  # the line's end is not the row's
    number = 0
    while line := stream.readline(limit):
        number += 1
        row = line.strip(_BLANK)
        if len(row) > limits.row_bytes or (len(line) == limit and line[-1:] != b"\n"):
            while line and line[-1:] != b"\n":
                line = stream.readline(_SKIP_BYTES)
            yield Row(number, "json", row[:KEPT_BYTES], KEPT_BYTES, problems=(too_long(limits),))
        elif row:
            yield Row(number, "json", row, len(row))


def _document(stream: BinaryIO, limits: Limits) -> Iterator[Row]:
    """The document as one row. Refused where it is broken, since nothing tells where a row would end."""
    document = stream.read(limits.row_bytes + 1).strip(_BLANK)
    if len(document) > limits.row_bytes:
        return iter((Row(1, "json", document[:KEPT_BYTES], KEPT_BYTES, problems=(too_long(limits),)),))
    try:
        orjson.loads(document)
    except orjson.JSONDecodeError as error:
        line = document.decode("utf-8", "replace").split("\n")[error.lineno - 1] if error.lineno else ""
        raise Refusal(
            broken(
                "broken-json",
                bilingual("ingest.valid-json", lineno=error.lineno, colno=error.colno, msg=error.msg),
                line,
            )
        ) from None
    return iter((Row(1, "json", document, len(document)),))


def _sniffed(start: bytes) -> bool:
    found = _START.match(start)
    return found is not None and found[1] in (b"{", b"[")


def _sniffed_lines(start: bytes) -> bool:
    first, end, _ = start.removeprefix(BOM).lstrip(_BLANK).partition(b"\n")
    first = first.strip(_BLANK)
    return bool(end) and first[:1] == b"{" and first[-1:] == b"}"


JSON = Format(name="json", media_types=("application/json",), suffixes=(".json",), read=read, sniff=_sniffed)

NDJSON = Format(
    name="ndjson",
    media_types=("application/x-ndjson", "application/jsonl", "application/ndjson", "application/x-jsonlines"),
    suffixes=(".ndjson", ".jsonl", ".jl"),
    read=read_lines,
    sniff=_sniffed_lines,
)
"""The common names; none of them is registered with IANA."""
