"""A kind that is registered at run time is taken in, found, shown, booked and withdrawn with no other code."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from fastapi.testclient import TestClient
from pydantic import Field

from app.composition import compose
from app.server import create_app
from hub.auth.tokens import AccessFile, operator_token
from hub.runtime.settings import Settings
from hub.text.language import Bilingual
from schemas.annotations import F
from schemas.kind import Identity, Kind, RecordModel, register, unregister
from schemas.parts.common import Money, OrganisationRef, Place
from schemas.parts.opening import OpeningHours
from schemas.values import Short
from tests.waiting import wait_until

pytestmark = pytest.mark.integration


class Vessel(RecordModel):
    """A research vessel whose days at sea others can book."""

    name_zh: Annotated[Short, F("船名", "Chinese name", search="title", example="示例号")]
    call_sign: Annotated[Short, F("呼号", "call sign", search="keyword", example="BXYZ")]
    area: Annotated[Literal["ocean", "coastal"] | None, F("航区", "sea area", search="facet", example="ocean")] = None
    draught: Annotated[float | None, Field(gt=0), F("吃水（米）", "draught in metres", search="number")] = None
    operator: Annotated[OrganisationRef | None, F("运营单位", "operator", refers="organisation")] = None
    home_port: Annotated[Place | None, F("母港", "home port", search="geo")] = None
    opening_hours: Annotated[
        Annotated[tuple[OpeningHours, ...], Field(max_length=60)] | None,
        F("开放时间", "opening hours", example="MO-SU 08:00-18:00"),
    ] = None
    booking_confirmation: Annotated[
        Literal["automatic", "owner"] | None, F("预约确认方式", "booking confirmation", codes="booking_confirmation")
    ] = None
    hourly_rate: Annotated[Money | None, F("船时单价", "price an hour", example="5000 CNY")] = None


class Node:
    """The composed hub, as its operator and as a company reach it."""

    def __init__(self, client: TestClient, operator: str, member: str) -> None:
        self._client = client
        self._tokens = {"operator": operator, "member": member, "": ""}

    def ask(self, method: str, path: str, who: str = "", **more: Any) -> Any:
        headers = {"Accept-Language": "zh", "Accept": "application/json"} | more.pop("headers", {})
        if self._tokens[who]:
            headers["Authorization"] = f"Bearer {self._tokens[who]}"
        answer = self._client.request(method, path, headers=headers, **more)
        assert answer.status_code < 400, answer.text
        return answer

    def page(self, path: str) -> tuple[int, str]:
        answer = self._client.get(path, headers={"Accept": "text/html", "Accept-Language": "zh"})
        return answer.status_code, answer.text

    def submit(self, content: bytes, content_type: str) -> dict[str, Any]:
        """Submit vessels, and wait until what was accepted can be found."""
        sent = self.ask(
            "POST",
            "/api/v1/submissions/vessel",
            "operator",
            params={"source": "owner"},
            content=content,
            headers={"Content-Type": content_type},
        ).json()
        assert sent["refused"] == 0, sent["problems"]
        path = sent["links"]["self"]
        wait_until(lambda: self.ask("GET", path, "operator").json()["states"]["searchable"] == sent["accepted"])
        rows: dict[str, Any] = self.ask("GET", sent["links"]["rows"], "operator").json()
        return rows

    def found(self, **query: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("GET", "/api/v1/search", params=query).json()
        return found


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    identity = (Identity("call-sign", ("call_sign",)),)
    vessel = Kind("vessel", Bilingual("科考船", "Research vessel"), Vessel, identity, ("name_zh",), bookable=True)
    register(vessel)
    hub = compose(Settings(data_dir=tmp_path))
    try:
        member = AccessFile(tmp_path).issue("company", {"member"}, set())
        with TestClient(create_app(hub)) as client:
            yield Node(client, operator_token(tmp_path) or "", member)
    finally:
        hub.close()
        unregister("vessel")


CORAL = (
    '{"_id": "V-1", "name_zh": "珊瑚探索号", "call_sign": "BCOR", "area": "ocean", "draught": 5.4, '
    '"operator": {"name_zh": "海洋研究所"}, "home_port": {"lat": 22.6, "lon": 114.3}, '
    '"opening_hours": [{"days": ["MO", "TU", "WE", "TH", "FR", "SA", "SU"], "opens": "08:00", "closes": "18:00"}], '
    '"booking_confirmation": "automatic", "hourly_rate": {"amount": "5000.00", "currency": "CNY"}}'
).encode()


def test_its_records_come_in_as_json_and_by_its_own_template_and_are_found(node: Node) -> None:
    node.submit(CORAL, "application/json")
    template = node.ask("GET", "/api/v1/templates/vessel", params={"format": "csv"}).text
    headings = next(csv.reader(io.StringIO(template.removeprefix("\ufeff"))))
    row = {
        "船名": "近岸先锋号",
        "呼号": "BNEA",
        "航区": "coastal",
        "吃水（米）": "2.1",
        "开放时间": "周一至周五 09:00-17:00",
    }
    assert row.keys() <= set(headings)
    table = io.StringIO()
    writer = csv.DictWriter(table, headings, restval="")
    writer.writeheader()
    writer.writerow(row)
    assert [one["state"] for one in node.submit(table.getvalue().encode(), "text/csv")["rows"]] == ["searchable"]

    assert [hit["title"] for hit in node.found(q="珊瑚")["hits"]] == ["珊瑚探索号"]
    everything = node.found(kind="vessel", facets="area")
    assert (everything["total"], [hit["bookable"] for hit in everything["hits"]]) == (2, [True, True])
    assert {value["value"]: value["count"] for value in everything["facets"][0]["values"]} == {"ocean": 1, "coastal": 1}
    assert [hit["title"] for hit in node.found(**{"f.area": "coastal"})["hits"]] == ["近岸先锋号"]
    assert [hit["title"] for hit in node.found(**{"from.draught": "5"})["hits"]] == ["珊瑚探索号"]
    assert [hit["title"] for hit in node.found(near="22.5,114.0", within_km="50")["hits"]] == ["珊瑚探索号"]
    kind = next(one for one in node.ask("GET", "/api/v1/kinds").json()["kinds"] if one["name"] == "vessel")
    assert (kind["label"], kind["count"], kind["bookable"]) == ("科考船", 2, True)
    assert kind["ranges"][0] == {"path": "draught", "label": "吃水（米）", "type": "number"}


def test_people_see_and_book_it(node: Node) -> None:
    record_id = node.submit(CORAL, "application/json")["rows"][0]["record_id"]
    _, results = node.page("/?kind=vessel")
    assert f'href="/records/{record_id}/book"' in results
    status, page = node.page(f"/records/{record_id}")
    assert status == 200
    for told in ("珊瑚探索号", "科考船", "航区", "海洋研究所", "5000 元", "/book"):
        assert told in page
    day = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    wanted = {"start": f"{day}T08:00:00+08:00", "end": f"{day}T10:00:00+08:00", "purpose": "采样"}
    booking = node.ask("POST", "/api/v1/bookings", "member", json={"instrument": record_id} | wanted).json()
    assert (booking["status"], booking["price"]) == ("confirmed", {"amount": "10000.00", "currency": "CNY"})
    offered = node.ask("GET", f"/api/v1/instruments/{record_id}/availability", params={"from": day, "days": "1"}).json()
    assert [slot["state"] for slot in offered["days"][0]["slots"]][:3] == ["taken", "taken", "free"]
    assert "已约" in node.page(f"/records/{record_id}/book?from={day}&day={day}")[1]


def test_withdrawn_it_leaves_the_search_and_keeps_its_id_version_and_date(node: Node) -> None:
    record_id = node.submit(CORAL, "application/json")["rows"][0]["record_id"]
    node.submit(b'{"_id": "V-1", "_operation": "withdraw"}', "application/json")
    assert node.found(q="珊瑚")["total"] == 0
    record = node.ask("GET", f"/api/v1/records/{record_id}").json()
    assert (record["id"], record["status"], record["version"], record["fields"]) == (record_id, "withdrawn", 2, {})
    assert record["created_at"] < record["updated_at"]
    assert record["bookable"] is False
    status, page = node.page(f"/records/{record_id}")
    assert status == 410
    assert "珊瑚" not in page
    assert record_id in page
