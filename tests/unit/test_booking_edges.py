"""The booking policy at its edges: the last minute that is allowed, the first that is not, and what is told then."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from hub.kernel.access import ANONYMOUS, Principal
from hub.kernel.problems import Problem, Refusal
from schemas.events.bookings import Booking, BookingStatus, Interval
from services.booking.core.offers import Offer, offer_of
from services.booking.core.policy import (
    Action,
    actions_of,
    decided,
    first_status,
    is_booker,
    may_book,
    may_see,
    signed_in,
)
from tests.unit.booking_records import LI, NOW, OTHER, OWNER, booking, record, span

pytestmark = pytest.mark.unit
MOMENT = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)
ALWAYS = offer_of(record(opening_hours="MO-SU 00:00-24:00", closures=None))


def between(start: str, end: str) -> Interval:
    """Of the instrument's wall clock, in Shanghai."""
    return Interval(*(datetime.fromisoformat(f"{text}+08:00") for text in (start, end)))


def problem(offer: Offer, wanted: Interval, *taken: Interval, now: datetime = NOW) -> Problem:
    (only,) = may_book(offer, wanted, now, LI, taken)
    return only


def allowed(offer: Offer, wanted: Interval, *taken: Interval, now: datetime = NOW) -> bool:
    return may_book(offer, wanted, now, LI, taken) == ()


def test_a_booking_ends_after_it_starts() -> None:
    start = span("2026-12-01 09:00 10:00").start
    for end in (start, start - SECOND):
        refused = problem(ALWAYS, Interval(start, end))
        assert (refused.code, refused.field, refused.expected.en) == ("order", "end", "an end after the start")
    assert problem(ALWAYS, Interval(start, start)).found == "2026-12-01 09:00+08:00"


def test_the_longest_booking_is_just_allowed() -> None:
    wanted = between("2026-12-01 00:00", "2026-12-08 00:00")
    assert allowed(ALWAYS, wanted)
    refused = problem(ALWAYS, Interval(wanted.start, wanted.end + SECOND))
    assert (refused.code, refused.field) == ("too-long", "end")
    assert refused.found == "2026-12-01 00:00–2026-12-08 00:00"
    shorter = replace(ALWAYS, longest=timedelta(hours=1, minutes=30))
    assert problem(shorter, span("2026-12-01 09:00 11:00")).expected.en == "at most 1.5 hours at once"


def test_what_starts_now_is_not_past() -> None:
    at_once = replace(ALWAYS, notice=timedelta(0))
    wanted = span("2026-11-30 12:00 13:00")
    assert wanted.start == NOW
    assert allowed(at_once, wanted)
    refused = problem(at_once, wanted, now=NOW + MOMENT)
    assert (refused.code, refused.field, refused.found) == ("past", "start", "2026-11-30 12:00+08:00")


def test_the_notice_is_kept_to_the_moment() -> None:
    wanted = span("2026-11-30 14:00 15:00")
    assert allowed(ALWAYS, wanted)
    refused = problem(ALWAYS, wanted, now=NOW + MOMENT)
    assert (refused.code, refused.field, refused.found) == ("too-soon", "start", "2026-11-30 14:00+08:00")


def test_the_advance_ends_with_its_last_day() -> None:
    assert allowed(ALWAYS, between("2026-12-10 23:00", "2026-12-11 02:00"))
    refused = problem(ALWAYS, between("2026-12-11 00:00", "2026-12-11 01:00"))
    assert (refused.code, refused.field, refused.found) == ("too-far", "start", "2026-12-11 00:00+08:00")


def test_a_booking_may_go_on_from_one_opening_into_the_next_but_not_over_a_gap() -> None:
    assert allowed(ALWAYS, between("2026-12-01 22:00", "2026-12-02 02:00"))
    assert allowed(ALWAYS, between("2026-12-01 22:00", "2026-12-04 02:00"))
    office = offer_of(record())
    refused = problem(office, between("2026-12-01 17:00", "2026-12-02 09:00"))
    assert (refused.code, refused.field) == ("outside-opening-hours", "start")
    assert refused.expected.en.endswith("on that day: 2026-12-01 08:00–18:00")
    assert refused.found == "2026-12-01 17:00–2026-12-02 09:00"


