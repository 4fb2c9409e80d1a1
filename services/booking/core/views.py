"""Bookings and availability as the API returns them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from hub.kernel.records import Record
from hub.text.language import Language
from schemas.events.bookings import Booking, Interval, Price
from schemas.http.booking import Action
from services.booking.core.offers import Offer, title_of
from services.booking.core.slots import Day, Slot


@dataclass(frozen=True, slots=True)
class Seen:
    """A booking as one caller sees it; `record` is its instrument's, None where that is unknown by now."""

    booking: Booking
    record: Record | None
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class Availability:
    """An instrument's slots over some days; without days where it cannot be booked."""

    record: Record
    offer: Offer
    days: tuple[Day, ...] = ()


def booking_json(seen: Seen, language: Language) -> dict[str, Any]:
    """The booking in full; times with the instrument's offset. `actions` are what the caller may do with it now."""
    booking = seen.booking
    zone = ZoneInfo(booking.time_zone)
    title = title_of(seen.record, language) if seen.record else booking.instrument_id
    return {
        "id": booking.id,
        "instrument": {"id": booking.instrument_id, "title": title},
        "start": local(booking.start, zone),
        "end": local(booking.end, zone),
        "time_zone": booking.time_zone,
        "status": booking.status,
        "purpose": booking.purpose,
        "booked_by": booking.booked_by,
        "created_at": booking.created_at,
        "updated_at": booking.updated_at,
        "version": booking.version,
        "price": price_json(booking.price),
        "reason": booking.reason,
        "changed_by": booking.changed_by,
        "actions": list(seen.actions),
    }


def availability_json(found: Availability, language: Language) -> dict[str, Any]:
    """The slots by date, and the terms; `why` tells what closes a closed slot: closure, notice or advance."""
    offer, record = found.offer, found.record
    return {
        "instrument": {"id": record.id, "title": title_of(record, language), "kind": record.kind},
        "bookable": offer.refusal is None,
        "reason": offer.refusal[language] if offer.refusal else None,
        "time_zone": offer.zone.key,
        "slot_minutes": int(offer.slot.total_seconds()) // 60,
        "confirmation": "automatic" if offer.automatic else "owner",
        "min_notice_hours": int(offer.notice.total_seconds()) // 3600,
        "max_advance_days": offer.advance_days,
        "hourly_rate": price_json(offer.hourly_rate),
        "days": [
            {"date": day.date.isoformat(), "slots": [_slot_json(slot, offer.zone) for slot in day.slots]}
            for day in found.days
        ],
    }


def intervals_json(intervals: Iterable[Interval], zone: ZoneInfo) -> list[dict[str, str]]:
    return [{"start": local(start, zone), "end": local(end, zone)} for start, end in intervals]


def price_json(price: Price | None) -> dict[str, str] | None:
    return {"amount": str(price.amount), "currency": price.currency} if price else None


def local(moment: datetime, zone: ZoneInfo) -> str:
    """RFC 3339 with the zone's offset at that time."""
    return moment.astimezone(zone).isoformat()


def _slot_json(slot: Slot, zone: ZoneInfo) -> dict[str, str]:
    told = {"start": local(slot.start, zone), "end": local(slot.end, zone), "state": slot.state}
    return told | {"why": slot.why} if slot.why else told
