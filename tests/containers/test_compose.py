"""docker-compose.yml as it is deployed: from a record to its use, through the loss of a service and a stop of all."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.containers.conftest import REQUEST_SECONDS, Deployed
from tests.engine.compose import wait_for

pytestmark = [pytest.mark.containers, pytest.mark.timeout(1_800)]
ALL_DAY = {"days": ["MO", "TU", "WE", "TH", "FR", "SA", "SU"], "opens": "00:00", "closes": "23:59"}
INSTRUMENT: dict[str, Any] = {
    "owner": {"uscc": "12100000470095016Q", "name_zh": "浙江大学"},
    "place": {"division": "330825"},
    "status": "in_service",
    "shared": True,
    "opening_hours": [ALL_DAY],
    "time_zone": "Asia/Shanghai",
    "slot_minutes": 60,
    "booking_confirmation": "automatic",
}
RUN_HOURS = 3
KILL_CHILDREN_OF_INIT = """\
import os, signal
for name in filter(str.isdigit, os.listdir("/proc")):
    with open(f"/proc/{name}/stat") as stat:
        if stat.read().rpartition(")")[2].split()[1] == "1":
            os.kill(int(name), signal.SIGKILL)
"""


@dataclass(frozen=True)
class Journey:
    """What one instrument has gone through: its record, a booking of it, and the month of a run on it."""

    record: str
    booking: str
    month: str


@pytest.fixture(scope="module")
def journey(deployed: Deployed) -> Journey:
    """From the POST of a record to its use, each step waited for."""
    with deployed.client() as api:
        record = searchable(api, "容器里的电镜", "CONTAINER-1")
        offered = api.get(f"/api/v1/instruments/{record}/availability").raise_for_status().json()
        slot = next(slot for day in offered["days"] for slot in day["slots"] if slot["state"] == "free")
        times = {"start": slot["start"], "end": slot["end"]}
        booked = api.post("/api/v1/bookings", json={"instrument": record, **times})
        assert booked.status_code == 201, booked.text
        ended = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
        started = ended - timedelta(hours=RUN_HOURS)
        run = {"id": "run-1", "started_at": started.isoformat(), "ended_at": ended.isoformat(), "user_kind": "external"}
        taken = api.post(f"/api/v1/instruments/{record}/telemetry", json=run)
        assert taken.status_code == 202, taken.text
        journey = Journey(record, booked.json()["id"], f"{started:%Y-%m}")
        wait_for(lambda: counted_hours(api, journey) == RUN_HOURS)
    return journey


def searchable(api: httpx.Client, title: str, number: str) -> str:
    """The id of an instrument that has been submitted and can be found."""
    row = {"_id": number, "inventory_number": number, "name_zh": title, **INSTRUMENT}
    answer = api.post("/api/v1/submissions/instrument", params={"source": "sample"}, json=[row])
    assert answer.status_code == 202, answer.text
    assert answer.json()["refused"] == 0, answer.text
    wait_for(lambda: bool(found_id(api, title)))
    return found_id(api, title)


def found_id(api: httpx.Client, title: str) -> str:
    """The id of the record of that title; empty where the search does not find it."""
    answer = api.get("/api/v1/search", params={"q": title, "kind": "instrument"})
    hits = answer.json()["hits"] if answer.status_code == 200 else []
    return next((hit["id"] for hit in hits if hit["title"] == title), "")


def counted_hours(api: httpx.Client, journey: Journey) -> float:
    """The effective hours of the run's month and the one after, for a run may begin in one and end in the other."""
    answer = api.get("/api/v1/usage", params={"scope": "instrument", "id": journey.record, "from": journey.month})
    return float(sum(row["effective_hours"] for row in answer.raise_for_status().json()["rows"]))


@pytest.fixture(scope="module")
def signed_in(deployed: Deployed, browser: Browser) -> Iterator[BrowserContext]:
    """A browser in which demo-company has signed in at the provider."""
    context = browser.new_context(base_url=deployed.url, locale="zh-CN")
    context.set_default_timeout(REQUEST_SECONDS * 1_000)
    page = context.new_page()
    page.goto("/sign-in?next=/bookings")
    page.get_by_role("link", name="用单位账号登录").click()
    page.locator("#username").fill("demo-company")
    page.locator("#password").fill(demo_password(deployed))
    page.locator("#kc-login").click()
    page.wait_for_url("**/bookings")
    yield context
    context.close()


def demo_password(deployed: Deployed) -> str:
    (password,) = re.findall(r"^HUB_DEMO_PASSWORD=(\w+)$", deployed.project.settings.read_text(), re.MULTILINE)
    return str(password)


def test_every_health_check_is_green(deployed: Deployed) -> None:
    states = deployed.project.services()
    assert {name for name, row in states.items() if row["State"] != "running"} == {"prepare"}
    assert deployed.project.unwell() == {}
    assert {row["Health"] for name, row in states.items() if name != "prepare"} == {"healthy"}


def test_a_record_is_found_booked_and_its_use_counted(deployed: Deployed, journey: Journey) -> None:
    with deployed.client() as api:
        assert found_id(api, "容器里的电镜") == journey.record
        assert api.get(f"/api/v1/bookings/{journey.booking}").json()["status"] == "confirmed"
        assert counted_hours(api, journey) == RUN_HOURS


def test_the_gateway_serves_pages_and_keeps_what_is_inner_to_itself(deployed: Deployed, journey: Journey) -> None:
    with httpx.Client(base_url=deployed.url, timeout=REQUEST_SECONDS) as anybody:
        page = anybody.get("/", params={"q": "容器里的电镜", "kind": "instrument"})
        assert (page.status_code, f"/records/{journey.record}" in page.text) == (200, True)
        assert "容器里的电镜" in anybody.get(f"/records/{journey.record}").text
        assert [anybody.get(path).status_code for path in ("/metrics", "/readyz")] == [404, 404]


def test_a_person_signs_in_at_the_provider(signed_in: BrowserContext) -> None:
    page = signed_in.new_page()
    page.goto("/account")
    expect(page.get_by_text("demo-company").first).to_be_visible()
    page.close()


def test_a_service_that_is_killed_comes_back_and_goes_on(deployed: Deployed, journey: Journey) -> None:
    def restarts() -> int:
        container = deployed.project.services()["curation"]["ID"]
        return int(deployed.project.engine.run("inspect", "--format", "{{.RestartCount}}", container))

    before = restarts()
    deployed.project.run("exec", "-T", "curation", "python", "-c", KILL_CHILDREN_OF_INIT)
    with deployed.client() as api:
        assert searchable(api, "重启后的电镜", "CONTAINER-2") != journey.record
    assert restarts() == before + 1
    wait_for(lambda: deployed.project.unwell() == {})


def test_all_is_there_after_down_and_up(deployed: Deployed, journey: Journey, signed_in: BrowserContext) -> None:
    deployed.project.run("down")
    assert deployed.project.services() == {}
    deployed.project.up()
    with deployed.client() as api:
        assert found_id(api, "容器里的电镜") == journey.record
        assert api.get(f"/api/v1/bookings/{journey.booking}").json()["status"] == "confirmed"
        assert counted_hours(api, journey) == RUN_HOURS
        assert searchable(api, "再次启动后的电镜", "CONTAINER-3")
    page = signed_in.new_page()
    page.goto("/bookings")
    expect(page.locator("h1")).to_be_visible()
    assert page.url.endswith("/bookings"), "the sign-in of before still counts"
    page.close()