def test_a_day_without_hours_is_told_as_closed_in_both_languages() -> None:
    refused = problem(offer_of(record()), span("2026-12-05 09:00 10:00"))
    assert (refused.expected.zh, refused.expected.en) == (
        "在开放时间内；当天开放：不开放",
        "a time in the opening hours; on that day: closed",
    )


def test_the_hours_of_a_day_are_told_one_by_one() -> None:
    hours = [offer_of(record(opening_hours=f"MO-SU {span}")).hours for span in ("08:00-10:00", "12:00-14:00")]
    twice = replace(ALWAYS, hours=hours[0] + hours[1])
    refused = problem(twice, span("2026-12-01 09:00 13:00"))
    assert refused.expected.zh.endswith("2026-12-01 08:00–10:00、2026-12-01 12:00–14:00")
    assert refused.expected.en.endswith("2026-12-01 08:00–10:00, 2026-12-01 12:00–14:00")


def test_a_closure_keeps_its_own_time_alone() -> None:
    office = offer_of(record())
    assert allowed(office, span("2026-12-02 12:00 13:00"))
    assert allowed(office, span("2026-12-02 14:00 15:00"))
    refused = problem(office, span("2026-12-02 13:00 14:00"))
    assert (refused.code, refused.field, refused.found) == ("closed", "start", "2026-12-02 13:00–14:00")
    unexplained = offer_of(record(closures="2026-12-02T05:00:00Z/2026-12-02T06:00:00Z"))
    assert problem(unexplained, span("2026-12-02 13:00 14:00")).expected.en.endswith("closure 2026-12-02 13:00–14:00")


def test_times_near_the_wanted_one_are_told_where_it_is_off_the_grid() -> None:
    office = offer_of(record())
    start, end = problem(office, span("2026-12-01 12:30 14:00")), problem(office, span("2026-12-01 12:00 14:30"))
    assert (start.code, start.field, start.found) == ("off-grid", "start", "2026-12-01 12:30+08:00")
    assert start.expected.en.endswith("such as 10:00, 11:00, 12:00, 13:00, 14:00, 15:00")
    assert (end.code, end.field, end.found) == ("off-grid", "end", "2026-12-01 14:30+08:00")
    assert end.expected.en.endswith("such as 12:00, 13:00, 14:00, 15:00, 16:00, 17:00")
    earliest = problem(office, span("2026-12-01 08:10 10:00"))
    assert earliest.expected.en.endswith("such as 08:00, 09:00, 10:00, 11:00, 12:00, 13:00")
    latest = problem(ALWAYS, span("2026-12-01 23:15 23:45"))
    assert latest.expected.en.endswith("such as 18:00, 19:00, 20:00, 21:00, 22:00, 23:00")


def test_slots_that_do_not_adjoin_are_not_booked_as_one() -> None:
    sevens = replace(ALWAYS, slot=timedelta(hours=7))
    assert allowed(sevens, between("2026-12-01 14:00", "2026-12-01 21:00"))
    refused = problem(sevens, between("2026-12-01 14:00", "2026-12-02 07:00"))
    assert (refused.code, refused.field) == ("off-grid", "start")
    early, late = (offer_of(record(opening_hours=f"MO-SU {span}")).hours for span in ("00:00-06:30", "08:00-24:00"))
    assert allowed(replace(ALWAYS, hours=early + late), between("2026-12-01 22:00", "2026-12-02 02:00"))


def test_what_is_taken_is_told_and_what_adjoins_it_is_free() -> None:
    taken = span("2026-12-01 10:00 11:00"), span("2026-12-01 12:00 13:00")
    assert allowed(ALWAYS, span("2026-12-01 09:00 10:00"), *taken)
    assert allowed(ALWAYS, span("2026-12-01 11:00 12:00"), *taken)
    refused = problem(ALWAYS, span("2026-12-01 09:00 14:00"), *taken)
    assert (refused.code, refused.field, refused.found) == ("taken", "start", "2026-12-01 09:00–14:00")
    assert refused.expected.en == "a time that is free; 2026-12-01 10:00–11:00 is taken"


