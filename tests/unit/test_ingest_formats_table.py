"""Tables: headings under any name, encodings, and cells as people and programs leave them."""

import csv
import io
import zipfile
from collections.abc import Iterable
from datetime import date, datetime

import pytest
from openpyxl import Workbook

from hub.kernel.problems import Problem, Refusal
from hub.text.language import Language
from schemas.derive.columns import columns_of
from schemas.derive.templates import example_row, template
from schemas.fields import by_path
from schemas.kind import Kind, kind_named, kinds
from services.ingest.core.rows import Limits, Row
from services.ingest.core.submissions import Checked, Frame, checked
from services.ingest.formats import csv_, uniquip, xlsx
from services.ingest.formats.headings import meant_by, names_of
from services.ingest.formats.table import column_letter

pytestmark = pytest.mark.unit
INSTRUMENT = kind_named("instrument")
FRAME = Frame(INSTRUMENT, "owner", "owner", "2026-01-01T00:00:00.000000Z", 1)


def rows(document: str | bytes, kind: Kind = INSTRUMENT, limits: Limits | None = None) -> list[Row]:
    data = document.encode() if isinstance(document, str) else document
    return list(csv_.read(io.BytesIO(data), kind, limits or Limits()))


def refused(document: str | bytes, limits: Limits | None = None) -> tuple[Problem, ...]:
    with pytest.raises(Refusal) as refusal:
        rows(document, limits=limits)
    return refusal.value.problems


def workbook(*sheets: Iterable[list[object]]) -> io.BytesIO:
    book = Workbook()
    book.remove(book.worksheets[0])
    for lines in sheets:
        sheet = book.create_sheet()
        for line in lines:
            sheet.append(line)
    file = io.BytesIO()
    book.save(file)
    file.seek(0)
    return file


@pytest.mark.parametrize(
    ("heading", "path"),
    [
        ("name_zh", "name_zh"),
        (" 中 文 名 * ", "name_zh"),
        ("仪器名称", "name_zh"),
        ("ｎａｍｅ＿ＺＨ", "name_zh"),
        ("english NAME", "name_en"),
        ("安放地址", "place.address"),
        ("安放地点·经度", "place.lon"),
        ("place: longitude", "place.lon"),
        ("经度", "place.lon"),
        ("联系电话", "contact.phone"),
        ("第二联系方式·联系电话", "second_contact.phone"),
        ("所在单位", "owner"),
        ("所在单位·统一社会信用代码", "owner.uscc"),
        ("Contact Name", "contact.name"),
        ("来源编号", "_id"),
        ("_ID", "_id"),
        ("版本", "_version"),
        ("操作", "_operation"),
    ],
)
def test_a_heading_may_be_any_name_of_its_field(heading: str, path: str) -> None:
    assert meant_by(heading, names_of(INSTRUMENT)) == (path,)


@pytest.mark.parametrize("name", sorted(kinds()))
def test_every_field_that_fits_a_column_is_known_by_its_full_label(name: str) -> None:
    kind = kind_named(name)
    lists = tuple(f"{path}." for path, spec in by_path(kind).items() if spec.multiple)
    for path, spec in by_path(kind).items():
        if not path.startswith(lists):
            assert meant_by(path, names_of(kind)) == (path,)
            assert meant_by(spec.label.zh, names_of(kind)) == (path,)
            assert meant_by(spec.label.en, names_of(kind)) == (path,)


def test_headings_that_are_not_understood_are_refused_with_the_closest_field() -> None:
    unknown, ambiguous, repeated = refused("中文名,启用曰期,单位名称,仪器名称\n质谱仪,,,\n")
    assert (unknown.code, unknown.field, unknown.row) == ("unknown-column", "启用曰期", 1)
    assert "“启用日期”（commissioned）" in unknown.expected.zh
    assert ambiguous.code == "ambiguous-column"
    assert "“所在单位·单位名称”、“生产厂商·单位名称”" in ambiguous.expected.zh
    assert repeated.code == "repeated-column"
    assert "中文名" in repeated.expected.zh


