"""Control characters and unpaired surrogates in whatever text an operation takes: told by field, and stored nowhere."""

import io
import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote
from zipfile import ZipFile

import orjson
import pytest
from openpyxl import Workbook
from pydantic import BaseModel

from hub.kernel.operation import Operation
from schemas.http import OPERATIONS
from schemas.http.ingest import SUBMIT
from schemas.http.usage import NewRun, NewRuns
from tests.integration.whole_site import Site, codes, opened

pytestmark = pytest.mark.integration
CHARACTERS = ("\0", "\b", "\x1f", "\ud800", "\udfff")
SERVED = [operation for operation in OPERATIONS if operation.path.startswith("/api")]
HEADS = {"Idempotency-Key"}
"""Fields of a request's head that are kept; bytes beyond ASCII are Latin-1 there, which has no surrogates."""


class Input(NamedTuple):
    """One text that an operation takes: its field as problems name it, and a request that has it."""

    field: str
    name: str
    body: bytes = b""
    key: str = ""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with opened(folder, 300_000) as made:
        yield made
    assert stored(folder) == []


def stored(folder: Path) -> list[str]:
    """Where a control character stands in the tables, as it is or as JSON writes it."""
    places = []
    escaped = tuple(form for code in (0, 8, 0x1F) for form in (chr(code), f"\\u{code:04x}"))
    databases = [path for path in folder.rglob("*") if path.is_file() and path.read_bytes()[:15] == b"SQLite format 3"]
    assert databases
    for path in databases:
        with sqlite3.connect(path) as database:
            for (table,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
                for row in database.execute(f'SELECT * FROM "{table}"'):
                    places += [f"{path.name} {table}" for form in escaped if form in "".join(map(text_of, row))]
    return places


def text_of(cell: object) -> str:
    """What is text in a cell, JSON included; blobs of other things have every byte."""
    if isinstance(cell, bytes):
        return cell.decode() if cell[:1] in (b"{", b"[") else ""
    return str(cell)


def members(model: type[BaseModel] | None) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def inputs(operation: Operation[Any], character: str) -> Iterator[Input]:
    """Every text of the operation with the character in it."""
    text, coded = f"a{character}b", quote(f"a{character}b".encode("utf-8", "surrogatepass"))
    plain = f"{operation.method} {re.sub('{.*?}', 'a', operation.path)}"
    if character < "\ud800":  # servers hand over a path as text, which has none
        for name in operation.names:
            yield Input("path", f"{operation.method} {operation.path.replace(f'{{{name}}}', text)}")
        yield from (Input(name, plain, key=text) for name in operation.headers if name in HEADS)
    for name in (*members(operation.query), *(f"{prefix}x" for prefix in operation.prefixed), "lang", "unknown"):
        yield Input(name, f"{plain}?{name}={coded}")
    if operation.body:
        fields = members(NewRun if operation.body is NewRuns else operation.body)
        for name in (*fields, "unknown"):
            yield Input(name, plain, written({name: text}))
            yield Input(f"0.{name}", plain, written([{name: text}]))
        yield Input("a\ufffdb", plain, written({text: 1}))


def written(value: Any) -> bytes:
    """JSON with the character as an escape; as a byte it would be no JSON."""
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if one.path.startswith("/api")], ids=lambda one: one.id
)
def test_every_text_that_an_operation_takes_is_refused_by_its_field(site: Site, operation: Operation[Any]) -> None:
    for character in CHARACTERS:
        for given in inputs(operation, character):
            pieces = [given.body] if given.body else []
            answer = site.call(given.name, token=site.operator, pieces=pieces, idempotency_key=given.key)
            assert (answer.status, codes(answer)) == (400, ["bad-character"]), (given, answer.body)
            (error,) = orjson.loads(answer.body)["errors"]
            assert (error["field"], error["found"]) == (given.field, f"U+{ord(character):04X}")


def workbook(*rows: tuple[str, ...]) -> bytes:
    """An Excel workbook; an `@` in a cell becomes NUL as Excel writes it, which openpyxl would not let through."""
    book, stream, made = Workbook(), io.BytesIO(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(stream)
    with ZipFile(stream) as old, ZipFile(made, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"@", b"_x0000_"))
    return made.getvalue()


ROWS = {
    "json": b'{"_id": "1", "name_zh": "a\\u0000b"}',
    "array": b'[{"_id": "1", "name_zh": "a\\bb"}]',
    "ndjson": b'{"_id": "1", "name_zh": "a\\u001fb"}\n',
    "csv": b"_id,name_zh\n1,a\0b\n",
    "surrogate": b'{"_id": "1", "name_zh": "a\\ud800b"}\n',
    "refused again": orjson.dumps({"_id": "1", "_raw": '{"name_zh": "a\\u0000b"}'}) + b"\n",
}


@pytest.mark.parametrize("form", ROWS)
def test_a_row_with_one_is_kept_for_repair(site: Site, form: str) -> None:
    name = f"POST {SUBMIT.path.replace('{kind}', 'organisation')}?source=owner"
    media = {"csv": "text/csv", "array": "application/json", "json": "application/json"}
    answer = site.call(
        name, pieces=[ROWS[form]], token=site.operator, content_type=media.get(form, "application/x-ndjson")
    )
    receipt = orjson.loads(answer.body)
    assert (answer.status, receipt["accepted"], receipt["refused"]) == (202, 0, 1), receipt
    (problem,) = receipt["problems"]
    wanted = ("json_invalid", "") if form == "surrogate" else ("bad-character", "name_zh")
    assert (problem["code"], problem["row"] or 0) == (wanted[0], 2 if form == "csv" else 1)
    assert problem["field"] == wanted[1]
    refused = site.call(f"GET {receipt['links']['refused']}?format=ndjson", token=site.operator)
    assert (refused.status, refused.body.count(b"\n")) == (200, 1)


def test_a_workbook_can_bring_none(site: Site) -> None:
    name = f"POST {SUBMIT.path.replace('{kind}', 'organisation')}?source=owner"
    media = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    body = workbook(("_id", "name_zh"), ("1", "a@b"))
    answer = site.call(name, pieces=[body], token=site.operator, content_type=media)
    receipt = orjson.loads(answer.body)
    assert (answer.status, receipt["accepted"]) == (202, 1), receipt  # as the seven characters that it is written with


def test_a_search_that_is_kept_has_none(site: Site) -> None:
    body = written({"name": "a", "query": "kind=expert&q=%00"})
    answer = site.call("POST /api/v1/saved-searches", pieces=[body], token=site.operator)
    assert (answer.status, codes(answer), b'"q"' in answer.body) == (400, ["bad-character"], True)


def test_other_text_is_taken(site: Site) -> None:
    body = written({"name": "一行\n\t两行\r\n", "query": "q=a%09b"})
    assert site.call("POST /api/v1/saved-searches", pieces=[body], token=site.operator).status == 201


PAGES = ("/?q=a%00b", "/records/a\0b", "/bookings?cursor=%1F", "/steward/duplicates?after=%00", "/import/receipts/\0")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_so(site: Site, page: str) -> None:
    answer = site.call(f"GET {page}", token=site.operator)
    assert answer.status in (200, 400, 404)
    assert "U+00" in answer.body.decode() or answer.status == 404
