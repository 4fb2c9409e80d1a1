"""JSON Schema, index mapping and documentation of the kinds: complete, and true to the annotations."""

import re

import pytest

from schemas.derive.docs import documents, kind_document
from schemas.derive.jsonschema import DIALECT, closed_paths, json_schema, node_at
from schemas.derive.mapping import index_mapping
from schemas.fields import by_path, every, fields_of
from schemas.kind import kind_named, shipped_kinds

pytestmark = pytest.mark.unit
KINDS = [kind_named(name) for name in shipped_kinds()]


@pytest.mark.parametrize("name", shipped_kinds())
def test_every_field_of_the_kind_is_described_at_its_place(name: str) -> None:
    kind = kind_named(name)
    schema = json_schema(kind)
    assert (schema["$schema"], schema["$id"]) == (DIALECT, f"urn:research-hub:schema:{name}")
    assert schema["additionalProperties"] is False
    for path, spec in by_path(kind).items():
        node = node_at(schema, path)
        assert node["x-label"] == {"zh": spec.meta.label.zh, "en": spec.meta.label.en}
        assert (node["x-openness"], node["x-search"]) == (spec.meta.openness, spec.meta.search)
        assert node.get("x-crosswalk", {}).get("pidinst", "") == spec.meta.crosswalk.pidinst


def test_a_schema_says_what_the_model_checks() -> None:
    schema = json_schema(kind_named("instrument"))
    assert node_at(schema, "slot_minutes")["anyOf"][0] == {"type": "integer", "minimum": 5, "maximum": 1440}
    assert node_at(schema, "landing_page")["anyOf"][0]["format"] == "uri"
    assert node_at(schema, "owner.uscc")["anyOf"][0]["format"] == "uscc"
    assert node_at(schema, "second_contact.name")["x-crosswalk"] == {"uniquip": "Secondary Contact Name"}
    assert node_at(schema, "status")["x-labels"]["in_service"] == {"zh": "在用", "en": "in service"}
    decimal = next(one["pattern"] for one in node_at(schema, "original_value.amount")["anyOf"] if "pattern" in one)
    assert [text for text in ("12", "1.50", ".5", "1,5", "abc", "") if re.search(decimal, text)] == ["12", "1.50", ".5"]
    with pytest.raises(LookupError):
        node_at(schema, "owner.nothing")


def test_a_field_is_closed_only_where_its_values_are_listed_in_full() -> None:
    closed = closed_paths(kind_named("instrument"))
    assert {"status", "category", "original_value.currency"} <= closed
    assert not {"category_code", "place.division", "country_of_origin"} & closed


def test_the_index_has_a_place_for_what_the_annotations_ask_and_none_for_private_values() -> None:
    index = index_mapping(KINDS)
    assert set(index) == {"settings", "mappings"}
    properties = index["mappings"]["properties"]
    assert index["mappings"]["dynamic"] == "strict"
    assert index["mappings"]["_meta"] == {"version_type": "external"}
    exact, numbers, links = (properties[name]["properties"] for name in ("facets", "numbers", "links"))
    assert all(properties[name]["subobjects"] is False for name in ("facets", "numbers", "links"))
    for kind in KINDS:
        for spec in every(fields_of(kind)):
            if spec.openness != "public":
                assert spec.path not in exact
                assert spec.path not in numbers
            elif spec.meta.search in ("keyword", "facet"):
                assert exact[spec.path]["type"] == "keyword"
            elif spec.meta.search in ("number", "date"):
                assert numbers[spec.path]["type"] == "double"
            if spec.meta.refers:
                assert spec.path in links
    assert properties["geo"] == {"type": "geo_point"}
    assert properties["public"] == {"type": "object", "enabled": False}


def test_texts_are_cut_at_blanks_alone_since_they_arrive_as_terms() -> None:
    index = index_mapping(KINDS)
    analysis, properties = index["settings"]["analysis"], index["mappings"]["properties"]
    for name in ("title", "often", "body", "pinyin"):
        analyzer = analysis["analyzer"][properties[name]["analyzer"]]
        assert analysis["tokenizer"][analyzer["tokenizer"]]["type"] == "whitespace"
        assert [analysis["filter"][one]["type"] for one in analyzer["filter"]] == ["truncate"]


def test_paths_of_kinds_registered_later_are_mapped_as_they_come() -> None:
    mappings = index_mapping([kind_named("expert")])["mappings"]
    assert all(mappings["properties"][name]["dynamic"] is True for name in ("facets", "numbers", "links"))
    by_path = {
        one["path_match"]: one["mapping"]["type"] for each in mappings["dynamic_templates"] for one in each.values()
    }
    assert by_path == {"facets.*": "keyword", "numbers.*": "double", "links.*": "keyword"}
    assert mappings["properties"]["geo"] == {"type": "geo_point"}


def test_the_documentation_has_a_row_a_field() -> None:
    for kind in KINDS:
        document = kind_document(kind)
        rows = [line for line in document.splitlines() if line.startswith("| `")]
        assert len(rows) == len(by_path(kind))
        assert all(line.replace("\\|", "").count("|") == 8 for line in rows)
    instrument = kind_document(kind_named("instrument"))
    assert "| `contact.phone` | 联系方式·联系电话 · contact: contact telephone | 文本 · text | secret |" in instrument
    assert "`in_service` 在用" in instrument
    whole = documents(KINDS)
    assert all(f"(#{kind.name})" in whole and f'<a id="{kind.name}"></a>' in whole for kind in KINDS)