def test_members_of_a_list_have_no_column() -> None:
    assert refused("related_identifiers.value\nx\n")[0].code == "unknown-column"


def test_rows_are_numbered_as_a_spreadsheet_does() -> None:
    found = rows('仪器台账,,\n中文名,简介,_problems\n# 必填,可多行,\n质谱仪,"两\r\n行",旧的问题\n,,问题\n\n光谱仪,,\n')
    assert [(row.number, row.data) for row in found] == [
        (4, {"name_zh": "质谱仪", "description": "两\r\n行"}),
        (7, {"name_zh": "光谱仪"}),
    ]
    assert found[1].sent == {"中文名": "光谱仪", "简介": ""}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_any_encoding_and_separator_of_spreadsheets(encoding: str, delimiter: str) -> None:
    document = (
        delimiter.join(["中文名", "研究领域"]) + "\r\n" + delimiter.join(["质谱仪", '"材料,化学;\t生物"']) + "\r\n"
    )
    (row,) = rows(document.encode(encoding))
    assert row.data == {"name_zh": "质谱仪", "research_fields": "材料,化学;\t生物"}


def test_a_broken_character_in_utf8_is_not_taken_for_another_encoding() -> None:
    text = "中文名\n" + "高分辨飞行时间质谱仪\n" * 3
    (problem,) = refused(text.encode() + b"\xc4\xe3\n")
    assert problem.code == "unreadable-text"
    assert "line 5" in problem.expected.en


def test_a_value_under_no_heading_is_a_problem_not_a_loss() -> None:
    left, right, fine = rows("中文名,,型号\n质谱仪,丢失,Q\n质谱仪,,Q,多\n质谱仪,,Q,\n")
    assert [(row.problems[0].field, row.problems[0].found) for row in (left, right)] == [("B", "丢失"), ("D", "多")]
    assert not fine.problems


def test_an_open_quotation_mark_ends_the_reading_and_says_so() -> None:
    first, last = rows('中文名\n质谱仪\n"光谱仪\n显微镜\n')
    assert not first.problems
    assert (last.number, last.problems[0].code) == (3, "broken-csv")


def test_limits_hold_for_rows_lines_and_columns() -> None:
    long = "长" * 150
    cells, line, fine = rows(f'中文名,简介\n{long},"{long}\n"\n{long * 5}\n质谱仪,x\n', limits=Limits(row_bytes=200))
    assert [row.problems[0].code for row in (cells, line)] == ["row-too-long", "row-too-long"]
    assert fine.data == {"name_zh": "质谱仪", "description": "x"}
    assert refused("中文名,简介,型号\n", limits=Limits(columns=2))[0].code == "too-many-columns"


@pytest.mark.parametrize("document", ["", "\ufeff", "\n\n"])
def test_an_empty_table_is_refused(document: str) -> None:
    assert refused(document)[0].code == "empty-document"


def test_a_workbook_is_read_from_its_first_sheet_with_content() -> None:
    lines: list[list[object]] = [
        ["仪器台账"],
        ["中文名", "启用日期", "原值", "是否共享", "邮编", "_id", "机时单价（每小时）"],
        ["#", "如 2020-01-02"],
        ["质谱仪", date(2020, 1, 2), 120_000.5, True, 310_058, 7, "300元"],
        [],
        ["光谱仪", datetime(2020, 1, 2, 8, 30), None, None, None, 8.0],  # noqa: DTZ001 - cells have no zone
    ]
    first, second = xlsx.read(workbook([], lines), INSTRUMENT, Limits())
    assert (first.number, second.number) == (4, 6)
    assert isinstance(second.data, dict)
    assert (second.data["_id"], second.data["commissioned"]) == ("8", "2020-01-02T08:30:00")
    found = checked(first, FRAME)
    assert isinstance(found, Checked)
    assert found.statement.source_record_id == "7"
    assert found.fields["commissioned"] == "2020-01-02"
    assert found.fields["original_value"] == {"amount": "120000.50", "currency": "CNY"}
    assert found.fields["shared"] is True
    assert found.fields["place"] == {"postcode": "310058"}


