"""The booking desk over HTTP, on the embedded store: three taps from a free slot to a calendar entry."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from icalendar import Calendar

from hub.kernel.cloudevents import CloudEvent
from hub.log.sqlite_eventlog import SqliteEventLog
from hub.ports.eventlog import Topic
from schemas.events.bookings import BOOKINGS
from services.booking.service import BookingRelay
from tests.integration.booking_desk import Desk

pytestmark = pytest.mark.integration


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.close()


def test_from_a_free_slot_to_a_confirmed_booking(desk: Desk) -> None:
    found = desk.get("/instruments/instrument-1/availability", "").json()
    assert found["instrument"] == {"id": "instrument-1", "title": "TEM", "kind": "instrument"}
    assert (found["bookable"], found["reason"], found["time_zone"]) == (True, None, "Asia/Shanghai")
    assert (found["slot_minutes"], found["confirmation"]) == (60, "owner")
    assert found["hourly_rate"] == {"amount": "300.00", "currency": "CNY"}
    assert len(found["days"]) == 7
    assert found["days"][1]["slots"][1] == {
        "start": "2026-12-01T09:00:00+08:00", "end": "2026-12-01T10:00:00+08:00", "state": "free",
    }  # fmt: skip
    made = desk.book("01T09:00", "01T11:00")
    assert made.status_code == 201
    booking = made.json()
    assert made.headers["location"] == f"/api/v1/bookings/{booking['id']}"
    assert booking["instrument"] == {"id": "instrument-1", "title": "TEM"}
    assert (booking["start"], booking["end"]) == ("2026-12-01T09:00:00+08:00", "2026-12-01T11:00:00+08:00")
    assert (booking["status"], booking["booked_by"], booking["version"]) == ("requested", "li", 1)
    assert booking["price"] == {"amount": "600.00", "currency": "CNY"}
    assert booking["actions"] == ["cancel"]
    assert desk.states("2026-12-01") == ["free", "taken", "taken", "free"]
    confirmed = desk.post(f"/bookings/{booking['id']}/confirm", who="lab")
    assert (confirmed.json()["status"], confirmed.json()["version"]) == ("confirmed", 2)
    assert desk.get(f"/bookings/{booking['id']}").json()["status"] == "confirmed"
    assert desk.post(f"/bookings/{booking['id']}/confirm", who="lab").json()["version"] == 2


def test_an_automatic_offer_confirms_at_once(desk: Desk) -> None:
    assert desk.book("01T09:00", "01T10:00", instrument="instrument-auto").json()["status"] == "confirmed"


def test_what_is_taken_names_the_nearest_free_times(desk: Desk) -> None:
    desk.book("01T09:00", "01T11:00")
    refused = desk.book("01T09:00", "01T11:00", "wang")
    assert refused.status_code == 409
    assert refused.headers["content-type"] == "application/problem+json"
    problem = refused.json()
    assert problem["errors"][0]["code"] == "taken"
    assert "2026-12-01 09:00–11:00" in problem["title"]
    assert "2026-11-30 10:00–12:00" in problem["title"]
    assert [one["start"] for one in problem["free"]] == [
        "2026-11-30T09:00:00+08:00", "2026-11-30T10:00:00+08:00", "2026-12-02T08:00:00+08:00",
    ]  # fmt: skip
    assert not any(private in refused.text for private in ('"li"', "合金断口"))
    chosen = problem["free"][0]
    assert desk.post("/bookings", {"instrument": "instrument-1"} | chosen, "wang").status_code == 201


def test_a_cancelled_or_declined_booking_frees_its_time(desk: Desk) -> None:
    first = desk.book("01T09:00", "01T10:00").json()["id"]
    told = desk.post(f"/bookings/{first}/cancel", {"reason": "样品未到"}).json()
    assert (told["status"], told["reason"], told["actions"]) == ("cancelled", "样品未到", [])
    second = desk.book("01T09:00", "01T10:00", "wang").json()["id"]
    assert desk.post(f"/bookings/{second}/decline", {"reason": "维护"}, "op").json()["status"] == "declined"
    assert desk.states("2026-12-01")[1] == "free"
    assert desk.post(f"/bookings/{second}/cancel", who="wang").status_code == 409


def test_who_sees_and_does_what(desk: Desk) -> None:
    booking = desk.book("01T09:00", "01T10:00").json()["id"]
    assert desk.get(f"/bookings/{booking}", "").status_code == 401
    assert "to sign in" in desk.book("01T09:00", "01T10:00", "").json()["title"]
    assert desk.get(f"/bookings/{booking}", "stranger").status_code == 401
    unseen, unknown = desk.get(f"/bookings/{booking}", "wang"), desk.get("/bookings/nobody", "wang")
    assert unseen.status_code == unknown.status_code == 404
    assert unseen.text.replace(booking, "nobody") == unknown.text
    for action in ("confirm", "decline", "cancel"):
        assert desk.post(f"/bookings/{booking}/{action}", who="wang").status_code == 404
    assert desk.post(f"/bookings/{booking}/confirm").status_code == 403
    assert "合金" not in desk.get("/instruments/instrument-1/availability", "").text
    assert [desk.get(f"/bookings/{booking}", who).json()["purpose"] for who in ("li", "lab", "op")] == ["合金断口"] * 3
    assert desk.get(f"/bookings/{booking}", "lab").json()["actions"] == ["confirm", "decline", "cancel"]


def test_lists_are_for_the_booker_and_the_owner(desk: Desk) -> None:
    for hour in range(8, 11):
        desk.book(f"01T{hour:02}:00", f"01T{hour + 1:02}:00", "wang" if hour == 9 else "li")
    mine = desk.get("/bookings", limit="1").json()
    assert [one["start"][11:16] for one in mine["bookings"]] == ["10:00"]
    rest = desk.get("/bookings", limit="1", cursor=mine["next"]).json()
    assert [one["start"][11:16] for one in rest["bookings"]] == ["08:00"]
    assert desk.get("/bookings", cursor=rest["next"]).json() == {"bookings": [], "next": None}
    query = {"scope": "instrument", "instrument": "instrument-1"}
    assert [one["booked_by"] for one in desk.get("/bookings", "lab", **query).json()["bookings"]] == [
        "li",
        "wang",
        "li",
    ]
    assert desk.get("/bookings", "wang", **query).status_code == 403
    assert desk.get("/bookings", "").status_code == 401
    assert desk.get("/bookings", scope="all").status_code == 400
    assert desk.get("/bookings", cursor="x").status_code == 400


def test_a_request_sent_again_books_once(desk: Desk) -> None:
    key = {"Idempotency-Key": "k1"}
    first = desk.book("01T09:00", "01T10:00", **key)
    desk.clock.advance(timedelta(days=3))
    again = desk.book("01T09:00", "01T10:00", **key)
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
    assert (first.headers["idempotency-replayed"], again.headers["idempotency-replayed"]) == ("false", "true")
    other = desk.book("03T11:00", "03T12:00", **key)
    assert (other.status_code, other.json()["errors"][0]["code"]) == (422, "key-reused")
    assert desk.book("03T11:00", "03T12:00", "wang", **key).status_code == 201


@pytest.mark.parametrize(
    ("instrument", "read", "book"),
    [("nobody", 404, 404), ("instrument-ended", 410, 410), ("instrument-broken", 200, 409), ("project-1", 200, 409)],
)
def test_what_cannot_be_booked_says_why(desk: Desk, instrument: str, read: int, book: int) -> None:
    found = desk.get(f"/instruments/{instrument}/availability", "")
    assert found.status_code == read
    if read == 200:
        assert (found.json()["bookable"], found.json()["days"]) == (False, [])
        assert found.json()["reason"]
    refused = desk.book("01T09:00", "01T10:00", instrument=instrument)
    assert refused.status_code == book
    assert refused.json()["title"]


def test_an_id_that_was_joined_to_another_leads_on_to_its_times_and_takes_bookings(desk: Desk) -> None:
    made = desk.book("01T09:00", "01T10:00", instrument="instrument-gone")
    assert (made.status_code, made.json()["instrument"]["id"]) == (201, "instrument-1")
    assert desk.states("2026-12-01", "instrument-gone")[1] == "taken"
    assert desk.book("01T09:00", "01T10:00", "wang", "instrument-1").status_code == 409
    owners = desk.get("/bookings", "lab", scope="instrument", instrument="instrument-gone").json()["bookings"]
    assert [one["id"] for one in owners] == [made.json()["id"]]


def test_a_joined_record_keeps_the_bookings_of_the_old_one(desk: Desk) -> None:
    desk.book("01T09:00", "01T10:00")
    assert desk.states("2026-12-01", "instrument-new")[1] == "taken"
    assert desk.book("01T09:00", "01T10:00", "wang", "instrument-new").status_code == 409
    assert desk.book("01T10:00", "01T11:00", "wang", "instrument-new").status_code == 201
    owners = desk.get("/bookings", "lab", scope="instrument", instrument="instrument-new").json()["bookings"]
    assert [one["instrument"]["id"] for one in owners] == ["instrument-new", "instrument-1"]


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({}, ["instrument", "bad-time", "bad-time"]),
        ({"instrument": "instrument-1", "start": "2026-12-01T09:00", "end": "tomorrow"}, ["bad-time", "bad-time"]),
        ({"instrument": 7, "start": None, "end": "9999-12-31T23:59:59Z"}, ["instrument", "bad-time", "bad-time"]),
        ({"instrument": "instrument-1", "begin": ""}, ["unknown-field"]),
        ([], ["not-an-object"]),
    ],
)
def test_what_was_expected_is_told_in_the_readers_language(desk: Desk, body: Any, codes: list[str]) -> None:
    refused = desk.post("/bookings", body) if body != [] else desk.post("/bookings", [1])
    assert [error["code"] for error in refused.json()["errors"]] == codes
    in_chinese = desk._client.post("/api/v1/bookings?lang=zh", json=body or [1], headers=desk._headers("li"))
    assert "应为" in in_chinese.json()["title"]


def test_policy_and_limits_are_told(desk: Desk) -> None:
    soon = desk.book("01T09:30", "01T10:30")
    assert (soon.status_code, soon.json()["errors"][0]["code"]) == (422, "off-grid")
    assert desk.post("/bookings", {"purpose": "x" * 20_000}).status_code == 413
    for query in ({"days": "32"}, {"days": "0"}, {"days": "x"}, {"from": "1999-01-01"}, {"from": "2026-02-30"}):
        refused = desk.get("/instruments/instrument-1/availability", "", **query)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, next(iter(query)))
    assert len(desk.get("/instruments/instrument-1/availability", "", days="31").json()["days"]) == 31


def test_the_calendar_file(desk: Desk) -> None:
    booking = desk.book("01T09:00", "01T11:00").json()["id"]
    desk.post(f"/bookings/{booking}/cancel")
    answer = desk.get(f"/bookings/{booking}/calendar")
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    calendar = Calendar.from_ical(answer.content)
    (event,) = calendar.walk("VEVENT")
    assert (calendar["METHOD"], event["SEQUENCE"], event["UID"]) == ("CANCEL", 2, booking)
    begins, ends = (event.decoded(name) for name in ("DTSTART", "DTEND"))
    assert (begins, ends) == (datetime(2026, 12, 1, 1, tzinfo=UTC), datetime(2026, 12, 1, 3, tzinfo=UTC))
    assert desk.get(f"/bookings/{booking}/calendar", "wang").status_code == 404


def test_of_many_people_who_tap_the_same_slot_one_gets_it(desk: Desk) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: desk.book("01T09:00", "01T11:00", ("li", "wang")[n % 2]), range(16)))
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 15]


def test_bookings_reach_the_log_in_order(desk: Desk, tmp_path: Path) -> None:
    event_log = SqliteEventLog(tmp_path / "log.db")
    event_log.create_topics([Topic(BOOKINGS)])
    relay = BookingRelay(event_log, desk.store, 2)
    booking = desk.book("01T09:00", "01T11:00").json()["id"]
    desk.post(f"/bookings/{booking}/confirm", who="lab")
    desk.post(f"/bookings/{booking}/cancel")
    assert [relay.step(0), relay.step(0), relay.step(0)] == [2, 1, 0]
    consumer = event_log.consumer("reader", [BOOKINGS])
    events = [CloudEvent.from_delivered(entry) for entry in consumer.poll(10, 0)]
    assert [event.id for event in events] == [f"{booking}@{version}" for version in (1, 2, 3)]
    assert [orjson.loads(event.data)["status"] for event in events] == ["requested", "confirmed", "cancelled"]
    assert {event.subject for event in events} == {"instrument-1"}
    consumer.close()
    event_log.close()
