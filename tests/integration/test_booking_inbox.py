"""What waits for an owner, across instruments."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.ports.clock import rfc3339
from schemas.events.bookings import Booking
from services.booking.owners import OwnerUpkeep
from tests.integration.booking_desk import NOW, Desk

pytestmark = pytest.mark.integration


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.close()


def test_an_owners_inbox_is_of_all_its_instruments_and_no_others(desk: Desk) -> None:
    for hour, instrument in ((8, "instrument-1"), (9, "instrument-foreign"), (10, "instrument-auto")):
        desk.book(f"01T{hour:02}:00", f"01T{hour + 1:02}:00", instrument=instrument)
    assert [instrument_of(one) for one in desk.inbox("lab")] == ["instrument-auto", "instrument-1"]
    assert [instrument_of(one) for one in desk.inbox("op")] == ["instrument-auto", "instrument-foreign", "instrument-1"]
    waiting = desk.get("/bookings", "lab", scope="owned", status="requested").json()["bookings"]
    assert [(instrument_of(one), one["actions"]) for one in waiting] == [
        ("instrument-1", ["confirm", "decline", "cancel"])
    ]
    page = desk.get("/bookings", "lab", scope="owned", limit="1").json()
    rest = desk.get("/bookings", "lab", scope="owned", cursor=page["next"]).json()
    assert [instrument_of(one) for one in rest["bookings"]] == ["instrument-1"]
    assert rest["next"] is None
    assert desk.get("/bookings", "li", scope="owned").status_code == 403
    assert desk.get("/bookings", "lab", scope="owned", status="lost").status_code == 400


COPIES = """
INSERT INTO bookings SELECT bookings.id || value, instrument, start + value * 3600, "end" + value * 3600, status,
    version, booked_by, bookings.key, body, owners FROM bookings, json_each(?) WHERE bookings.id = ?
"""


def test_a_page_is_full_while_requests_wait_however_many_are_others(desk: Desk, tmp_path: Path) -> None:
    mine = booked(desk, "instrument-1", "org-lab", 3, first=0)
    (others,) = booked(desk, "instrument-foreign", "org-foreign", 1, first=10)
    with sqlite3.connect(tmp_path / "bookings.db") as sql:
        sql.execute(COPIES, (json.dumps(list(range(1, 1_200))), others))
    page = desk.get("/bookings", "lab", scope="owned", status="requested", limit="2").json()
    assert [one["id"] for one in page["bookings"]] == [mine[2], mine[1]]
    rest = desk.get("/bookings", "lab", scope="owned", status="requested", limit="2", cursor=page["next"]).json()
    assert ([one["id"] for one in rest["bookings"]], rest["next"]) == ([mine[0]], None)
    assert len(desk.get("/bookings", "op", scope="owned", limit="100").json()["bookings"]) == 100


def test_a_queue_follows_who_holds_an_instrument_now(desk: Desk) -> None:
    (given,) = booked(desk, "instrument-foreign", "org-lab", 1, first=0)
    (got,) = booked(desk, "instrument-1", "org-foreign", 1, first=10)
    (joined,) = booked(desk, "instrument-gone", "org-foreign", 1, first=20)
    assert desk.inbox("lab") == [], "others decide about it since"
    upkeep = OwnerUpkeep(desk.store, desk.records)  # type: ignore[arg-type]
    assert upkeep.step(0.0) == 3
    assert [one["id"] for one in desk.inbox("lab")] == [joined, got]
    assert upkeep.step(0.0) == 0, "it does not rest"
    assert [one["id"] for one in desk.inbox("op")] == [joined, got, given]


def test_bookings_whose_holder_is_not_looked_up_yet_are_not_missed(desk: Desk, tmp_path: Path) -> None:
    (mine,) = booked(desk, "instrument-1", "org-lab", 1, first=0)
    booked(desk, "instrument-foreign", "org-foreign", 3, first=10)
    with sqlite3.connect(tmp_path / "bookings.db") as sql:
        sql.execute("UPDATE bookings SET owners = NULL")
        sql.execute("UPDATE instruments SET owners = NULL")
    assert [one["id"] for one in desk.inbox("lab")] == [mine]


def booked(desk: Desk, instrument: str, holder: str, count: int, first: int) -> list[str]:
    """Requests of an hour each, from one hour on; the ids in the order of time."""
    made = []
    for hour in range(first, first + count):
        start = NOW + timedelta(hours=hour)
        booking = Booking(
            f"b-{instrument}-{hour:05}", instrument, start, start + timedelta(hours=1), "Asia/Shanghai", "requested",
            "合金", "li", rfc3339(NOW), rfc3339(NOW),
        )  # fmt: skip
        assert desk.store.add(booking, holder=holder).outcome == "added"
        made.append(booking.id)
    return made


def instrument_of(booking: Mapping[str, Any]) -> str:
    return str(booking["instrument"]["id"])