def test_workbooks_that_cannot_be_held_or_read_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def code_of(file: io.BytesIO) -> tuple[str, int]:
        with pytest.raises(Refusal) as refusal:
            xlsx.read(file, INSTRUMENT, Limits())
        return refusal.value.problems[0].code, refusal.value.status

    assert code_of(io.BytesIO(xlsx.OLE + b"rest")) == ("old-workbook", 415)
    assert code_of(io.BytesIO(b"PK\x03\x04rest")) == ("no-workbook", 422)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as members:
        members.writestr("word/document.xml", "<a/>")
    archive.seek(0)
    assert code_of(archive) == ("no-workbook", 422)
    assert code_of(workbook([[]])) == ("empty-document", 422)
    monkeypatch.setattr(xlsx, "UNPACKED_BYTES", 1_000)
    assert code_of(workbook([["中文名"]])) == ("workbook-too-large", 413)


UNIQUIP = (
    "Type,Name,Description,Related Facility ID,Technique,Location,Contact Name,Contact Telephone,Contact URL,"
    "Contact Email,Secondary Contact Name,Secondary Contact Telephone,Secondary Contact Email,ID,Photo,Department,"
    "Site Location,Building,Service Level,Web Address"
)


def test_uniquip_columns_go_where_the_annotations_say() -> None:
    cells = [
        "Facility", "Mass spectrometer", "A description", "f1,f2", "Mass spectrometry", "http://data.example.ac.uk/place/1",
        "Ada", "+44 1234 567890", "http://example.ac.uk/ada", "ada@example.ac.uk", "Bob", "+44 1234 567891",
        "bob@example.ac.uk", "17", "http://example.ac.uk/17.png", "Chemistry", "Main campus", "B1", "Full service",
        "http://example.ac.uk/17",
    ]  # fmt: skip
    document = io.StringIO()
    csv.writer(document).writerows([UNIQUIP.split(","), cells])
    data = document.getvalue().encode()
    assert uniquip.FORMAT.sniff(data)
    assert not uniquip.FORMAT.sniff("Name,Description,型号\n".encode())
    (row,) = uniquip.read(io.BytesIO(data), INSTRUMENT, Limits())
    found = checked(row, FRAME)
    assert isinstance(found, Checked)
    assert found.statement.source_record_id == "17"
    assert found.fields == {
        "resource_type": "facility",
        "name_en": "Mass spectrometer",
        "description": "A description",
        "related_facility_ids": ["f1", "f2"],
        "techniques": ["Mass spectrometry"],
        "place": {"page": "http://data.example.ac.uk/place/1", "site": "Main campus", "building": "B1"},
        "contact": {
            "name": "Ada",
            "phone": "+44 1234 567890",
            "url": "http://example.ac.uk/ada",
            "email": "ada@example.ac.uk",
        },
        "second_contact": {"name": "Bob", "phone": "+44 1234 567891", "email": "bob@example.ac.uk"},
        "inventory_number": "17",
        "photo": "http://example.ac.uk/17.png",
        "department": "Chemistry",
        "service_level": "Full service",
        "landing_page": "http://example.ac.uk/17",
    }


def test_columns_are_called_by_letters() -> None:
    assert [column_letter(index) for index in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", sorted(kinds()))
def test_a_template_filled_with_its_example_is_taken(name: str, language: Language) -> None:
    kind = kind_named(name)
    example = example_row(kind, language)
    filled = io.StringIO(template(kind, language, "csv").decode(), newline="")
    filled.seek(0, io.SEEK_END)
    csv.writer(filled).writerow(["7", *(example.get(spec.path, "") for spec in columns_of(kind))])
    (row,) = rows(filled.getvalue(), kind)
    assert isinstance(row.data, dict)
    assert {path: text for path, text in row.data.items() if path != "_id"} == example
    assert isinstance(checked(row, Frame(kind, "owner", "owner", "2026-01-01T00:00:00.000000Z", 1)), Checked)
