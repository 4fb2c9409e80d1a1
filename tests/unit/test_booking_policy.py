"""Offers, prices, what may be booked and who may move a booking on."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, get_args

import pytest
from icalendar import Calendar

from hub.kernel.problems import Refusal
from schemas.events.bookings import Booking, BookingStatus, Interval, Price
from services.booking.core.calendar import calendar_of
from services.booking.core.offers import Offer, offer_of, title_of
from services.booking.core.policy import ACTIONS, actions_of, decided, may_book, price_of
from services.booking.core.views import Seen
from tests.unit.booking_records import LI, NOW, OTHER, OWNER, booking, record, span


def test_an_offer_has_the_records_terms_and_their_defaults() -> None:
    stated = offer_of(record(slot_minutes=30, booking_confirmation="automatic", time_zone="Europe/Berlin"))
    assert (stated.slot, stated.automatic, stated.zone.key) == (timedelta(minutes=30), True, "Europe/Berlin")
    assert (stated.hourly_rate, stated.notice) == (Price(Decimal("300.00"), "CNY"), timedelta(hours=2))
    plain = offer_of(record(min_notice_hours=None, max_advance_days=None, hourly_rate=None))
    assert (plain.slot, plain.automatic, plain.zone.key) == (timedelta(hours=1), False, "Asia/Shanghai")
    assert (plain.notice, plain.advance_days, plain.hourly_rate, plain.refusal) == (timedelta(0), 90, None, None)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"status": "maintenance"}, "maintenance"),
        ({"status": "retired"}, "retired"),
        ({"shared": False}, "does not share"),
        ({"opening_hours": None}, "no opening hours"),
    ],
)
def test_what_cannot_be_booked_says_why(changed: dict[str, Any], why: str) -> None:
    refusal = offer_of(record(**changed)).refusal
    assert refusal is not None
    assert why in refusal.en
    assert refusal.zh


def test_only_bookable_kinds_can_be_booked() -> None:
    refusal = offer_of(replace(record(), kind="project")).refusal
    assert refusal is not None
    assert "kind" in refusal.en


def test_titles_are_in_the_readers_language_where_there_is_one() -> None:
    assert (title_of(record(), "zh"), title_of(record(), "en")) == ("透射电镜", "TEM")
    assert title_of(record(name_en=None), "en") == "透射电镜"


@pytest.mark.parametrize(
    ("wanted", "code", "expected"),
    [
        ("2026-12-01 09:00 11:00", None, ""),
        ("2026-12-01 17:00 18:00", None, ""),
        ("2026-12-01 11:00 09:00", "order", "after the start"),
        ("2026-11-30 11:00 12:00", "past", "future"),
        ("2026-11-30 13:00 14:00", "too-soon", "2026-11-30 14:00+08:00"),
        ("2026-12-11 09:00 10:00", "too-far", "2026-12-11 00:00+08:00"),
        ("2026-12-01 17:00 19:00", "outside-opening-hours", "2026-12-01 08:00–18:00"),
        ("2026-12-05 09:00 10:00", "outside-opening-hours", "closed"),
        ("2026-12-02 12:00 14:00", "closed", "2026-12-02 13:00–14:00 检修"),
        ("2026-12-01 09:30 11:00", "off-grid", "09:00, 10:00"),
        ("2026-12-01 09:00 10:30", "off-grid", "10:00, 11:00"),
        ("2026-12-03 09:00 11:00", "taken", "2026-12-03 10:00–11:00 is taken"),
    ],
)
def test_what_may_be_booked(wanted: str, code: str | None, expected: str) -> None:
    offer = offer_of(record())
    problems = may_book(offer, span(wanted), NOW, LI, [span("2026-12-03 10:00 11:00")])
    assert [problem.code for problem in problems] == ([code] if code else [])
    for problem in problems:
        assert expected in problem.expected.en
        assert problem.field in ("start", "end")
        assert problem.found


def test_a_booking_is_not_longer_than_the_longest() -> None:
    offer = offer_of(record(opening_hours="MO-SU 00:00-24:00", closures=None))
    week = span("2026-12-01 00:00 01:00").start
    assert may_book(offer, Interval(week, week + timedelta(days=7)), NOW, LI) == ()
    (problem,) = may_book(offer, Interval(week, week + timedelta(days=7, hours=1)), NOW, LI)
    assert (problem.code, problem.expected.en) == ("too-long", "at most 168 hours at once")


@pytest.mark.parametrize(
    ("rate", "hours", "amount"), [("300 CNY", 2, "600.00"), ("99.99 CNY", 0.5, "50.00"), ("0.01 USD", 0.25, "0.00")]
)
def test_the_price_is_hours_times_the_rate(rate: str, hours: float, amount: str) -> None:
    offer = offer_of(record(hourly_rate=rate))
    wanted = Interval(NOW, NOW + timedelta(hours=hours))
    assert price_of(offer, wanted, LI) == Price(Decimal(amount), rate[-3:])
    assert price_of(offer_of(record(hourly_rate=None)), wanted, LI) is None


@pytest.mark.parametrize(
    ("status", "booker", "owner"),
    [
        ("requested", ("cancel",), ("confirm", "decline", "cancel")),
        ("confirmed", ("cancel",), ("cancel",)),
        ("declined", (), ()),
        ("cancelled", (), ()),
    ],
)
def test_who_may_do_what(status: BookingStatus, booker: tuple[str, ...], owner: tuple[str, ...]) -> None:
    assert actions_of(booking(status), LI, False, NOW) == booker
    assert actions_of(booking(status), OWNER, True, NOW) == owner
    assert actions_of(booking(status), OTHER, False, NOW) == ()


def test_what_is_over_is_settled() -> None:
    begun = booking("requested", NOW - timedelta(hours=1))
    assert actions_of(begun, LI, False, NOW) == ()
    assert actions_of(begun, OWNER, True, NOW) == ACTIONS
    assert actions_of(booking("requested", NOW - timedelta(hours=2)), OWNER, True, NOW) == ("decline", "cancel")


def test_refusals_tell_the_status_that_was_wanted() -> None:
    with pytest.raises(Refusal) as refused:
        decided("cancel", booking("declined"), LI, False, NOW)
    assert refused.value.status == 409
    assert refused.value.problems[0].message("en") == (
        "field “status”; found “declined”; expected a booking that is requested or confirmed"
    )
    with pytest.raises(Refusal) as refused:
        decided("confirm", booking("requested"), LI, False, NOW)
    assert refused.value.status == 403


@pytest.mark.parametrize("status", get_args(BookingStatus))
def test_a_calendar_entry_follows_its_booking(status: BookingStatus) -> None:
    seen = Seen(booking(status), record(place={"address": "余杭塘路866号", "lat": 30.3, "lon": 120.1}))
    raw = calendar_of(seen, "zh")
    assert max(len(line) for line in raw.split(b"\r\n")) <= 75
    calendar = Calendar.from_ical(raw)
    (event,) = calendar.walk("VEVENT")
    over = status in ("declined", "cancelled")
    assert calendar["METHOD"] == ("CANCEL" if over else "PUBLISH")
    assert event["STATUS"] == {"requested": "TENTATIVE", "confirmed": "CONFIRMED"}.get(status, "CANCELLED")
    assert (event["UID"], event["SEQUENCE"], event["LOCATION"]) == ("booking-1", 3, "余杭塘路866号")
    assert b"\r\nDTSTART:20261130T090000Z\r\nDTEND:20261130T110000Z\r\n" in raw
    assert str(event["SUMMARY"]).startswith("透射电镜")
    assert str(event["DESCRIPTION"]) == "合金断口"


def test_a_booking_survives_being_stored() -> None:
    priced = replace(booking("confirmed"), price=Price(Decimal("0.10"), "USD"), reason="好")
    assert Booking.from_bytes(priced.to_bytes()) == priced
    assert Booking.from_bytes(booking("requested").to_bytes()) == booking("requested")


def test_offers_of_joined_records_take_their_bookings_along() -> None:
    offer: Offer = offer_of(replace(record(), same_as=("instrument-2",)))
    assert offer.instruments == ("instrument-1", "instrument-2")
