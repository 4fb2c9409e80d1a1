"""What waits for an owner, across instruments."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.integration.booking_desk import Desk

pytestmark = pytest.mark.integration


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.store.close()


def test_an_owners_inbox_is_of_all_its_instruments_and_no_others(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
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
    monkeypatch.setattr("services.booking.service.PAGE_LIMIT", 1)
    monkeypatch.setattr("services.booking.service.OWNED_READ", 2)
    cut = desk.get("/bookings", "lab", scope="owned").json()
    assert [instrument_of(one) for one in cut["bookings"]] == ["instrument-auto"]
    after = desk.get("/bookings", "lab", scope="owned", cursor=cut["next"]).json()["bookings"]
    assert [instrument_of(one) for one in after] == ["instrument-1"]
    assert desk.get("/bookings", "li", scope="owned").status_code == 403
    assert desk.get("/bookings", "lab", scope="owned", status="lost").status_code == 400


def instrument_of(booking: Mapping[str, Any]) -> str:
    return str(booking["instrument"]["id"])
