"""Refused rows go out so that, mended or not, they come in again as they were; and every format is found."""

import csv
import io
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from hub.kernel.problems import Problem, Refusal
from hub.text.language import Bilingual
from schemas.cells import guarded, unguarded
from schemas.kind import kind_named
from services.ingest.core.refused import RefusedRow, pack_refused, unpack_refused
from services.ingest.core.rows import Limits, Row
from services.ingest.core.submissions import Checked, Frame, checked
from services.ingest.formats import csv_, jsonrows, pidinst, refused_rows, ror, uniquip, xlsx
from services.ingest.formats.refused_rows import Giveback, write_refused
from services.ingest.formats.registry import FORMATS, chosen

pytestmark = pytest.mark.unit
INSTRUMENT = kind_named("instrument")
PROBLEM = Problem("x", Bilingual("应当", "should"), "found", "name_zh", Bilingual("中文名", "Chinese name"), 3)


def given_back(rows: list[RefusedRow], form: Giveback, kind: str = "instrument") -> bytes:
    return b"".join(write_refused(rows, form, "zh", kind_named(kind)))


def again(document: bytes, form: Giveback) -> list[Row]:
    read = {"csv": csv_.read, "xlsx": xlsx.read, "ndjson": jsonrows.read_lines}[form]
    return list(read(io.BytesIO(document), INSTRUMENT, Limits()))


def refused(row: Row) -> RefusedRow:
    return RefusedRow.of(row, (PROBLEM,))


texts = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["=1+1", "'=x", "''@x", "-12", "+86 571", "＝x", "\ttab", "#hint", 'a"b', "a\r\nb", "\n=x"]
)


@given(st.text(alphabet="'=+-@1\t\n\r＝a", max_size=6))
def test_the_guard_against_formulas_comes_off_again(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert not guarded(text).startswith(("=", "@", "\t", "＝")) or not text


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(texts, texts), max_size=4))
def test_a_table_comes_back_as_it_was_sent(cells: list[tuple[str, str]]) -> None:
    rows = [RefusedRow(number, "text", {"中文名": a, "简介": b}, (PROBLEM,)) for number, (a, b) in enumerate(cells)]
    document = given_back(rows, "csv")
    assert document.startswith("\ufeff".encode())
    kept = [row.sent for row in rows if any(cell.strip() for cell in row.sent.values())]  # type: ignore[union-attr]
    assert [row.sent for row in again(document, "csv")] == kept if rows else not kept


def test_no_cell_of_a_given_back_table_is_a_formula() -> None:
    row = RefusedRow(2, "text", {"中文名": '=HYPERLINK("http://x")', "简介": "'=1"}, (PROBLEM,))
    (_, cells) = csv.reader(io.StringIO(given_back([row], "csv").decode("utf-8-sig")))
    assert cells[1:] == ['\'=HYPERLINK("http://x")', "''=1"]
    document = given_back([row], "xlsx")
    sheet = load_workbook(io.BytesIO(document)).worksheets[0]
    assert [(cell.data_type, cell.value) for cell in sheet[2]][1:] == [("s", '=HYPERLINK("http://x")'), ("s", "''=1")]
    assert [again(document, "xlsx")[0].sent] == [row.sent]


def test_a_tables_rows_name_their_problems_in_the_readers_language() -> None:
    row = RefusedRow(3, "text", {"中文名": "x"}, (PROBLEM, Problem("y", Bilingual("乙", "B"))))
    document = given_back([row], "csv").decode()
    assert "第 3 行，字段“中文名 (name_zh)”" in document
    assert "第 3 行；应为：乙" in document
    english = b"".join(write_refused([row], "csv", "en", INSTRUMENT)).decode()
    assert "row 3; expected B" in english


def mended(document: bytes, form: Giveback, before: str, after: str) -> list[Row]:
    if form != "xlsx":
        return again(document.replace(before.encode(), after.encode()), form)
    book = load_workbook(io.BytesIO(document))
    for line in book.worksheets[0].iter_rows():
        for cell in line:
            if isinstance(cell.value, str):
                cell.value = cell.value.replace(before, after)
    file = io.BytesIO()
    book.save(file)
    return again(file.getvalue(), form)