def test_a_booking_waits_for_its_owner_unless_confirmation_is_automatic() -> None:
    assert first_status(offer_of(record())) == "requested"
    assert first_status(offer_of(record(booking_confirmation="automatic"))) == "confirmed"


def test_only_an_account_with_a_role_is_signed_in() -> None:
    signed_in(LI)
    for nobody in (ANONYMOUS, Principal("li", frozenset({"member"}))):
        with pytest.raises(Refusal) as refused:
            signed_in(nobody)
        assert refused.value.status == 401
        assert [(told.code, told.field) for told in refused.value.problems] == [("sign-in", "Authorization")]
    with pytest.raises(Refusal) as refused:
        signed_in(Principal("li", account="acc-li"))
    assert (refused.value.status, refused.value.problems[0].code) == (403, "no-organisation")


def test_the_booker_and_the_owner_may_see_whose_a_booking_is() -> None:
    known = booking("requested")
    namesake = replace(LI, account="acc-another", formerly="li")
    others = OTHER, namesake, replace(LI, account=""), replace(LI, roles=frozenset())
    assert [is_booker(who, known) for who in (LI, *others)] == [True, False, False, False, False]
    assert [may_see(who, known, owner) for who, owner in ((LI, False), (OWNER, True), (OTHER, False))] == [
        True, True, False,
    ]  # fmt: skip


def test_a_booking_from_before_there_were_accounts_is_of_the_one_account_that_had_the_name() -> None:
    before = replace(booking("requested"), booked_by="张伟", booker_name=None)
    assert Booking.from_bytes(before.to_bytes()) == before
    heir = replace(LI, name="张伟", formerly="张伟")
    assert is_booker(heir, before)
    namesakes = replace(LI, name="张伟"), replace(LI, account="张伟", name="张伟"), replace(heir, roles=frozenset())
    assert [is_booker(who, before) for who in namesakes] == [False, False, False]
    assert not is_booker(LI, replace(before, booked_by=""))


def moved(action: Action, known: Booking, owner: bool, now: datetime) -> BookingStatus:
    """What the word leads to, read from a request and so equal to the one that the policy has but not the same."""
    return decided("".join(action), known, LI, owner, now)  # type: ignore[arg-type]


def refused(action: Action, known: Booking, owner: bool, now: datetime) -> tuple[int, str, str | None]:
    with pytest.raises(Refusal) as error:
        moved(action, known, owner, now)
    (told,) = error.value.problems
    return error.value.status, told.code, told.field


@pytest.mark.parametrize("status", ["requested", "confirmed"])
def test_a_booker_cancels_before_the_start_and_no_later(status: BookingStatus) -> None:
    known = booking(status)
    assert moved("cancel", known, False, known.start - MOMENT) == "cancelled"
    for late in (known.start, known.start + MOMENT):
        assert refused("cancel", known, False, late) == (409, "too-late", "start")
        assert moved("cancel", known, True, late) == "cancelled"
    assert actions_of(known, LI, False, known.start) == ()


def test_an_owner_confirms_before_the_end_and_no_later() -> None:
    known = booking("requested")
    assert moved("confirm", known, True, known.end - MOMENT) == "confirmed"
    for late in (known.end, known.end + MOMENT):
        assert refused("confirm", known, True, late) == (409, "too-late", "end")
        assert moved("decline", known, True, late) == "declined"


def test_what_a_caller_may_not_do_is_refused_before_the_status_is_looked_at() -> None:
    for action in ("confirm", "decline"):
        assert refused(action, booking("declined"), False, NOW) == (403, "not-allowed", "Authorization")
    with pytest.raises(Refusal) as error:
        decided("cancel", booking("declined"), OTHER, False, NOW)
    assert error.value.status == 403


def test_the_statuses_that_were_wanted_are_told_in_both_languages() -> None:
    with pytest.raises(Refusal) as error:
        decided("cancel", booking("cancelled"), OWNER, True, NOW)
    expected = error.value.problems[0].expected
    assert (expected.zh, expected.en) == ("状态为“待确认”或“已确认”的预约", "a booking that is requested or confirmed")
    assert refused("confirm", booking("confirmed"), True, NOW) == (409, "wrong-status", "status")
