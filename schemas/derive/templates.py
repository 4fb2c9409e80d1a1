"""Import templates: a heading a column in the reader's language, and the spreadsheet's own help on how to fill them.

What is filled in can be sent as it is: the example stands on a sheet of its own, and in no CSV file.
"""

import csv
import io
from typing import Literal

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from hub.text.language import Bilingual, Language
from schemas.derive.columns import YES_NO, choices_of, columns_of, example_of, hint_of, is_needed
from schemas.derive.jsonschema import closed_paths
from schemas.fields import FieldSpec, PartModel, by_path
from schemas.kind import Kind

Format = Literal["csv", "xlsx"]

ID_HEADING = "_id"
ID_HINT = Bilingual(
    "数据来源自己的记录编号；记录有自己的标识（如统一社会信用代码）时可不填",
    "the source's own id of the record; may be left out where the record has an identifier of its own",
)
EXAMPLE_SHEET = Bilingual("示例", "Example")
CODES_SHEET = Bilingual("代码", "Codes")
CHOOSE = Bilingual("请从列表中选择", "Please choose from the list")
REQUIRED = Bilingual("必填", "required")

FIRST_ROW, LAST_ROW = 2, 20_001
"""The rows that offer menus; rows after them are read all the same."""

_HEADING_FONT, _HEADING_FILL = Font(bold=True, color="FFFFFF"), PatternFill("solid", fgColor="1F4E79")
_NEEDED_FILL = PatternFill("solid", fgColor="9C2A10")
_AS_TEXT, _AS_DATE = "@", "yyyy-mm-dd"


def template(kind: Kind, language: Language, format: Format) -> bytes:
    """An empty table of the kind: CSV in UTF-8 with a byte order mark (for Excel), or an Excel workbook."""
    return _csv(kind, language) if format == "csv" else _xlsx(kind, language)


def headings(kind: Kind, language: Language) -> list[str]:
    """The source's id, then every column's full label."""
    return [ID_HEADING, *(spec.label[language] for spec in columns_of(kind))]


def example_row(kind: Kind, language: Language) -> dict[str, str]:
    """Texts by path that make a valid record; of several references to one type of thing only the first has any."""
    specs = by_path(kind)
    shown: dict[PartModel, str] = {}
    row: dict[str, str] = {}
    for spec in columns_of(kind):
        outer = specs.get(spec.path.rpartition(".")[0])
        if spec.meta.example and (outer is None or _first_of_its_type(outer, kind, shown)):
            row[spec.path] = example_of(spec, language)
    return row


def _first_of_its_type(outer: FieldSpec, kind: Kind, shown: dict[PartModel, str]) -> bool:
    if outer.part is None or outer.meta.refers == kind.name:
        return False
    return shown.setdefault(outer.part, outer.path) == outer.path


def _csv(kind: Kind, language: Language) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(headings(kind, language))
    return text.getvalue().encode("utf-8-sig")


def _xlsx(kind: Kind, language: Language) -> bytes:
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)  # noqa: S101 - a new workbook has one
    sheet.title = kind.label[language][:31]
    _head(sheet, kind, language)
    _menus(book, sheet, kind, language)
    example = book.create_sheet(EXAMPLE_SHEET[language], 1)
    _head(example, kind, language)
    row = example_row(kind, language)
    example.append(["", *(row.get(spec.path, "") for spec in columns_of(kind))])
    book.active = 0
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _head(sheet: Worksheet, kind: Kind, language: Language) -> None:
    sheet.append(headings(kind, language))
    sheet.freeze_panes = "B2"
    sheet.row_dimensions[1].height = 32
    for number, spec in enumerate((None, *columns_of(kind)), start=1):
        cell = sheet.cell(1, number)
        needed = spec is not None and is_needed(kind, spec)
        cell.font, cell.fill = _HEADING_FONT, _NEEDED_FILL if needed else _HEADING_FILL
        cell.alignment = Alignment(wrap_text=True, vertical="center")
        hint = hint_of(spec, language) if spec else ID_HINT[language]
        if needed:
            hint = f"{REQUIRED[language]}\n{hint}".strip()
        if hint:
            cell.comment = Comment(hint, kind.label[language], height=40 + 22 * len(hint) // 18, width=260)
        column = sheet.column_dimensions[get_column_letter(number)]
        column.width = min(36, max(12, 2 * len(str(cell.value)) if language == "zh" else len(str(cell.value)) + 2))
        column.number_format = _number_format(spec)


def _number_format(spec: FieldSpec | None) -> str:
    # As text, so that the spreadsheet leaves the zeros of a code and the eighteenth digit of a number alone.
    if spec is not None and spec.type == "date":
        return _AS_DATE
    if spec is not None and spec.type in ("integer", "decimal", "number") and not spec.multiple:
        return "General"
    return _AS_TEXT


def _menus(book: Workbook, sheet: Worksheet, kind: Kind, language: Language) -> None:
    """A menu for each field with choices, from a hidden sheet; only a closed single field refuses other texts."""
    codes = book.create_sheet(CODES_SHEET[language])
    codes.sheet_state = "hidden"
    used = 0
    for number, spec in enumerate(columns_of(kind), start=2):
        labels = [label for _, label in choices_of(spec, language)]
        if spec.type == "boolean":
            labels = [text[language] for text in YES_NO]
        if not labels:
            continue
        used += 1
        for row, label in enumerate(labels, start=1):
            codes.cell(row, used, label)
        listed = get_column_letter(used)
        menu = DataValidation("list", f"'{codes.title}'!${listed}$1:${listed}${len(labels)}", allow_blank=True)
        menu.showErrorMessage = not spec.multiple and (spec.type == "boolean" or spec.path in closed_paths(kind))
        menu.error, menu.errorTitle = CHOOSE[language], spec.label[language][:32]
        place = get_column_letter(number)
        menu.add(f"{place}{FIRST_ROW}:{place}{LAST_ROW}")
        sheet.add_data_validation(menu)
