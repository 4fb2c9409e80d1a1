"""Who has a confirmed booking is told whom to ask about the instrument, and nobody else is; each time is noted."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.composition import compose
from hub.ports.clock import ManualClock
from hub.runtime.settings import Settings
from services.booking.core.policy import CONTACT_AFTER
from tests.integration.accounts_site import START, Person, Site
from tests.integration.moving_hub import instrument
from tests.integration.test_own_data import submitted
from tests.noted import Noted

pytestmark = pytest.mark.integration
PHONE, SECOND = "0571-88990011", "0571-88990022"
CONTACT = {"name": "赵工", "phone": PHONE, "email": "zhao@example.org"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    hub = compose(Settings(data_dir=tmp_path / "hub"), ManualClock(START))
    try:
        yield Site(hub, hub.resources.clock, Noted())  # type: ignore[arg-type]
    finally:
        hub.close()


def booked(site: Site, person: Person, confirmation: str) -> str:
    contacts = {"contact": CONTACT, "second_contact": {"phone": SECOND}}
    row = instrument(1, max_advance_days=90, **contacts) | {"booking_confirmation": confirmation}
    record = submitted(site, "instrument", "owner", **row)
    times = {"start": "2026-12-03T09:00:00+08:00", "end": "2026-12-03T10:00:00+08:00"}
    answer = person.call("POST /bookings", {"instrument": record, **times})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def told(person: Person, booking: str) -> list[dict[str, str]]:
    answer = person.call(f"GET /bookings/{booking}")
    assert answer.status_code == 200
    contacts: list[dict[str, str]] = answer.json()["contacts"]
    return contacts


def test_the_booker_is_told_once_the_booking_is_confirmed(site: Site) -> None:
    person, _ = site.company("booker@example.org")
    booking = booked(site, person, "owner")
    assert told(person, booking) == []
    site.operator.call(f"POST /bookings/{booking}/confirm", {})
    assert told(person, booking) == [CONTACT, {"name": "", "phone": SECOND, "email": ""}]
    noted = site.operator.call("GET /audit?action=contact.read").json()["entries"]
    assert [(entry["account"], entry["detail"]) for entry in noted] == [(person.me["account"], booking)]
    person.call(f"POST /bookings/{booking}/cancel", {})
    assert told(person, booking) == []


def test_nobody_else_is_told_nor_the_booker_in_a_list_or_long_after(site: Site) -> None:
    person, _ = site.company("booker@example.org")
    booking = booked(site, person, "automatic")
    stranger, _ = site.company("stranger@example.org")
    assert stranger.call(f"GET /bookings/{booking}").status_code == 404
    assert site.nobody.call(f"GET /bookings/{booking}").status_code == 401
    assert told(site.operator, booking) == [], "who decides has it elsewhere"
    for path in ("/bookings", f"/bookings/{booking}/calendar"):
        assert PHONE not in person.call(f"GET {path}").text
    assert len(told(person, booking)) == 2
    record = person.call(f"GET /bookings/{booking}").json()["instrument"]["id"]
    for caller in (person, stranger, site.nobody):
        assert PHONE not in caller.call(f"GET /records/{record}").text
    site.clock.advance(CONTACT_AFTER + timedelta(days=3))
    late = site.person("booker@example.org")
    assert told(late, booking) == []
