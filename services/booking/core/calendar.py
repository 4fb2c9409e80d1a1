"""A booking as iCalendar (RFC 5545), with the methods of iTIP (RFC 5546)."""

from datetime import datetime
from typing import Any

from icalendar import Calendar, Event, vCalAddress, vGeo, vText

from hub.kernel.records import Record
from hub.text.language import Language
from schemas.events.bookings import BookingStatus
from schemas.kind import value_at
from services.booking.core.offers import title_of
from services.booking.core.policy import STATUS_NAMES
from services.booking.core.views import Seen

PRODUCT = "-//research-hub//booking 1.0//ZH"
# RFC 5546 wants an organizer; an owner's address may be private, and calendars take this one for "no mail".
NO_MAIL = "invalid:nomail"
STATUS: dict[BookingStatus, str] = {
    "requested": "TENTATIVE",
    "confirmed": "CONFIRMED",
    "declined": "CANCELLED",
    "cancelled": "CANCELLED",
}


def calendar_of(seen: Seen, language: Language) -> bytes:
    """One VEVENT: METHOD is PUBLISH, or CANCEL once the booking is declined or cancelled.

    UID is the booking's id, which names no host (RFC 7986), and SEQUENCE its version, so that a calendar replaces what
    it has.
    """
    status = STATUS[seen.booking.status]
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "CANCEL" if status == "CANCELLED" else "PUBLISH")
    calendar.add_component(_event(seen, status, language))
    return bytes(calendar.to_ical())


def _event(seen: Seen, status: str, language: Language) -> Event:
    booking, fields = seen.booking, seen.record.fields if seen.record else {}
    title = title_of(seen.record, language) if seen.record else booking.instrument_id
    updated = datetime.fromisoformat(booking.updated_at).replace(microsecond=0)
    event = Event()
    event.add("uid", booking.id)
    event.add("sequence", booking.version)
    event.add("dtstamp", updated)
    event.add("last-modified", updated)
    event.add("created", datetime.fromisoformat(booking.created_at).replace(microsecond=0))
    event.add("dtstart", booking.start)
    event.add("dtend", booking.end)
    event.add("status", status)
    event.add("transp", "TRANSPARENT" if status == "CANCELLED" else "OPAQUE")
    state = STATUS_NAMES[booking.status][language]
    event.add("summary", f"{title}（{state}）" if language == "zh" else f"{title} ({state})")
    event.add("organizer", _organizer(seen.record, language))
    _add_place(event, fields)
    if booking.purpose:
        event.add("description", booking.purpose)
    return event


def _organizer(record: Record | None, language: Language) -> vCalAddress:
    fields = record.fields if record else {}
    names = [value_at(fields, f"owner.{name}") for name in (f"name_{language}", "name_zh", "name_en")]
    organizer = vCalAddress(NO_MAIL)
    organizer.params["cn"] = vText(next((str(name) for name in names if name), "research-hub"))
    return organizer


def _add_place(event: Event, fields: dict[str, Any]) -> None:
    parts = [value_at(fields, f"place.{name}") for name in ("address", "site", "building")]
    location = " ".join(str(part) for part in parts if part)
    if location:
        event.add("location", location)
    lat, lon = (value_at(fields, f"place.{name}") for name in ("lat", "lon"))
    if lat is not None and lon is not None:
        event.add("geo", vGeo((float(lat), float(lon))))