TABLE = "来源编号,中文名,启用日期,原值,研究领域,经度,纬度\n7,质谱仪,2020-13-45,486万元,材料；化学,120.1,30.2\n"
JSON = '[{"_id": "7", "name_zh": "质谱仪",\n "commissioned": "2020-13-45", "original_value": {"amount": 4860000},\n "research_fields": ["材料", "化学"], "place": {"lat": 30.2, "lon": 120.1}}]'  # noqa: E501
PIDINST = (
    '<instrument><identifier identifierType="Handle">7</identifier><name>质谱仪</name>'
    '<dates><date dateType="Commissioned">2020-13-45</date></dates></instrument>'
)


@pytest.mark.parametrize("form", ["csv", "xlsx", "ndjson"])
@pytest.mark.parametrize(
    ("read", "document"),
    [(csv_.read, TABLE), (jsonrows.read, JSON), (pidinst.read, PIDINST)],
    ids=["csv", "json", "xml"],
)
def test_a_mended_row_is_taken_whatever_it_came_in_and_went_out_as(read: Any, document: str, form: Giveback) -> None:
    frame = Frame(INSTRUMENT, "owner", "owner", "2026-01-01T00:00:00.000000Z", 1)
    (row,) = read(io.BytesIO(document.encode()), INSTRUMENT, Limits())
    first = checked(row, frame)
    assert not isinstance(first, Checked)
    sent = given_back([RefusedRow.of(row, first.problems)], form)
    (unmended,) = again(sent, form)
    problems = checked(unmended, frame).problems  # type: ignore[union-attr]
    assert [problem.field for problem in problems] == ["commissioned"]
    (better,) = mended(sent, form, "2020-13-45", "2020-11-15")
    found = checked(better, frame)
    assert isinstance(found, Checked)
    assert found.statement.source_record_id == "7"
    (wanted,) = read(io.BytesIO(document.replace("2020-13-45", "2020-11-15").encode()), INSTRUMENT, Limits())
    direct = checked(wanted, frame)
    assert isinstance(direct, Checked)
    assert found.fields == direct.fields


def test_json_is_given_back_to_the_byte_with_its_problems_once() -> None:
    exact = b'{"n": 1.10e300, "big": 123456789012345678901234567890,\r\n "s": "a\\nb"}'
    stale = b'{"_problems": ["old"], "a": 1}'
    broken = b'{"a": \xff'
    lines = given_back([RefusedRow(1, "json", sent, (PROBLEM,)) for sent in (exact, stale, broken, b"{}")], "ndjson")
    first, second, third, fourth = lines.splitlines()
    assert first.endswith(b',"n": 1.10e300, "big": 123456789012345678901234567890,   "s": "a\\nb"}')
    assert orjson.loads(second) == {"_problems": [PROBLEM.message("zh")], "a": 1}
    assert orjson.loads(third)["_raw"] == '{"a": \ufffd'
    assert orjson.loads(fourth) == {"_problems": [PROBLEM.message("zh")]}


def test_what_excel_cannot_hold_is_told_rather_than_cut() -> None:
    row = RefusedRow(1, "json", b'{"a": "%b"}' % (b"x" * refused_rows.CELL_CHARS), (PROBLEM,))
    sheet = load_workbook(io.BytesIO(given_back([row], "xlsx"))).worksheets[0]
    problems, raw = sheet["A2"].value, sheet["B2"].value
    assert "CSV" in str(problems)
    assert raw is None
    assert again(given_back([row], "csv"), "csv")[0].data == row.sent


def test_refused_rows_are_kept_whole() -> None:
    data: tuple[bytes | Mapping[str, Any], ...] = (b'{"a": 1}', b"\xff\xfe", {"a": [1, None]}, {"中文名": "x"})
    forms = ("json", "json", "values", "text")
    rows = tuple(
        RefusedRow(number, form, sent, (PROBLEM, Problem("y", Bilingual("乙", "B"))))  # type: ignore[arg-type]
        for number, (form, sent) in enumerate(zip(forms, data, strict=True))
    )
    assert unpack_refused(pack_refused(rows)) == rows
    assert unpack_refused(b"") == ()
    assert tuple(RefusedRow.from_bytes(row.to_bytes()) for row in rows) == rows


