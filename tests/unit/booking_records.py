"""An instrument that can be booked, people, and bookings of it, for the tests of what the booking policy says."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hub.kernel.access import Principal
from hub.kernel.records import Record, SourceRef
from schemas.events.bookings import Booking, BookingStatus, Interval
from schemas.kind import kind_named
from schemas.parts.common import Closure, Money
from schemas.parts.opening import OpeningHours
from schemas.validation import Valid, validate_python

NOW = datetime(2026, 11, 30, 4, tzinfo=UTC)  # Monday, 12:00 in Shanghai
LI = Principal("li", frozenset({"member"}), account="acc-li")
OWNER = Principal("lab", frozenset({"approver"}), account="acc-lab", organisation="org-lab")
OTHER = Principal("lab", frozenset({"manager", "approver"}), account="acc-wang", organisation="org-other")
OPERATOR = Principal("op", frozenset({"operator"}), account="acc-op")
FIELDS: dict[str, Any] = {
    "name_zh": "透射电镜",
    "name_en": "TEM",
    "shared": True,
    "status": "in_service",
    "opening_hours": "MO-FR 08:00-18:00",
    "closures": "2026-12-02T05:00:00Z/2026-12-02T06:00:00Z 检修",
    "hourly_rate": "300 CNY",
    "min_notice_hours": 2,
    "max_advance_days": 10,
}


def record(**changes: Any) -> Record:
    given = {name: value for name, value in (FIELDS | changes).items() if value is not None}
    for name, part in (("opening_hours", OpeningHours), ("closures", Closure)):
        given |= {name: [part.parse(given[name])]} if name in given else {}
    given |= {"hourly_rate": Money.parse(given["hourly_rate"])} if "hourly_rate" in given else {}
    checked = validate_python(kind_named("instrument"), given)
    assert isinstance(checked, Valid)
    source = SourceRef("owner", "1", 1, "owner", "2026-01-01T00:00:00.000000Z", "org-lab")
    return Record("instrument-1", "instrument", 1, "active", "", "", checked.fields, {}, (source,))


def span(text: str) -> Interval:
    day, start, end = text.split()
    return Interval(*(datetime.fromisoformat(f"{day}T{wall}+08:00").astimezone(UTC) for wall in (start, end)))


def booking(status: BookingStatus, start: datetime = NOW + timedelta(hours=5)) -> Booking:
    """As it is read from where it is stored."""
    known = Booking(
        "booking-1", "instrument-1", start, start + timedelta(hours=2), "Asia/Shanghai", status, "合金断口", "acc-li",
        "2026-11-30T04:00:00.000000Z", "2026-11-30T04:00:00.000000Z", version=3, booker_name="li",
    )  # fmt: skip
    return Booking.from_bytes(known.to_bytes())
