"""The catalogue over HTTP, fed as the hub feeds it: submissions, curation, relay, sink."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import pytest
from httpx import Response

from hub.text.language import Bilingual
from schemas.annotations import F
from schemas.kind import Identity, Kind, RecordModel, register, unregister
from tests.integration.catalog_spine import SPECTROMETER, Spine, fill
from tests.unit.catalog_records import INSTRUMENT, TOKEN

pytestmark = pytest.mark.integration


@pytest.fixture
def spine(tmp_path: Path) -> Iterator[Spine]:
    spine = Spine(tmp_path)
    yield spine
    spine.close()


@pytest.fixture
def filled(spine: Spine) -> Spine:
    fill(spine)
    return spine


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("透射电子显微镜", INSTRUMENT["name_zh"]),
        ("transmission electron", INSTRUMENT["name_zh"]),
        ("sanchongsijigan", SPECTROMETER["name_zh"]),
        ("分析仪器", INSTRUMENT["name_zh"]),
        ("JEM-2100F", INSTRUMENT["name_zh"]),
        ("杭州师范大学", SPECTROMETER["name_zh"]),
    ],
)
def test_found_in_chinese_english_and_pinyin(filled: Spine, typed: str, found: str) -> None:
    assert found in filled.titles(q=typed, kind="instrument")


def test_filters_facets_and_places(filled: Spine) -> None:
    assert filled.titles(kind="instrument", **{"f.place.division": "330100"}) == [INSTRUMENT["name_zh"]]
    assert set(filled.titles(**{"f.place.division": "浙江省"})) == {INSTRUMENT["name_zh"], SPECTROMETER["name_zh"]}
    assert filled.titles(**{"from.commissioned": "2020"}, kind="instrument") == [SPECTROMETER["name_zh"]]
    assert filled.titles(near="30.26,120.12", within_km=10) == [INSTRUMENT["name_zh"]]
    assert filled.titles(box="29,121,30,122") == [SPECTROMETER["name_zh"]]
    nearest = filled.get("search", near="29.88,121.55", within_km=500, sort="distance")["hits"]
    assert [hit["title"] for hit in nearest] == [SPECTROMETER["name_zh"], INSTRUMENT["name_zh"]]
    assert nearest[0]["distance_km"] == pytest.approx(0, abs=0.1)
    found = filled.get("search", kind="instrument", facets="auto", **{"f.status": "在用"})
    facets = {facet["path"]: facet for facet in found["facets"]}
    assert found["total"] == 1
    assert {(value["value"], value["label"], value["selected"]) for value in facets["status"]["values"]} == {
        ("in_service", "在用", True),
        ("idle", "闲置", False),
    }
    assert facets["category"]["values"][0]["label"] == "分析仪器"


def test_pages_follow_each_other(filled: Spine) -> None:
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = filled.get("search", size=4, sort="title", cursor=cursor)
        seen += [hit["id"] for hit in page["hits"]]
        cursor = page["next_cursor"]
    assert len(seen) == len(set(seen)) == filled.get("search", size=1)["total"] == 6


def test_wrong_requests_are_told_in_both_languages(filled: Spine) -> None:
    for params in ({"f.statu": "idle"}, {"sort": "prize"}, {"kind": "instrumnt"}, {"cursor": "nonsense"}, {"foo": "1"}):
        zh = filled.get("search", status=400, **params)
        en = filled.get("search", lang="en", status=400, **params)
        (name,) = params
        assert zh["errors"][0]["field"] == en["errors"][0]["field"] == name
        assert "应为" in zh["title"]
        assert "expected" in en["title"]
    assert filled.get("records/instrument-nobody", status=404)["errors"][0]["code"] == "unknown-record"


def test_private_fields_are_seen_by_role_and_never_searched(filled: Spine) -> None:
    record_id = filled.get("search", q="透射电子显微镜")["hits"][0]["id"]
    anonymous, member, operator = (filled.get(f"records/{record_id}", who) for who in ("", "li", "operator"))
    assert "name" not in anonymous["fields"]["contact"]
    assert anonymous["hidden"] == ["联系方式·联系人", "联系方式·电子邮件", "联系方式·联系电话"]
    assert member["fields"]["contact"]["name"] == "李四"
    assert "phone" not in member["fields"]["contact"]
    assert operator["fields"]["contact"]["phone"] == "•••"
    assert filled.titles(q="李四") == []
    assert filled.titles(q="lab@example.edu.cn") == []
    assert TOKEN not in repr(filled.get("search", q="")) + repr(operator)
    filled.get(f"records/{record_id}", "stranger", status=401)


def test_history_tells_each_version(filled: Spine) -> None:
    record_id = filled.submit("instrument", {**INSTRUMENT, "status": "maintenance"}, version=2)
    filled.settle()
    newest, oldest = filled.get(f"records/{record_id}/history", lang="en")["versions"]
    assert (newest["version"], oldest["version"]) == (2, 1)
    (change,) = newest["changes"]
    assert (change["before"], change["after"]) == ("In service", "Under maintenance")


def test_from_instrument_to_laboratory_to_organisation_and_from_project_to_people(filled: Spine) -> None:
    def related(kind: str, direction: str, record_id: str = "") -> dict[str, str]:
        record_id = record_id or filled.get("search", kind=kind, q="")["hits"][0]["id"]
        told = filled.get(f"records/{record_id}/related")
        assert sum(total["total"] for total in told["totals"][direction]) == len(told[direction])
        return {f"{item['hit']['kind']}.{item['path']}": item["hit"]["id"] for item in told[direction]}

    microscope = filled.get("search", q="透射电子显微镜")["hits"][0]["id"]
    outgoing = related("instrument", "refers_to", microscope)
    assert set(outgoing) == {"organisation.owner", "laboratory.laboratory"}
    host = related("laboratory", "refers_to", outgoing["laboratory.laboratory"])["organisation.host"]
    assert host == outgoing["organisation.owner"]
    incoming = related("organisation", "referred_by", host)
    assert set(incoming) >= {"instrument.owner", "laboratory.host", "expert.organisation", "project.lead"}
    assert set(related("project", "refers_to")) == {"organisation.lead", "expert.people"}
    assert "project.people" in related("expert", "referred_by")
    page = filled.get(f"records/{microscope}")
    urls = {row["path"]: row["values"][0]["url"] for row in page["rows"]}
    assert urls["owner"] == f"/records/{host}"
    assert urls["manufacturer"] is None


def test_names_are_completed(filled: Spine) -> None:
    assert filled.get("suggest", q="场发射")["suggestions"][0]["text"] == INSTRUMENT["name_zh"]
    assert filled.get("suggest", q="zhejiang", kind="organisation")["suggestions"][0]["kind_label"] == "单位"
    assert filled.get("suggest", q="")["suggestions"] == []


def test_kinds_tell_what_they_offer(filled: Spine) -> None:
    told = {kind["name"]: kind for kind in filled.get("kinds", lang="en")["kinds"]}
    assert told["instrument"]["count"] == 2
    assert told["instrument"]["bookable"]
    assert {"path": "status", "label": "status"} in told["instrument"]["facets"]
    for sort in told["instrument"]["sorts"]:
        filled.get("search", kind="instrument", sort=sort["value"], near="30,120")
    for facet in told["instrument"]["facets"]:
        filled.get("search", kind="instrument", facets=facet["path"])


def test_kinds_come_with_samples_that_can_be_booked_first(filled: Spine) -> None:
    told = {kind["name"]: kind["samples"] for kind in filled.get("kinds", samples=2)["kinds"]}
    assert [hit["bookable"] for hit in told["instrument"]] == [True, False]
    assert [hit["title"] for hit in told["organisation"]] == ["浙江大学"]
    assert [len(kind["samples"]) for kind in filled.get("kinds", samples=1)["kinds"] if kind["count"]] == [1] * 5
    assert not any(kind["samples"] for kind in filled.get("kinds")["kinds"])
    priced = SPECTROMETER | {"name_zh": "按时计费的谱仪", "inventory_number": "MS-2", "shared": True}
    terms = {"opening_hours": INSTRUMENT["opening_hours"], "hourly_rate": {"amount": "1.00", "currency": "CNY"}}
    filled.submit("instrument", priced | terms | {"status": "in_service"})
    filled.settle()
    told = {kind["name"]: kind["samples"] for kind in filled.get("kinds", samples=1)["kinds"]}
    assert [hit["title"] for hit in told["instrument"]] == ["按时计费的谱仪"]


def test_saved_searches_belong_to_a_person(filled: Spine) -> None:
    def post(who: str, query: str) -> Response:
        headers = {"Authorization": f"Bearer {who}"} if who else {}
        return filled.http.post("/api/v1/saved-searches", json={"name": "电镜", "query": query}, headers=headers)

    assert post("", "q=x").status_code == 401
    assert post("li", "f.statu=idle").status_code == 400
    saved = post("li", "?kind=instrument&f.status=闲置&size=7").json()
    assert saved["query"] == "kind=instrument&f.status=idle"
    assert filled.get("saved-searches", "li")["searches"] == [saved]
    assert [filled.get("saved-searches", who)["searches"] for who in ("wang", "li2")] == [[], []]
    assert filled.get("saved-searches", "heir")["searches"] == [saved], "who had the owner's name before"
    path = f"saved-searches/{saved['id']}"
    assert [hit["title"] for hit in filled.get(f"{path}/results", "li")["hits"]] == [SPECTROMETER["name_zh"]]
    filled.get(f"{path}/results", "li", status=400, q="other")
    filled.get(path, "wang", status=404)
    assert filled.http.delete(f"/api/v1/{path}", headers={"Authorization": "Bearer li"}).status_code == 204
    filled.get(path, "li", status=404)


def test_an_unchanged_record_is_not_sent_again(filled: Spine) -> None:
    record_id = filled.get("search", q="透射电子显微镜")["hits"][0]["id"]
    tag = filled.http.get(f"/api/v1/records/{record_id}").headers["ETag"]
    again = filled.http.get(f"/api/v1/records/{record_id}", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    english = filled.http.get(f"/api/v1/records/{record_id}?lang=en", headers={"If-None-Match": tag})
    assert english.status_code == 200


class Vessel(RecordModel):
    """A research vessel."""

    name_zh: Annotated[str, F("船名", "name", search="title")]
    imo: Annotated[str, F("IMO 编号", "IMO number", search="keyword")]
    ice_class: Annotated[str, F("冰级", "ice class", search="facet")]
    captain: Annotated[str | None, F("船长", "captain", openness="member")] = None


@pytest.fixture
def vessel() -> Iterator[Kind]:
    yield register(Kind("vessel", Bilingual("科考船", "Vessel"), Vessel, (Identity("imo", ("imo",)),)))
    unregister("vessel")


def test_a_kind_registered_at_run_time_is_found_shown_and_withdrawn(spine: Spine, vessel: Kind) -> None:
    raw = {"name_zh": "雪龙2号", "imo": "9829241", "ice_class": "PC3", "captain": "赵六"}
    record_id = spine.submit(vessel.name, raw)
    spine.settle()
    found = spine.get("search", q="雪龙", kind="vessel", facets="auto")
    assert [hit["id"] for hit in found["hits"]] == [record_id]
    assert found["facets"][0]["values"][0]["value"] == "PC3"
    assert spine.titles(q="9829241") == ["雪龙2号"]
    assert spine.titles(q="赵六") == []
    told = spine.get(f"records/{record_id}", "li")
    assert {row["label"] for row in told["rows"]} == {"船名", "IMO 编号", "冰级", "船长"}
    assert "vessel" in {kind["name"] for kind in spine.get("kinds")["kinds"]}
    spine.submit(vessel.name, raw, version=2, operation="withdraw")
    spine.settle()
    assert spine.titles(q="雪龙") == []
    gone = spine.get(f"records/{record_id}")
    assert (gone["status"], gone["version"], gone["fields"], gone["rows"]) == ("withdrawn", 2, {}, [])
