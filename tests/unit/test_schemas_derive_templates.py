"""Templates: what a person fills in by them is what the kind takes."""

import csv
import io
from typing import Any

import pytest
from openpyxl import load_workbook

from hub.text.language import Language
from schemas.derive.columns import columns_of
from schemas.derive.templates import example_row, headings, template
from schemas.kind import kind_named, shipped_kinds
from schemas.validation import Valid, validate_text

pytestmark = pytest.mark.unit
LANGUAGES: tuple[Language, ...] = ("zh", "en")
EVERY = [(name, language) for name in shipped_kinds() for language in LANGUAGES]


def workbook(name: str, language: Language) -> list[Any]:
    return load_workbook(io.BytesIO(template(kind_named(name), language, "xlsx"))).worksheets


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_a_heading_means_one_field_and_the_example_row_is_a_record(name: str, language: Language) -> None:
    kind = kind_named(name)
    named = headings(kind, language)
    assert len(set(named)) == len(named)
    sheet, example, _ = workbook(name, language)
    assert [cell.value for cell in sheet[1]] == [cell.value for cell in example[1]] == named
    assert sheet.max_row == 1
    shown = [cell.value for cell in example[2]][1:]
    row = {spec.path: str(text) for spec, text in zip(columns_of(kind), shown, strict=True) if text}
    assert row == example_row(kind, language)
    result = validate_text(kind, row)
    assert isinstance(result, Valid)
    assert len(result.fields) >= 5


def test_both_languages_show_one_record() -> None:
    for name in shipped_kinds():
        kind = kind_named(name)
        zh, en = (validate_text(kind, example_row(kind, language)) for language in LANGUAGES)
        assert zh == en


def test_a_csv_template_is_one_line_that_excel_reads_as_utf8() -> None:
    data = template(kind_named("instrument"), "zh", "csv")
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    assert rows == [headings(kind_named("instrument"), "zh")]
    assert "安放地点·地址" in rows[0]
    assert "开放时间" in rows[0]
    assert "原值" in rows[0]
    assert "原值·金额" not in rows[0]


def test_menus_offer_labels_that_read_back_as_codes() -> None:
    sheet, _, codes = workbook("instrument", "zh")
    columns = [spec.path for spec in columns_of(kind_named("instrument"))]
    menus = {str(menu.sqref).split(":")[0]: menu for menu in sheet.data_validations.dataValidation}

    def offered(path: str) -> tuple[list[str], bool]:
        cell = sheet.cell(2, columns.index(path) + 2).coordinate
        menu = menus[cell]
        area = str(menu.formula1).split("!")[1].replace("$", "")
        return [str(row[0].value) for row in codes[area]], bool(menu.showErrorMessage)

    assert codes.sheet_state == "hidden"
    labels, closed = offered("status")
    assert (labels[0], closed) == ("在用", True)
    for label in labels:
        assert isinstance(validate_text(kind_named("instrument"), {"status": label}), Valid)
    assert offered("shared") == (["是", "否"], True)
    assert not offered("category_code")[1]  # longer codes than the listed ones are right too
    assert all(str(menu.formula1).startswith("'代码'!$") for menu in menus.values())


def test_headings_carry_hints_and_codes_keep_their_zeros() -> None:
    sheet = workbook("instrument", "en")[0]
    columns = [spec.path for spec in columns_of(kind_named("instrument"))]
    heading = sheet.cell(1, columns.index("inventory_number") + 2)
    assert heading.comment
    assert "unique within the owner" in heading.comment.content
    assert sheet.freeze_panes == "B2"
    assert sheet.column_dimensions[heading.column_letter].number_format == "@"
    commissioned = sheet.cell(1, columns.index("commissioned") + 2).column_letter
    assert sheet.column_dimensions[commissioned].number_format == "yyyy-mm-dd"
