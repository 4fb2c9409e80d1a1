"""Usage on the embedded log: machines report, the counter counts, and everybody may ask."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.limits import limits_of_routes
from hub.kernel.access import Principal
from hub.kernel.cloudevents import CloudEvent
from hub.kernel.entries import Entry
from hub.kernel.records import RECORD_CHANGED, RECORDS, Record, SourceRef
from hub.log.sqlite_eventlog import SqliteEventLog
from hub.ports.clock import ManualClock
from hub.runtime.threads import drain
from hub.web.limits import Limited
from hub.web.problems import install_problem_handlers
from schemas.events.bookings import BOOKING_CHANGED, BOOKINGS, Booking
from schemas.events.usage import TELEMETRY, USAGE, USAGE_COUNTED, MonthUsage
from schemas.topics import topics
from services.usage.adapters.sqlite_usage import SqliteUsage
from services.usage.api import router
from services.usage.service import Recorder, UsageCounter, UsageFeed, UsageQueries
from tests.contract import conforming

pytestmark = pytest.mark.integration
NOW = datetime(2026, 4, 20, tzinfo=UTC)
PEOPLE = {
    "li": Principal("li", frozenset({"member"})),
    "lab": Principal("lab", frozenset({"submitter"}), frozenset({"owner"}), "acc-lab", "org-lab"),
    "web": Principal("web", frozenset({"submitter"}), frozenset({"harvest"}), "acc-web", "org-web"),
    "op": Principal("op", frozenset({"operator"})),
}
OWNER = {"name_zh": "示例大学", "uscc": "12100000470095016Q"}
FIELDS = {"owner": OWNER, "laboratory": {"name_zh": "示例中心"}, "place": {"division": "330825"}}
OWN = (SourceRef("owner", "1", 1, "owner", "", "org-lab"), SourceRef("harvest", "1", 1, "harvested", ""))
TEM = Record("instrument-tem", "instrument", 1, "active", "", "", FIELDS, {}, OWN)
XRD = replace(TEM, id="instrument-xrd", fields=FIELDS | {"owner": {"name_zh": "示例大学"}}, same_as=("instrument-old",))
RECORDS_OF_TEST = {
    record.id: record
    for record in (
        TEM,
        XRD,
        replace(TEM, id="instrument-old", status="withdrawn", fields={}, replaced_by="instrument-xrd"),
        replace(TEM, id="laboratory-1", kind="laboratory", fields={"name_zh": "示例中心", "host": OWNER}),
        replace(TEM, id="organisation-1", kind="organisation", fields=OWNER),
    )
}


class Known:
    def get(self, ids: Collection[str]) -> Mapping[str, Record]:
        return {one: RECORDS_OF_TEST[one] for one in ids if one in RECORDS_OF_TEST}


class Access:
    def principal(self, token: str) -> Principal | None:
        return PEOPLE.get(token)


class Site:
    """The usage service on its own, with its counter."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock(NOW)
        self.log = SqliteEventLog(folder / "log.db", self.clock)
        self.log.create_topics(topics(2))
        self.store = SqliteUsage(folder / "usage.db")
        self.counter = UsageCounter(self.log, self.store)
        known: Any = Known()
        app = conforming(FastAPI())
        app.state.access = Access()
        install_problem_handlers(app)
        recorder = Recorder(self.log, known, self.clock, "hub.test")
        app.add_middleware(Limited, table=limits_of_routes(2**20))
        app.include_router(router(recorder, UsageQueries(self.store, known, self.clock)))
        self.client = TestClient(app)
        self.append(RECORDS, RECORD_CHANGED, *((one.id, one.to_bytes()) for one in RECORDS_OF_TEST.values()))

    def append(self, topic: str, event_type: str, *events: tuple[str, bytes]) -> None:
        made = [CloudEvent("1", "hub.test", event_type, key, "", data).as_entry() for key, data in events]
        self.log.append(topic, made)

    def report(self, who: str, body: Any, instrument: str = "instrument-tem") -> Any:
        headers = {"Authorization": f"Bearer {who}"}
        return self.client.post(f"/api/v1/instruments/{instrument}/telemetry", json=body, headers=headers)

    def usage(self, scope: str, wanted: str, **more: str) -> Any:
        drain([self.counter])
        return self.client.get("/api/v1/usage", params={"scope": scope, "id": wanted, "from": "2026-03", **more})


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.counter.close()
    site.store.close()
    site.log.close()


