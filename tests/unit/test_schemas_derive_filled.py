"""A template that somebody has filled in is read as it was meant, by the formats that imports come in."""

import csv
import io
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from openpyxl import load_workbook

from hub.text.language import Language
from schemas.derive.columns import columns_of
from schemas.derive.templates import Format, example_row, template
from schemas.kind import kind_named, shipped_kinds
from schemas.validation import Valid, validate_text
from services.ingest.core.rows import ID_NAMES, Limits
from services.ingest.formats import csv_, xlsx

pytestmark = pytest.mark.unit
LANGUAGES: tuple[Language, ...] = ("zh", "en")


def filled(name: str, language: Language, format: Format) -> bytes:
    """The template with the example and an id in its first row, as Excel would save it."""
    kind = kind_named(name)
    row = example_row(kind, language)
    texts = ["A-1", *(row.get(spec.path, "") for spec in columns_of(kind))]
    empty = template(kind, language, format)
    if format == "csv":
        lines = io.StringIO()
        csv.writer(lines).writerow(texts)
        return empty + lines.getvalue().encode()
    book = load_workbook(io.BytesIO(empty))
    types = [None, *(spec.type for spec in columns_of(kind))]
    for number, (text, kind_of_value) in enumerate(zip(texts, types, strict=True), start=1):
        typed: Any = date.fromisoformat(text) if text and kind_of_value == "date" else text or None
        book.worksheets[0].cell(2, number, int(text) if text and kind_of_value == "integer" else typed)
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


@pytest.mark.parametrize("format", ["csv", "xlsx"])
@pytest.mark.parametrize("name", shipped_kinds())
def test_it_comes_back_as_the_record_that_was_meant(name: str, format: Format) -> None:
    kind = kind_named(name)
    reader = (csv_ if format == "csv" else xlsx).FORMAT.read
    for language in LANGUAGES:
        (row,) = reader(io.BytesIO(filled(name, language, format)), kind, Limits())
        assert isinstance(row.data, Mapping)
        data = {path: str(text) for path, text in row.data.items() if text}
        assert (data.pop(ID_NAMES[0], row.source_record_id), row.problems) == ("A-1", ())
        assert isinstance(validate_text(kind, data), Valid)
        assert validate_text(kind, data) == validate_text(kind, example_row(kind, language))