def test_a_row_of_another_vocabulary_is_kept_in_the_hubs_own_terms() -> None:
    row = Row(4, "values", {"name_zh": "x"}, source_record_id="7", version="2026-01-01", operation="withdraw")
    kept = refused(row)
    assert kept.sent == {"_id": "7", "_version": "2026-01-01", "_operation": "withdraw", "name_zh": "x"}
    assert refused(row._replace(sent=b"{}")).form == "json"


def test_a_list_of_equipment_comes_back_as_what_it_was() -> None:
    sent = {"Name": "x", "Description": "", "Technique": "y", "ID": "17"}
    document = given_back([RefusedRow(2, "text", sent, (PROBLEM,))], "csv")
    item = chosen(None, "text/csv", "x.csv", document, INSTRUMENT)
    (row,) = item.read(io.BytesIO(document), INSTRUMENT, Limits())
    assert (item.name, row.sent, row.source_record_id) == ("uniquip", sent, "17")


ROR = b'{"id": "https://ror.org/00a2xv884", "admin": {"last_modified": {}}'


@pytest.mark.parametrize(
    ("media_type", "file_name", "start", "kind", "expected"),
    [
        ("application/json", None, b"{}", "expert", "json"),
        ("application/json; charset=utf-8", None, ROR, "organisation", "ror"),
        ("application/json", None, ROR, "project", "json"),
        ("application/x-ndjson", "x.json", b"{}", "expert", "ndjson"),
        (None, None, b'{"a": 1}\n{"b": 2}', "expert", "ndjson"),
        (None, None, b" [", "expert", "json"),
        ("text/csv", None, b"a,b\n", "expert", "csv"),
        ("application/vnd.ms-excel", "list.csv", b"a,b\n", "expert", "csv"),
        ("application/vnd.ms-excel", "list.xls", xlsx.OLE, "expert", "xlsx"),
        ("application/vnd.ms-excel", "list.xls", b"a\tb\n", "expert", "csv"),
        ("application/octet-stream", "list.XLSX", xlsx.ZIP, "expert", "xlsx"),
        ("text/csv", None, b"Name,Description,Technique\n", "instrument", "uniquip"),
        ("text/csv", None, b"Name,Description,Technique\n", "expert", "csv"),
        ("application/xml", "x.xml", b'<instrument><identifier identifierType="DOI">', "instrument", "pidinst"),
        ("text/xml", "x.xml", b'<CERIF xmlns="https://www.openaire.eu/cerif-profile/1.2/">', "instrument", "cerif"),
        (None, None, "a,b\n".encode("utf-16"), "expert", "csv"),
    ],
)
def test_a_format_is_found_by_what_is_known(
    media_type: str | None, file_name: str | None, start: bytes, kind: str, expected: str
) -> None:
    assert chosen(None, media_type, file_name, start, kind_named(kind)).name == expected


def test_a_named_format_is_taken_at_its_word() -> None:
    for item in FORMATS:
        kind = kind_named("organisation" if item is ror.FORMAT else "instrument")
        assert chosen(item.name.upper(), "text/html", "x.json", b"", kind) is item
    assert uniquip.FORMAT.tabular


@pytest.mark.parametrize(
    ("name", "media_type", "start"),
    [("pdf", None, b""), (None, "application/xml", b"<a/>"), (None, None, b"%PDF-1.7, x"), (None, None, b"\x00\x01,")],
)
def test_an_unknown_format_is_answered_with_those_that_are_taken(
    name: str | None, media_type: str | None, start: bytes
) -> None:
    with pytest.raises(Refusal) as refusal:
        chosen(name, media_type, None, start, INSTRUMENT)
    assert refusal.value.status == 415
    expected = refusal.value.problems[0].expected.en
    assert all(
        known in expected for known in ("json (.json)", "xlsx (.xlsx", "csv (.csv", "pidinst", "cerif", "uniquip")
    )
    assert "ror" not in expected