def run(start: str, end: str, kind: str = "external", **more: Any) -> dict[str, Any]:
    return {"started_at": f"2026-{start}:00+08:00", "ended_at": f"2026-{end}:00+08:00", "user_kind": kind, **more}


def test_a_night_at_the_end_of_a_month_is_told_in_every_scope(site: Site) -> None:
    night = run("03-31T22:00", "04-01T06:00", id="night-1")
    answer = site.report("lab", [night, run("03-02T08:00", "03-02T14:00", "internal")])
    assert answer.status_code == 202
    assert (answer.json()["source"], answer.json()["ids"][0]) == ("hub.test/owner/org-lab", "night-1")
    assert site.report("lab", night).status_code == 202
    assert site.report("op", run("04-02T08:00", "04-02T10:00"), "instrument-old").json()["instrument_id"] == XRD.id

    told = site.usage("instrument", TEM.id).json()
    assert [(row.pop("month"), *row.values()) for row in told["rows"]] == [
        ("2026-03", 8.0, 2.0, 0.25, 0, 0),
        ("2026-04", 6.0, 6.0, 1.0, 0, 0),
    ]
    for scope, wanted in (("organisation", "organisation-1"), ("laboratory", "laboratory-1"), ("county", "330825")):
        assert site.usage(scope, wanted).json()["total"]["effective_hours"] == 16.0, scope
    for instrument in (XRD.id, "instrument-old"):
        assert site.usage("instrument", instrument).json()["total"]["effective_hours"] == 2.0
    empty = site.usage("county", "330106", to="2026-03").json()["rows"]
    assert empty == [
        {
            "month": "2026-03",
            "effective_hours": 0,
            "external_hours": 0,
            "sharing_rate": None,
            "no_shows": 0,
            "bookings": 0,
        }
    ]


def test_a_correction_replaces_what_was_reported(site: Site) -> None:
    site.report("lab", run("03-02T08:00", "03-02T20:00", id="r1"))
    site.report("lab", run("03-02T08:00", "03-02T10:00", "internal", id="r1", version=2))
    site.report("lab", run("03-02T08:00", "03-02T20:00", id="r1"))
    assert site.usage("instrument", TEM.id).json()["total"] == {
        "effective_hours": 2.0, "external_hours": 0.0, "sharing_rate": 0.0, "no_shows": 0, "bookings": 0,
    }  # fmt: skip


def test_a_booking_nobody_came_to_is_a_no_show_a_day_later(site: Site) -> None:
    start, end = datetime(2026, 4, 19, 1, tzinfo=UTC), datetime(2026, 4, 19, 2, tzinfo=UTC)
    for name, status, version in (("b1", "requested", 1), ("b1", "confirmed", 2), ("b2", "declined", 2)):
        booking = Booking(name, TEM.id, start, end, "Asia/Shanghai", status, "", "li", "", "", version)  # type: ignore[arg-type]
        site.append(BOOKINGS, BOOKING_CHANGED, (TEM.id, booking.event_data()))
    assert site.usage("county", "330825").json()["total"]["no_shows"] == 0
    site.clock.advance(end.replace(day=20) - NOW)
    assert site.usage("county", "330825").json()["total"]["no_shows"] == 1
    site.report("lab", run("04-19T09:30", "04-19T09:40"))
    assert (site.usage("county", "330825").json()["total"] | {"effective_hours": None, "external_hours": None}) == {
        "effective_hours": None, "external_hours": None, "sharing_rate": 1.0, "no_shows": 0, "bookings": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("who", "instrument", "status", "code"),
    [
        ("li", "instrument-tem", 403, "not-allowed"),
        ("web", "instrument-tem", 403, "not-allowed"),
        ("lab", "instrument-none", 404, "unknown-instrument"),
        ("lab", "laboratory-1", 404, "unknown-instrument"),
    ],
)
def test_only_those_who_speak_for_an_instrument_report_its_runs(
    site: Site, who: str, instrument: str, status: int, code: str
) -> None:
    answer = site.report(who, run("03-02T08:00", "03-02T10:00"), instrument)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (status, code)
    assert site.client.post("/api/v1/instruments/instrument-tem/telemetry", json={}).status_code == 401


