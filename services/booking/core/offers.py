"""What an instrument offers to its bookers, read from its record."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hub.kernel.records import Record
from hub.text.language import Bilingual, Language
from hub.text.messages import bilingual
from schemas.events.bookings import Interval, Price
from schemas.kind import kinds, value_at
from schemas.kinds.instrument import DEFAULT_TIME_ZONE
from schemas.parts.opening import WEEKDAYS
from schemas.rights import refusal_of

DEFAULT_SLOT_MINUTES = 60
DEFAULT_ADVANCE_DAYS = 90
LONGEST = timedelta(days=7)
"""Of one booking, where a policy says nothing else."""

_WITHDRAWN = bilingual("booking.withdrawn")
_NO_ZONE = bilingual("booking.no-zone")


@dataclass(frozen=True, slots=True)
class Hours:
    """Weekly opening hours: weekdays count from Monday as 0; `opens` and `closes` are minutes of the wall clock.

    1440 minutes are the end of the day. `first` and `last` bound the dates, both included.
    """

    weekdays: frozenset[int]
    opens: int
    closes: int
    first: date | None = None
    last: date | None = None

    def apply_on(self, day: date) -> bool:
        return day.weekday() in self.weekdays and (self.first or day) <= day <= (self.last or day)


@dataclass(frozen=True, slots=True)
class Closure:
    """A time at which the instrument is not to be had, and why."""

    interval: Interval
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """The terms on which one instrument can be booked; `refusal` says why it cannot be, and is None where it can.

    `instruments` are the ids that bookings of it may carry: its own, then those of records joined to it.
    `notice` is the least time from now to a start; `advance_days` the most days from today to the day of a start.
    """

    instruments: tuple[str, ...]
    zone: ZoneInfo
    refusal: Bilingual | None = None
    hours: tuple[Hours, ...] = ()
    closures: tuple[Closure, ...] = ()
    slot: timedelta = timedelta(minutes=DEFAULT_SLOT_MINUTES)
    automatic: bool = False
    notice: timedelta = timedelta(0)
    advance_days: int = DEFAULT_ADVANCE_DAYS
    longest: timedelta = LONGEST
    hourly_rate: Price | None = None


def offer_of(record: Record) -> Offer:
    """The offer that the record makes; of a kind that cannot be booked, or without hours, one that says so."""
    fields = record.fields
    zone, zone_problem = _zone(str(fields.get("time_zone") or DEFAULT_TIME_ZONE))
    hours = tuple(_hours(entry) for entry in fields.get("opening_hours") or ())
    rate = fields.get("hourly_rate")
    return Offer(
        instruments=(record.id, *record.same_as),
        zone=zone,
        refusal=_refusal(record) or zone_problem,
        hours=hours,
        closures=tuple(_closure(entry) for entry in fields.get("closures") or ()),
        slot=timedelta(minutes=int(fields.get("slot_minutes") or DEFAULT_SLOT_MINUTES)),
        automatic=fields.get("booking_confirmation") == "automatic",
        notice=timedelta(hours=int(fields.get("min_notice_hours") or 0)),
        advance_days=int(fields.get("max_advance_days") or DEFAULT_ADVANCE_DAYS),
        hourly_rate=Price(Decimal(str(rate["amount"])), str(rate.get("currency", "CNY"))) if rate else None,
    )


def title_of(record: Record, language: Language) -> str:
    """The record's name in the reader's language, in the other one where there is none, or else its id."""
    kind = kinds().get(record.kind)
    paths = sorted(kind.title if kind else (), key=lambda path: not path.endswith(f"_{language}"))
    return next((str(name) for path in paths if (name := value_at(record.fields, path))), record.id)


def _refusal(record: Record) -> Bilingual | None:
    return _WITHDRAWN if record.status == "withdrawn" else refusal_of(kinds().get(record.kind), record.fields)


def _zone(name: str) -> tuple[ZoneInfo, Bilingual | None]:
    try:
        return ZoneInfo(name), None
    except (ZoneInfoNotFoundError, ValueError):
        # Checked when the record came in; the node may have an older time zone database than the one that checked.
        return ZoneInfo(DEFAULT_TIME_ZONE), _NO_ZONE.format(zone=name)


def _hours(entry: Mapping[str, Any]) -> Hours:
    first, last = (entry.get(name) for name in ("valid_from", "valid_through"))
    return Hours(
        frozenset(WEEKDAYS.index(day) for day in entry["days"]),
        _minutes(entry["opens"]),
        _minutes(entry["closes"]),
        date.fromisoformat(first) if first else None,
        date.fromisoformat(last) if last else None,
    )


def _minutes(wall: str) -> int:
    hours, _, minutes = wall.partition(":")
    return int(hours) * 60 + int(minutes)


def _closure(entry: Mapping[str, Any]) -> Closure:
    start, end = (datetime.fromisoformat(entry[name]) for name in ("start", "end"))
    return Closure(Interval(start, end), str(entry.get("reason") or ""))
