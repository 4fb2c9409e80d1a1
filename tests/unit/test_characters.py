"""Characters that no text of the hub has are found wherever they stand, and no others."""

from urllib.parse import quote

import orjson
import pytest

from hub.kernel.characters import PROBLEMS_LIMIT, is_clean, may_be_unclean, unclean
from hub.web.characters import unclean_query
from schemas.kind import kinds
from schemas.validation import Invalid, validate_python
from services.ingest.core.events import unclean_fields
from services.ingest.core.rows import Row

pytestmark = pytest.mark.unit
CONTROLS = [chr(code) for code in range(32) if chr(code) not in "\t\n\r"]
BAD = [*CONTROLS, "\ud800", "\udbff", "\udc00", "\udfff"]
GOOD = ["\t", "\n", "\r", " ", "\x7f", "\x85", "\xa0", "\ufeff", "\ufffd", "\ud7ff", "\ue000", "键", "😀"]


@pytest.mark.parametrize("character", BAD)
def test_each_is_found_in_texts_and_in_names(character: str) -> None:
    assert not is_clean(f"a{character}b")
    problems = unclean({"a": ["x", {"b": f"{character}"}], f"c{character}": 1})
    code = f"U+{ord(character):04X}"
    assert [(one.code, one.field, one.found) for one in problems] == [
        ("bad-character", "c\ufffd", code),
        ("bad-character", "a.1.b", code),
    ]
    assert "第" not in problems[0].message("zh")
    assert orjson.dumps(problems[0].as_json("en"))


@pytest.mark.parametrize("character", BAD)
def test_each_is_found_in_query_strings(character: str) -> None:
    coded = quote(character.encode("utf-8", "surrogatepass"))
    problems = unclean_query(f"q=a&from.x=a{coded}&{coded}=1".encode())
    assert [(one.field, one.found) for one in problems] == [
        ("from.x", f"U+{ord(character):04X}"),
        ("\ufffd" * (3 if ord(character) > 255 else 1), f"U+{ord(character):04X}"),
    ]


@pytest.mark.parametrize("character", GOOD)
def test_no_other_is(character: str) -> None:
    assert is_clean(character)
    assert unclean([character, {character: character}]) == ()
    assert unclean_query(f"q={quote(character)}".encode()) == unclean_query(f"q={character}".encode()) == ()


def test_text_that_is_no_utf8_is_none_of_its_concern() -> None:
    assert unclean_query(b"q=%FF%C3&r=%D6%D0") == ()


@pytest.mark.parametrize("character", CONTROLS)
def test_a_document_without_escapes_has_none(character: str) -> None:
    assert may_be_unclean(orjson.dumps(character))


def test_depth_and_number_are_bounded() -> None:
    deep: object = "\0"
    for _ in range(5_000):
        deep = [deep]
    assert len(unclean(deep)) == 1
    assert len(unclean(["\0"] * 1_000)) == PROBLEMS_LIMIT


@pytest.mark.parametrize("character", CONTROLS)
def test_rows_are_looked_through_however_they_are_written(character: str) -> None:
    fields = {"name": {"zh": f"a{character}"}, "tags": ["b"]}
    rows = Row(1, "json", orjson.dumps(fields)), Row(1, "values", fields), Row(1, "text", {"name.zh": f"a{character}"})
    for row in rows:
        assert [problem.field for problem in unclean_fields(row, fields)] == ["name.zh"]
        assert unclean_fields(row._replace(data=b"{}"), {"name": "a"}) == ()


def test_a_kind_takes_no_surrogates() -> None:
    result = validate_python(kinds()["organisation"], {"name_zh": "a\ud800"})
    assert isinstance(result, Invalid)
    assert ("name_zh", "string_unicode") in [(problem.field, problem.code) for problem in result.problems]