def test_a_request_is_taken_whole_or_refused_with_every_reason(site: Site) -> None:
    body = [
        run("03-02T08:00", "03-02T10:00"),
        run("03-02T10:00", "03-02T08:00", "guest"),
        run("04-30T08:00", "04-30T10:00"),
        run("03-02T08:00", "03-02T10:00", instrument_id="instrument-xrd"),
        "run",
    ]
    answer = site.report("lab", body)
    assert answer.status_code == 422
    found = {(problem["row"], problem["code"]) for problem in answer.json()["errors"]}
    assert found == {(2, "order"), (2, "bad-kind"), (3, "not-over"), (4, "wrong-instrument"), (5, "not-an-object")}
    assert sum(site.log.end_offsets(TELEMETRY).values()) == 0
    headers = {"Authorization": "Bearer lab", "Accept-Language": "en"}
    path = "/api/v1/instruments/instrument-tem/telemetry"
    for data, status in ((b"{", 400), (b"[]", 422), (b'"' + b"x" * 2**20, 413)):
        assert site.client.post(path, content=data, headers=headers).status_code == status


@pytest.mark.parametrize(
    ("question", "status", "field"),
    [
        ({"scope": "galaxy", "id": "x"}, 400, "scope"),
        ({"scope": "county"}, 400, "id"),
        ({"scope": "county", "id": "３３０８２５"}, 400, "id"),
        ({"scope": "county", "id": "330825", "from": "2026-13"}, 400, "from"),
        ({"scope": "county", "id": "330825", "from": "2026-05", "to": "2026-04"}, 400, "to"),
        ({"scope": "county", "id": "330825", "from": "2010-01", "to": "2026-04"}, 400, "to"),
        ({"scope": "instrument", "id": "instrument-none"}, 404, "id"),
        ({"scope": "organisation", "id": "laboratory-1"}, 404, "id"),
    ],
)
def test_questions_that_make_no_sense_are_told_why(
    site: Site, question: dict[str, str], status: int, field: str
) -> None:
    answer = site.client.get("/api/v1/usage", params=question)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (status, field)
    assert (
        answer.json()["errors"][0]["message"]
        != site.client.get("/api/v1/usage", params=question | {"lang": "en"}).json()["errors"][0]["message"]
    )


def test_without_months_the_latest_twelve_are_told(site: Site) -> None:
    rows = site.client.get("/api/v1/usage", params={"scope": "county", "id": "330825"}).json()["rows"]
    assert (rows[0]["month"], rows[-1]["month"], len(rows)) == ("2025-05", "2026-04", 12)


def test_what_cannot_be_counted_is_kept_with_its_reason_and_the_rest_is_counted(site: Site) -> None:
    site.report("lab", run("03-02T08:00", "03-02T10:00"))
    site.log.append(TELEMETRY, [Entry(b"instrument-tem", b"{}"), Entry(b"instrument-tem", None)])
    site.append(BOOKINGS, BOOKING_CHANGED, (TEM.id, b"[]"))
    assert site.usage("instrument", TEM.id).json()["total"]["effective_hours"] == 2.0
    letters = site.log.consumer("test", ["telemetry.dead-letters", "bookings.dead-letters"]).poll(10, 0)
    assert sorted(dict(one.headers)["reason_code"] for one in letters) == [b"bad-data", b"no-event", b"no-event"]


def test_indicators_counted_elsewhere_are_read_from_the_log_in_any_order(site: Site, tmp_path: Path) -> None:
    row = MonthUsage(TEM.id, "2026-03", 1, 7, 3_600, 0, 2, (), county="330825")
    rows = [row, replace(row, revision=3, effective_seconds=60), row]
    site.append(USAGE, USAGE_COUNTED, *((one.key(), one.to_bytes()) for one in rows), (row.key(), b"{}"))
    store = SqliteUsage(tmp_path / "view.db")
    feed = UsageFeed(site.log, store, "view")
    assert feed.step(0) == 4
    found = store.indicators("county", ["330825"], "2026-03", "2026-03", NOW)
    assert [(one.effective_seconds, one.bookings) for one in found] == [(3_600, 2)]
    (letter,) = site.log.consumer("test", ["usage.dead-letters"]).poll(10, 0)
    assert orjson.loads(letter.value or b"") == {}
    feed.close()
    store.close()
