"""The catalogue's document of a record: public, searchable by role, linked."""

from dataclasses import replace

import orjson
import pytest

from hub.kernel.records import Record
from hub.ports.catalogue import Document
from schemas.kind import kind_named
from schemas.views.references import OWN, WEAK, references
from services.catalog.core.projection import document
from tests.unit.catalog_records import EXPERT, INSTRUMENT, LABORATORY, ORGANISATION, PROJECT, TOKEN, record

pytestmark = pytest.mark.unit


def instrument() -> Document:
    return document(record("instrument", INSTRUMENT, phone=TOKEN))


def meets(one: Record, path: str, other: Record) -> bool:
    """Whether the reference at the path is to the other record."""
    keys = set(document(one).links[path])
    target = document(other)
    return bool(keys & {target.id, *(own.removeprefix(OWN) for own in target.links.get(OWN, ()))})


def test_nothing_private_is_in_a_document() -> None:
    told = repr(instrument()) + instrument().public.decode()
    for private in (TOKEN, "李四", "lab@example.edu.cn"):
        assert private not in told
    assert orjson.loads(instrument().public)["contact"] == {"url": "https://lab.example.edu.cn"}
    expert = document(record("expert", EXPERT))
    assert "1980" not in repr(expert)
    assert "female" not in repr(expert)


def test_exact_values_are_codes_and_a_division_lies_in_its_prefecture_and_province() -> None:
    facets = instrument().facets
    assert facets["status"] == ("in_service",)
    assert facets["shared"] == ("true",)
    assert facets["place.division"] == ("330106", "330100", "330000")
    assert facets["research_fields"] == ("材料科学", "生命科学")
    assert facets["owner.name_zh"] == ("浙江大学",)
    assert facets["instrument_types.name"] == ("透射电子显微镜",)
    assert facets["inventory_number"] == ("20180321",)


def test_numbers_and_days_and_place() -> None:
    assert instrument().numbers == {"original_value.amount": 4860000.5, "commissioned": 17611.0, "external_hours": 1620}
    assert instrument().geo == (30.2635, 120.1236)


def test_a_record_is_found_by_the_labels_of_its_codes_and_by_its_owner() -> None:
    body = instrument().body.casefold().replace(" ", "")
    for word in ("分析仪器", "analytical", "浙江大学", "西湖区", "hangzhou", "jem-2100f", "20180321", "余杭塘路"):
        assert word.replace("-", "") in body.replace("-", "")


def test_names_are_completed() -> None:
    assert instrument().suggest == (INSTRUMENT["name_zh"], INSTRUMENT["name_en"])
    assert "浙大" in document(record("organisation", ORGANISATION)).suggest


def test_a_withdrawn_record_keeps_nothing_but_its_identity() -> None:
    gone = replace(record("instrument", INSTRUMENT, 2), status="withdrawn", fields={})
    assert document(gone) == Document(gone.id, "instrument", 2, "withdrawn", gone.updated_at)


def test_references_meet_their_records_by_identifier() -> None:
    organisation, laboratory = record("organisation", ORGANISATION), record("laboratory", LABORATORY)
    assert meets(record("instrument", INSTRUMENT), "owner", organisation)
    assert meets(record("instrument", INSTRUMENT), "laboratory", laboratory)
    assert meets(laboratory, "host", organisation)
    both = record("organisation", {**ORGANISATION, "uscc": "12100000470095016Q"})
    assert both.id != organisation.id
    assert meets(laboratory, "host", both)


def test_references_by_name_meet_within_their_organisation_only() -> None:
    project, expert = record("project", PROJECT), record("expert", EXPERT)
    assert meets(project, "people", expert)
    assert not meets(project, "people", record("expert", {**EXPERT, "organisation": {"name_zh": "清华大学"}}))
    assert not meets(project, "people", record("expert", {"name_zh": "王五"}))
    assert meets(expert, "organisation", record("organisation", ORGANISATION))
    assert not meets(record("instrument", INSTRUMENT), "manufacturer", record("organisation", ORGANISATION))


def test_a_joined_record_answers_to_the_ids_joined_to_it() -> None:
    joined = replace(record("organisation", ORGANISATION), same_as=("organisation-old",))
    assert f"{OWN}organisation-old" in document(joined).links[OWN]


def test_private_references_make_no_link() -> None:
    found = references(kind_named("instrument"), {"contact": {"name": "李四"}, "owner": {"name_zh": "浙江大学"}})
    assert [reference.path for reference in found] == ["owner"]
    assert all(key.startswith(WEAK) for key in found[0].keys)


def test_a_record_of_an_unknown_kind_has_no_document() -> None:
    with pytest.raises(KeyError):
        document(replace(record("instrument", INSTRUMENT), kind="vessel"))
