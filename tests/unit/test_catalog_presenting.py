"""What people read of a record: values in their language, by what they may see."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, get_args, get_origin, get_type_hints, is_typeddict

import pytest
from pydantic import BaseModel, create_model

from hub.kernel.access import ANONYMOUS, Principal
from hub.ports.catalogue import Hit, Query
from schemas.http import catalog as contract
from schemas.kind import kind_named
from schemas.views.references import references
from schemas.views.visibility import PUBLIC, readable
from services.catalog.core import answers
from services.catalog.core.pages import history_view, record_view, urls_of
from services.catalog.core.presentation import facets_json, hit_json
from tests.unit.catalog_records import AT, INSTRUMENT, PROJECT, TOKEN, ZJU, disputed, fields_of, record

pytestmark = pytest.mark.unit
ALL = readable(Principal("operator", frozenset({"operator"})))
MEMBER = readable(Principal("li", frozenset({"member"})))
SOURCES = {"owner": "单位自行登记"}


def record_json(*arguments: Any) -> dict[str, Any]:
    return record_view(*arguments).model_dump(mode="json")


def history_json(*arguments: Any) -> list[dict[str, Any]]:
    return list(history_view(*arguments).model_dump(mode="json")["versions"])


def rows(levels: Any = PUBLIC, language: Any = "zh") -> dict[str, dict[str, Any]]:
    told = record_json(record("instrument", INSTRUMENT, phone=TOKEN), levels, language, SOURCES, {})
    return {row["path"]: row for row in told["rows"]}


def test_values_are_written_as_people_read_them() -> None:
    zh, en = rows(), rows(language="en")
    assert zh["category"]["shown"] == "分析仪器"
    assert en["category"]["shown"] == "Analytical instruments"
    assert zh["category_code"]["shown"] == "010101 分析仪器"
    assert zh["original_value"]["shown"] == "4,860,000.50 元"
    assert en["original_value"]["shown"] == "CNY 4,860,000.50"
    assert zh["external_hours"]["shown"] == "1620"
    assert zh["shared"]["shown"] == "是"
    assert zh["opening_hours"]["shown"] == "周一–周五 08:30–17:30"
    assert en["opening_hours"]["shown"] == "Mon–Fri 08:30–17:30"
    assert zh["place"]["shown"] == "浙江省杭州市西湖区 余杭塘路866号"
    assert zh["research_fields"]["shown"] == "材料科学；生命科学"
    assert zh["instrument_types"]["shown"] == "透射电子显微镜"
    assert en["owner"]["shown"] == "Zhejiang University"
    assert zh["contact.url"]["values"] == [{"shown": "https://lab.example.edu.cn", "url": "https://lab.example.edu.cn"}]


def test_a_role_stands_behind_the_name() -> None:
    told = record_json(record("project", PROJECT), PUBLIC, "zh", {}, {})
    assert next(row for row in told["rows"] if row["path"] == "people")["shown"] == "王五（负责人）"
    assert told["subtitle"].startswith("浙江大学")


def test_every_row_names_its_source() -> None:
    assert rows()["owner"]["source"] == {"id": "owner", "label": "单位自行登记", "received_at": AT}


def test_private_values_are_told_only_to_those_who_may_see_them() -> None:
    one = record("instrument", INSTRUMENT, phone=TOKEN)
    anonymous = record_json(one, readable(ANONYMOUS), "zh", {}, {})
    assert anonymous["fields"]["contact"] == {"url": "https://lab.example.edu.cn"}
    assert anonymous["hidden"] == ["联系方式·联系人", "联系方式·电子邮件", "联系方式·联系电话"]
    member = record_json(one, MEMBER, "zh", {}, {})
    assert member["fields"]["contact"]["name"] == "李四"
    assert member["hidden"] == ["联系方式·联系电话"]
    operator = record_json(one, ALL, "zh", {}, {})
    assert operator["fields"]["contact"]["phone"] == "•••"
    assert operator["hidden"] == []
    assert TOKEN not in repr((anonymous, member, operator))


def test_a_part_without_a_visible_member_is_left_out() -> None:
    one = record("instrument", {**INSTRUMENT, "contact": {"name": "李四"}})
    assert "contact" not in record_json(one, PUBLIC, "zh", {}, {})["fields"]


def test_what_is_no_part_as_its_kind_says_is_not_let_through() -> None:
    one = record("instrument", INSTRUMENT)
    broken = replace(one, fields={**one.fields, "contact": "李四 0571-88206666"})
    assert "contact" not in record_json(broken, MEMBER, "zh", {}, {})["fields"]


def test_references_lead_to_their_records() -> None:
    one = record("instrument", INSTRUMENT)
    owner = next(found for found in references(kind_named("instrument"), one.fields) if found.path == "owner")
    told = record_json(one, PUBLIC, "zh", {}, urls_of([(owner, "organisation-1")]))
    by_path = {row["path"]: row["values"][0] for row in told["rows"]}
    assert by_path["owner"] == {"shown": "浙江大学", "url": "/records/organisation-1"}
    assert by_path["manufacturer"]["url"] is None


def test_conflicts_are_told_within_what_may_be_seen() -> None:
    one = disputed(record("instrument", INSTRUMENT), "status", "idle")
    (conflict,) = record_json(one, PUBLIC, "en", SOURCES, {})["conflicts"]
    assert [value["shown"] for value in conflict["values"]] == ["In service", "Idle"]
    assert conflict["values"][1]["source"]["id"] == "zhejiang"
    private = disputed(record("instrument", INSTRUMENT), "contact", {**INSTRUMENT["contact"], "name": "赵六"})
    assert record_json(private, PUBLIC, "zh", {}, {})["conflicts"] == []
    (conflict,) = record_json(private, MEMBER, "zh", {}, {})["conflicts"]
    assert "赵六" in conflict["values"][1]["shown"]


def test_a_withdrawn_record_tells_that_it_is() -> None:
    gone = replace(record("instrument", INSTRUMENT, 2), status="withdrawn", fields={}, replaced_by="instrument-2")
    told = record_json(gone, ALL, "zh", {}, {})
    assert (told["status"], told["fields"], told["rows"], told["bookable"]) == ("withdrawn", {}, [], False)
    assert told["replaced_by"] == "instrument-2"


def test_history_tells_changes_that_the_reader_may_see() -> None:
    first = record("instrument", INSTRUMENT)
    contact = {**INSTRUMENT["contact"], "name": "赵六"}
    second = record("instrument", {**INSTRUMENT, "status": "idle", "contact": contact}, 2)
    (newest, oldest) = history_json([second, first], PUBLIC, "zh", 10)
    assert newest["changes"] == [{"path": "status", "label": "状态", "before": "在用", "after": "闲置"}]
    assert {"path": "shared", "label": "是否共享", "before": None, "after": "是"} in oldest["changes"]
    paths = [change["path"] for change in history_json([second, first], MEMBER, "zh", 10)[0]["changes"]]
    assert paths == ["contact.name", "status"]
    gone = replace(second, version=3, status="withdrawn", fields={})
    assert [version["changes"] for version in history_json([gone, second, first], ALL, "zh", 10)] == [[], [], []]


def test_hits_are_titled_in_the_readers_language() -> None:
    public = fields_of("instrument", {**INSTRUMENT, "contact": None})
    zh, en = (hit_json(Hit("instrument-1", "instrument", 3, AT, public), language) for language in ("zh", "en"))
    assert (zh["title"], zh["second_title"]) == (INSTRUMENT["name_zh"], INSTRUMENT["name_en"])
    assert en["title"] == INSTRUMENT["name_en"]
    assert zh["subtitle"] == "浙江大学 · JEM-2100F · 浙江省杭州市西湖区"
    assert en["subtitle"] == "Zhejiang University · JEM-2100F · Xihu District, Hangzhou City, Zhejiang"
    assert (zh["geo"], zh["kind_label"], zh["url"]) == ((30.2635, 120.1236), "仪器设备", "/records/instrument-1")
    only_english = hit_json(Hit("organisation-1", "organisation", 1, AT, {"name_en": "CERN"}), "zh")
    assert (only_english["title"], only_english["second_title"]) == ("CERN", None)
    unnamed = hit_json(Hit("gone-1", "gone", 1, AT, {"a": 1}), "zh")
    assert (unnamed["title"], unnamed["kind_label"]) == ("gone-1", "gone")


def test_facet_values_are_labelled_and_chosen_ones_stay() -> None:
    query = Query(kinds=("instrument",), filters={"status": ("idle",)}, facets=("status", "place.division", "kind"))
    counted = {"status": (("in_service", 3),), "place.division": (("330100", 2),), "kind": (("instrument", 3),)}
    status, division, kind = facets_json(counted, query, "zh")
    assert status["label"] == "状态"
    assert status["values"] == [
        {"value": "in_service", "label": "在用", "count": 3, "selected": False},
        {"value": "idle", "label": "闲置", "count": 0, "selected": True},
    ]
    assert division["values"][0]["label"] == "浙江省杭州市"
    assert kind["values"][0] == {"value": "instrument", "label": "仪器设备", "count": 3, "selected": True}


def test_the_references_name_is_enough_for_a_page() -> None:
    one = record("instrument", {**INSTRUMENT, "owner": {"ror": ZJU["ror"]}})
    told = {row["path"]: row["shown"] for row in record_json(one, PUBLIC, "zh", {}, {})["rows"]}
    assert told["owner"] == ZJU["ror"]


@pytest.mark.parametrize(
    ("address", "zh", "en"),
    [
        ("浙江省杭州市", "浙江省杭州市", "Hangzhou City, Zhejiang"),
        ("Hangzhou, Zhejiang", "浙江省杭州市", "Hangzhou City, Zhejiang"),
        ("浙江省杭州市玉泉路 1 号", "浙江省杭州市 玉泉路 1 号", "玉泉路 1 号, Hangzhou City, Zhejiang"),
        ("866 Yuhangtang Rd", "浙江省杭州市 866 Yuhangtang Rd", "866 Yuhangtang Rd, Hangzhou City, Zhejiang"),
    ],
)
def test_an_address_that_repeats_the_division_is_told_once(address: str, zh: str, en: str) -> None:
    fields = {**INSTRUMENT, "place": {"division": "330100", "address": address}}
    for language, told in (("zh", zh), ("en", en)):
        rows = record_json(record("instrument", fields), PUBLIC, language, {}, {})["rows"]  # type: ignore[arg-type]
        assert next(row["shown"] for row in rows if row["path"] == "place") == told


def test_a_record_tells_why_it_cannot_be_booked() -> None:
    hours = [{"days": ["MO"], "opens": "09:00", "closes": "12:00"}]
    open_one = {**INSTRUMENT, "opening_hours": hours, "status": "in_service", "shared": True}
    broken = record_json(record("instrument", {**open_one, "status": "maintenance"}), PUBLIC, "zh", {}, {})
    assert (broken["bookable"], broken["booking_refusal"]) == (False, "仪器正在维修，暂停预约")
    fine = record_json(record("instrument", open_one), PUBLIC, "zh", {}, {})
    assert (fine["bookable"], fine["booking_refusal"]) == (True, None)
    assert record_json(record("project", PROJECT), PUBLIC, "zh", {}, {})["booking_refusal"] is None


def test_a_hit_tells_whether_it_can_be_booked() -> None:
    hours = {"opening_hours": [{"days": ["MO"], "opens": "09:00", "closes": "12:00"}]}
    open_one = {"name_zh": "电镜", **hours}
    for kind, public, bookable in (
        ("instrument", open_one, True),
        ("instrument", {"name_zh": "电镜"}, False),
        ("instrument", {**open_one, "status": "retired"}, False),
        ("instrument", {**open_one, "shared": False}, False),
        ("laboratory", open_one, False),
        ("gone", open_one, False),
    ):
        assert hit_json(Hit("one", kind, 1, AT, public), "zh")["bookable"] is bookable


@pytest.mark.parametrize("name", ["SearchPage", "Facet", "FacetValue", "Hit"])
def test_what_a_search_writes_has_the_shape_of_its_model(name: str) -> None:
    """The types that hold the dictionaries to their shape say what the models say, member by member."""
    written = modelled(getattr(answers, name)).model_json_schema()
    model: type[BaseModel] = getattr(contract, name)
    promised = model.model_json_schema()
    assert list(written["properties"]) == list(promised["properties"])
    assert written["required"] == promised["required"]
    for member, schema in promised["properties"].items():
        assert plain(written["properties"][member]) == plain(schema), member


def modelled(shape: Any) -> Any:
    """A type with models in the place of typed dictionaries."""
    if is_typeddict(shape):
        members = {name: (modelled(kind), ...) for name, kind in get_type_hints(shape, include_extras=True).items()}
        return create_model(shape.__name__, **members)
    if get_origin(shape) is Sequence:
        return Sequence[modelled(get_args(shape)[0])]
    return shape


def plain(schema: Any) -> Any:
    """Without what is no matter of shape; any JSON value is one."""
    if isinstance(schema, dict):
        kept = {key: plain(value) for key, value in schema.items() if key not in ("title", "description")}
        return {key: value for key, value in kept.items() if value not in (True, {"$ref": "#/$defs/JsonValue"})}
    return [plain(item) for item in schema] if isinstance(schema, list) else schema
