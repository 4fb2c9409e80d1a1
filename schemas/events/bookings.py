"""Bookings: an interval of an instrument's time that somebody asked for, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple

import orjson

BOOKINGS = "bookings"
BOOKING_CHANGED = "cn.research-hub.booking.v1"

BookingStatus = Literal["requested", "confirmed", "declined", "cancelled"]
ACTIVE: frozenset[BookingStatus] = frozenset({"requested", "confirmed"})
"""The statuses that keep the time from others."""

PRIVATE = ("purpose", "booked_by", "booker_name", "reason", "changed_by", "changer_name")
"""Of a booking: told to its booker, the instrument's owner and operators alone, and in no event."""

_AS_TEXT = orjson.OPT_UTC_Z


class Interval(NamedTuple):
    """Time from `start` up to, without, `end`; both aware."""

    start: datetime
    end: datetime

    def overlaps(self, other: "Interval") -> bool:
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Price:
    """An amount with two places in a currency of ISO 4217."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Booking:
    """One booking at one version.

    `start` and `end` are instants in UTC, to the second; `time_zone` is the instrument's (IANA) at the time of booking.
    `version` counts 1, 2, 3 …; `created_at` and `updated_at` are RFC 3339 in UTC. `booked_by` is the id of an account,
    `booker_name` its name at that time, None where the booking was made before accounts had ids: there `booked_by` is
    the name. So are `changed_by` and `changer_name`, which belong to the latest change, as `reason` does.
    """

    id: str
    instrument_id: str
    start: datetime
    end: datetime
    time_zone: str
    status: BookingStatus
    purpose: str
    booked_by: str
    created_at: str
    updated_at: str
    version: int = 1
    price: Price | None = None
    reason: str = ""
    changed_by: str = ""
    booker_name: str | None = None
    changer_name: str | None = None

    @property
    def interval(self) -> Interval:
        return Interval(self.start, self.end)

    @property
    def active(self) -> bool:
        return self.status in ACTIVE

    def asks_the_same_as(self, other: "Booking") -> bool:
        """Whether both, of one booker, come of one request, sent twice."""
        return self._request() == other._request()

    def to_bytes(self) -> bytes:
        return orjson.dumps(self, default=str, option=_AS_TEXT)

    def event_data(self) -> bytes:
        """The data of a `bookings` event: the booking without its private members."""
        said: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__ if name not in PRIVATE}
        return orjson.dumps(said, default=str, option=_AS_TEXT)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Booking":
        """Raises ValueError, TypeError or KeyError where the data are no booking."""
        raw = orjson.loads(data)
        price = raw["price"]
        raw["price"] = Price(Decimal(price["amount"]), price["currency"]) if price else None
        raw["start"], raw["end"] = (datetime.fromisoformat(raw[name]) for name in ("start", "end"))
        return cls(**raw)

    def _request(self) -> tuple[object, ...]:
        return (self.instrument_id, self.start, self.end, self.purpose)


@dataclass(frozen=True, slots=True)
class Change:
    """A step of a booking to another status. `at` is RFC 3339, UTC; `by` is the account that decided it."""

    status: BookingStatus
    at: str
    by: str
    reason: str = ""
    name: str = ""
