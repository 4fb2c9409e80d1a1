"""Opening hours, slots and availability: wall clocks that jump, and what every grid must satisfy."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.events.bookings import Interval
from services.booking.core.offers import Closure, Hours, Offer
from services.booking.core.slots import (
    Slot,
    bookable_time,
    calendar,
    day_of,
    days_from,
    fits_grid,
    grid_on,
    instant_of,
    nearest_free,
    opening_on,
)

BERLIN, SHANGHAI = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai")
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
EVERY_DAY = frozenset(range(7))


def offer(zone: ZoneInfo, *hours: tuple[int, int], minutes: int = 60, **terms: object) -> Offer:
    spans = tuple(Hours(EVERY_DAY, opens, closes) for opens, closes in hours)
    return Offer(("i",), zone, hours=spans, slot=timedelta(minutes=minutes), **terms)  # type: ignore[arg-type]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def wall(offer: Offer, day: date) -> list[str]:
    return [slot.start.astimezone(offer.zone).strftime("%H:%M%z") for slot in grid_on(offer, day)]


@pytest.mark.parametrize(
    ("zone", "day", "minutes", "instant"),
    [
        ("Asia/Shanghai", date(2026, 12, 1), 540, "2026-12-01T09:00+08:00"),
        ("Asia/Shanghai", date(2026, 12, 1), 1440, "2026-12-02T00:00+08:00"),
        ("Europe/Berlin", SPRING, 119, "2026-03-29T01:59+01:00"),
        ("Europe/Berlin", SPRING, 120, "2026-03-29T03:00+02:00"),
        ("Europe/Berlin", SPRING, 150, "2026-03-29T03:00+02:00"),
        ("Europe/Berlin", SPRING, 180, "2026-03-29T03:00+02:00"),
        ("Europe/Berlin", AUTUMN, 150, "2026-10-25T02:30+02:00"),
        ("Europe/Berlin", AUTUMN, 180, "2026-10-25T03:00+01:00"),
        ("Africa/Cairo", date(2026, 4, 24), 0, "2026-04-24T01:00+03:00"),
        ("Australia/Lord_Howe", date(2026, 10, 4), 135, "2026-10-04T02:30+11:00"),
        ("Pacific/Apia", date(2011, 12, 30), 720, "2011-12-31T00:00+14:00"),
    ],
)
def test_wall_times_become_instants(zone: str, day: date, minutes: int, instant: str) -> None:
    assert instant_of(day, minutes, ZoneInfo(zone)) == utc(instant)


def test_a_day_has_the_hours_that_its_clock_shows() -> None:
    whole_day = offer(BERLIN, (0, 1440))
    assert [len(list(grid_on(whole_day, day))) for day in (SPRING, AUTUMN, date(2026, 6, 1))] == [23, 25, 24]
    assert wall(whole_day, SPRING)[1:3] == ["01:00+0100", "03:00+0200"]
    assert wall(whole_day, AUTUMN)[2:4] == ["02:00+0200", "02:00+0100"]
    office = offer(BERLIN, (540, 1020))
    assert {wall(office, SPRING + timedelta(days=n))[0] for n in (-1, 0)} == {"09:00+0100", "09:00+0200"}


def test_hours_that_touch_are_one_and_what_is_shorter_than_a_slot_is_none() -> None:
    touching = offer(SHANGHAI, (480, 720), (720, 1050), (600, 660), minutes=120)
    assert len(opening_on(touching, date(2026, 12, 1))) == 1
    assert wall(touching, date(2026, 12, 1)) == ["08:00+0800", "10:00+0800", "12:00+0800", "14:00+0800"]


def test_hours_apply_on_their_weekdays_and_dates() -> None:
    mondays = Hours(frozenset({0}), 540, 600, date(2026, 11, 30), date(2026, 12, 7))
    open_on = Offer(("i",), SHANGHAI, hours=(mondays,))
    days = days_from(date(2026, 11, 23), 22)
    assert [day for day in days if list(grid_on(open_on, day))] == [date(2026, 11, 30), date(2026, 12, 7)]


def test_the_states_of_a_day() -> None:
    closure = Closure(Interval(utc("2026-12-01T13:30+08:00"), utc("2026-12-01T14:00+08:00")))
    open_on = offer(SHANGHAI, (480, 1080), closures=(closure,), notice=timedelta(hours=2), advance_days=1)
    now = utc("2026-12-01T09:30+08:00")
    taken = [Interval(utc("2026-12-01T11:00+08:00"), utc("2026-12-01T13:00+08:00"))]
    today, tomorrow, after = calendar(open_on, days_from(date(2026, 12, 1), 3), taken, now)
    assert [f"{slot.state}{slot.why and ':'}{slot.why}" for slot in today.slots] == [
        "past", "past", "closed:notice", "taken", "taken", "closed:closure", "free", "free", "free", "free",
    ]  # fmt: skip
    assert {slot.state for slot in tomorrow.slots} == {"free"}
    assert {(slot.state, slot.why) for slot in after.slots} == {("closed", "advance")}


def test_the_nearest_free_times_are_as_long_as_the_wanted_one() -> None:
    open_on = offer(SHANGHAI, (480, 1080))
    now = utc("2026-12-01T07:00+08:00")
    taken = [Interval(utc("2026-12-01T10:00+08:00"), utc("2026-12-01T13:00+08:00"))]
    wanted = Interval(utc("2026-12-01T11:00+08:00"), utc("2026-12-01T13:00+08:00"))
    found = nearest_free(open_on, wanted, taken, now)
    assert [f"{one.start.astimezone(SHANGHAI):%H}-{one.end.astimezone(SHANGHAI):%H}" for one in found] == [
        "08-10", "13-15", "14-16",
    ]  # fmt: skip
    everything = [Interval(now - timedelta(days=30), now + timedelta(days=30))]
    assert nearest_free(open_on, wanted, everything, now) == []


ZONES = st.sampled_from(["Europe/Berlin", "Asia/Shanghai", "America/St_Johns", "Australia/Lord_Howe", "Africa/Cairo"])
DAYS = st.dates(date(2026, 3, 1), date(2026, 4, 30)) | st.dates(date(2026, 9, 25), date(2026, 11, 10))
SPANS = st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(lambda span: span[0] < span[1])


@st.composite
def offers(draw: st.DrawFn) -> Offer:
    hours = draw(st.lists(SPANS, min_size=1, max_size=4))
    spans = tuple(Hours(EVERY_DAY, *span) for span in hours)
    return Offer(
        ("i",),
        ZoneInfo(draw(ZONES)),
        hours=spans,
        slot=timedelta(minutes=draw(st.sampled_from([5, 20, 45, 60, 90, 480, 1440]))),
        closures=tuple(map(Closure, draw(st.lists(intervals(), max_size=3)))),
        notice=timedelta(hours=draw(st.integers(0, 48))),
        advance_days=draw(st.integers(1, 5)),
    )


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    start = datetime.combine(draw(DAYS), time(), UTC) + timedelta(minutes=draw(st.integers(0, 1439)))
    return Interval(start, start + timedelta(minutes=draw(st.integers(1, 3_000))))


@settings(max_examples=60, deadline=None)
@given(ZONES, DAYS, st.lists(st.integers(0, 1440), min_size=2, max_size=6).map(sorted))
def test_later_wall_times_never_come_earlier_and_days_adjoin(zone: str, day: date, minutes: list[int]) -> None:
    moments = [instant_of(day, at, ZoneInfo(zone)) for at in minutes]
    assert moments == sorted(moments)
    assert instant_of(day, 1440, ZoneInfo(zone)) == instant_of(day + timedelta(days=1), 0, ZoneInfo(zone))


@settings(max_examples=60, deadline=None)
@given(offers(), DAYS)
def test_slots_lie_in_opening_hours_of_their_day_and_apart(offer: Offer, day: date) -> None:
    slots = list(grid_on(offer, day))
    openings = opening_on(offer, day)
    assert all(one.end <= two.start for one, two in pairwise(slots))
    for slot in slots:
        assert slot.end - slot.start == offer.slot
        assert day_of(offer, slot.start) == day_of(offer, slot.end - timedelta(seconds=1)) == day
        assert sum(opening.start <= slot.start and slot.end <= opening.end for opening in openings) == 1
        local = slot.start.astimezone(offer.zone)
        minute = local.hour * 60 + local.minute
        assert any(entry.opens <= minute < entry.closes for entry in offer.hours)
    for opening in openings:
        within = [slot for slot in slots if opening.start <= slot.start < opening.end]
        assert len(within) == (opening.end - opening.start) // offer.slot


@settings(max_examples=60, deadline=None)
@given(offers(), DAYS, st.integers(-1, 30), st.integers(1, 4), st.sampled_from([0, 1, 7]))
def test_what_fits_the_grid_is_slots_of_one_opening(
    offer: Offer, day: date, begins: int, count: int, minutes: int
) -> None:
    for opening in opening_on(offer, day):
        start = opening.start + begins * offer.slot + timedelta(minutes=minutes)
        wanted = Interval(start, start + count * offer.slot)
        steps = [wanted.start + number * offer.slot for number in range(count)]
        own_day = set(grid_on(offer, day_of(offer, start)))
        slots = all(Interval(step, step + offer.slot) in own_day for step in steps)
        one = any(each.start <= start and wanted.end <= each.end for each in opening_on(offer, day_of(offer, start)))
        closed = any(closure.interval.overlaps(wanted) for closure in offer.closures)
        assert fits_grid(offer, wanted) == (slots and one and not closed)
        assert not fits_grid(offer, Interval(start, wanted.end - timedelta(seconds=1)))


@settings(deadline=None)
@given(offers(), DAYS, st.lists(intervals(), max_size=4), st.integers(-2_000, 2_000))
def test_states_partition_the_grid(offer: Offer, first: date, taken: list[Interval], minutes: int) -> None:
    now = instant_of(first, 0, offer.zone) + timedelta(minutes=minutes)
    days = days_from(first, 3)
    slots = [slot for day in calendar(offer, days, taken, now) for slot in day.slots]
    assert [Interval(slot.start, slot.end) for slot in slots] == [step for day in days for step in grid_on(offer, day)]
    for slot in slots:
        assert slot.state == expected_state(offer, slot, taken, now)


def expected_state(offer: Offer, slot: Slot, taken: list[Interval], now: datetime) -> str:
    """The definition, word by word."""
    span, bookable = Interval(slot.start, slot.end), bookable_time(offer, now)
    if span.start < now:
        return "past"
    if any(one.overlaps(span) for one in taken):
        return "taken"
    closed = any(closure.interval.overlaps(span) for closure in offer.closures)
    return "free" if not closed and bookable.start <= span.start < bookable.end else "closed"
