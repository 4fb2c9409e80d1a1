"""An instrument's opening hours as instants, its grid of slots, and which of them are free."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from heapq import nsmallest
from typing import Literal, NamedTuple

from schemas.events.bookings import Interval
from schemas.http.booking import ClosedBy, SlotState
from services.booking.core.offers import Offer

SECOND = timedelta(seconds=1)
SEARCH_AROUND = timedelta(days=7)


class Slot(NamedTuple):
    """One step of the grid, [start, end) in UTC; `why` tells what closes a closed one."""

    start: datetime
    end: datetime
    state: SlotState
    why: ClosedBy | Literal[""] = ""


class Day(NamedTuple):
    """The slots that start on one date of the instrument's calendar."""

    date: date
    slots: tuple[Slot, ...]


class Cover:
    """Time that is covered by any of some intervals; finds in O(log n) what covers a given one."""

    def __init__(self, intervals: Iterable[Interval]) -> None:
        self.intervals = merged(intervals)
        self._ends = [interval.end for interval in self.intervals]

    def hit(self, start: datetime, end: datetime) -> Interval | None:
        """The first covered stretch that overlaps [start, end)."""
        at = bisect_right(self._ends, start)
        if at < len(self.intervals) and self.intervals[at].start < end:
            return self.intervals[at]
        return None

    def contains(self, start: datetime, end: datetime) -> bool:
        """Whether all of [start, end) is covered."""
        found = self.hit(start, end)
        return found is not None and found.start <= start and end <= found.end


def merged(intervals: Iterable[Interval]) -> list[Interval]:
    """The same time as disjoint intervals in order; those that touch become one."""
    result: list[Interval] = []
    for interval in sorted(intervals):
        if result and interval.start <= result[-1].end:
            result[-1] = Interval(result[-1].start, max(result[-1].end, interval.end))
        else:
            result.append(interval)
    return result


def instant_of(day: date, minutes: int, zone: tzinfo) -> datetime:
    """The first instant, in UTC, at which the zone's wall clock has come to this many minutes of the date.

    A time that occurs twice is its first occurrence; one that is skipped is the instant of the skip. So later times
    never come earlier, and hours that adjoin on the wall adjoin in UTC.
    """
    wall = datetime.combine(day, time()) + timedelta(minutes=minutes)
    late = wall.replace(tzinfo=zone).astimezone(UTC)
    if _reading(late, zone) == wall:
        return late
    early = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    while late - early > SECOND:
        middle = early + (late - early) // 2
        middle -= timedelta(microseconds=middle.microsecond)
        early, late = (early, middle) if _reading(middle, zone) >= wall else (middle, late)
    return late


def opening_on(offer: Offer, day: date) -> list[Interval]:
    """When the instrument is open on a date of its calendar, closures aside: disjoint, in UTC."""
    hours = (entry for entry in offer.hours if entry.apply_on(day))
    spans = (Interval(*(instant_of(day, at, offer.zone) for at in (entry.opens, entry.closes))) for entry in hours)
    return merged(span for span in spans if span.start < span.end)


def grid_on(offer: Offer, day: date) -> Iterator[Interval]:
    """The slots of a date: counted from each opening; what is left before closing and shorter than a slot is none."""
    for opening in opening_on(offer, day):
        start = opening.start
        while start + offer.slot <= opening.end:
            yield Interval(start, start + offer.slot)
            start += offer.slot


def fits_grid(offer: Offer, wanted: Interval) -> bool:
    """Whether all of [start, end) is slots of one opening and in no closure.

    Tells without laying out the grid. What goes on from one opening into the next may be bookable all the same.
    """
    for opening in opening_on(offer, day_of(offer, wanted.start)):
        if opening.start <= wanted.start and wanted.end <= opening.end:
            aligned = not any((moment - opening.start) % offer.slot for moment in wanted)
            return aligned and not any(closure.interval.overlaps(wanted) for closure in offer.closures)
    return False


def day_of(offer: Offer, moment: datetime) -> date:
    """The date on the instrument's calendar."""
    return moment.astimezone(offer.zone).date()


def days_from(first: date, count: int) -> list[date]:
    return [first + timedelta(days=number) for number in range(count)]


def bookable_time(offer: Offer, now: datetime) -> Interval:
    """In which a booking may start: after the notice, up to the end of the last day of the advance."""
    last = day_of(offer, now) + timedelta(days=offer.advance_days)
    return Interval(now + offer.notice, instant_of(last, 24 * 60, offer.zone))


def calendar(offer: Offer, days: Iterable[date], taken: Iterable[Interval], now: datetime) -> Iterator[Day]:
    """The slots of each of the dates with their states.

    A slot that has begun is past; else one that overlaps a booking is taken; else one in a closure, or outside of
    the bookable time, is closed; the others are free.
    """
    judge = _Judge(offer, taken, now)
    for day in days:
        yield Day(day, tuple(judge.slot(step) for step in grid_on(offer, day)))


def nearest_free(
    offer: Offer, wanted: Interval, taken: Iterable[Interval], now: datetime, count: int = 3
) -> list[Interval]:
    """The free times as long as the wanted one that start nearest to it, in order of time.

    Looks SEARCH_AROUND before and after; a length between two slots is rounded up.
    """
    steps = -((wanted.start - wanted.end) // offer.slot)
    found = nsmallest(
        count,
        _runs(calendar(offer, search_days(offer, wanted), taken, now), steps),
        key=lambda run: (abs(run.start - wanted.start), run.start),
    )
    return sorted(found)


def search_window(wanted: Interval) -> Interval:
    """The time of which nearest_free needs to know what is taken."""
    return Interval(wanted.start - SEARCH_AROUND, wanted.end + SEARCH_AROUND)


def search_days(offer: Offer, wanted: Interval) -> list[date]:
    """The dates that lie in the search window as a whole, and the wanted one's own."""
    first = day_of(offer, wanted.start - SEARCH_AROUND) + timedelta(days=1)
    last = day_of(offer, wanted.end + SEARCH_AROUND) - timedelta(days=1)
    return days_from(first, (last - first).days + 1)


def _runs(days: Iterable[Day], steps: int) -> Iterator[Interval]:
    run: list[Slot] = []
    for slot in (slot for day in days for slot in day.slots):
        if slot.state != "free" or (run and run[-1].end != slot.start):
            run.clear()
        if slot.state == "free":
            run.append(slot)
        if len(run) >= steps:
            yield Interval(run[-steps].start, slot.end)


class _Judge:
    """Tells the state of slots at one moment."""

    def __init__(self, offer: Offer, taken: Iterable[Interval], now: datetime) -> None:
        self._now = now
        self._taken = Cover(taken)
        self._closed = Cover(closure.interval for closure in offer.closures)
        self._bookable = bookable_time(offer, now)

    def slot(self, step: Interval) -> Slot:
        start, end = step
        if start < self._now:
            return Slot(start, end, "past")
        if self._taken.hit(start, end):
            return Slot(start, end, "taken")
        if self._closed.hit(start, end):
            return Slot(start, end, "closed", "closure")
        if start < self._bookable.start:
            return Slot(start, end, "closed", "notice")
        if start >= self._bookable.end:
            return Slot(start, end, "closed", "advance")
        return Slot(start, end, "free")


def _reading(moment: datetime, zone: tzinfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)
