"""Texts come to a record in one form, and whose word counts follows the record where a kind's policy says so."""

import unicodedata

import orjson
import pytest

from hub.kernel.sources import Source, Sources
from hub.text.language import Bilingual
from schemas.kind import kind_named
from schemas.validation import Invalid, Valid, validate_json, validate_python, validate_text
from services.curation.core.plan import Rules
from tests.unit.curation_memory import MemoryUnit, curate, submission

pytestmark = pytest.mark.unit
INSTRUMENT = kind_named("instrument")


@pytest.mark.parametrize("name", ["Müller", "Ǿ Å", "a\u200bb", "\ufeffx", "soft\u00adhyphen", "\u202eright"])
def test_texts_are_in_nfc_and_without_format_characters_by_every_way_in(name: str) -> None:
    wanted = unicodedata.normalize("NFC", "".join(one for one in name if unicodedata.category(one) != "Cf"))
    given = unicodedata.normalize("NFD", name)
    escaped = orjson.dumps({"name_en": given}).decode().encode("ascii", "backslashreplace").replace(b"\\x", b"\\u00")
    for result in (
        validate_json(INSTRUMENT, orjson.dumps({"name_en": given})),
        validate_json(INSTRUMENT, escaped),
        validate_python(INSTRUMENT, {"name_en": given}),
        validate_text(INSTRUMENT, {"name_en": given}),
    ):
        assert isinstance(result, Valid)
        assert result.fields == {"name_en": wanted}


def test_a_name_of_format_characters_alone_is_none_and_a_doi_with_them_is_the_same() -> None:
    assert isinstance(validate_json(INSTRUMENT, '{"name_zh": "\u200b"}'.encode()), Invalid)
    told = validate_json(INSTRUMENT, '{"pid": "10.5072/\u200babc", "model": null}'.encode())
    assert told == Valid({"pid": "10.5072/abc", "model": None})


@pytest.mark.parametrize(
    ("field", "text", "helps"),
    [("opening_hours", "某天", "周一至周五 08:30-17:30"), ("booking_confirmation", "问一问", "由所有者确认 (owner)")],
)
def test_a_cell_that_cannot_be_read_is_told_by_what_may_be_written_there(field: str, text: str, helps: str) -> None:
    result = validate_text(INSTRUMENT, {field: text})
    assert isinstance(result, Invalid)
    assert helps in result.problems[0].expected.zh


@pytest.mark.parametrize(("level", "name"), [("provincial", "省"), ("national", "部"), (None, "部")])
def test_a_provinces_projects_are_the_provinces_to_describe(level: str | None, name: str) -> None:
    fields = {"number": "P-1"} | ({"level": level} if level else {})
    project = kind_named("project").identified(fields)
    said = [
        submission("national", "1", 1, project, fields | {"name_zh": "部"}, kind="project"),
        submission("web", "1", 1, project, fields | {"name_zh": "省"}, kind="project"),
    ]
    province = Source("web", Bilingual("省", "province"), "provincial")
    (record,) = curate(MemoryUnit(), said, Rules(Sources({"web": province}))).current.values()
    assert record.fields["name_zh"] == name
