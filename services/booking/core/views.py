"""Bookings and availability as the API returns them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from hub.kernel.records import Record
from hub.text.language import Language
from schemas.events.bookings import Booking, Interval, Price
from schemas.http import booking as contract
from schemas.http.booking import Action
from services.booking.core.offers import Offer, title_of
from services.booking.core.slots import Day, Slot


@dataclass(frozen=True, slots=True)
class Seen:
    """A booking as one caller sees it; `record` is its instrument's, None where that is unknown by now.

    `decides`: the caller decides about the instrument.
    """

    booking: Booking
    record: Record | None
    actions: tuple[Action, ...] = ()
    decides: bool = False
    contacts: tuple[contract.BookingContact, ...] = ()


@dataclass(frozen=True, slots=True)
class Availability:
    """An instrument's slots over some days; without days where it cannot be booked."""

    record: Record
    offer: Offer
    days: tuple[Day, ...] = ()


def booking_view(seen: Seen, language: Language) -> contract.Booking:
    """The booking in full; times with the instrument's offset. `actions` are what the caller may do with it now."""
    booking = seen.booking
    zone = ZoneInfo(booking.time_zone)
    title = title_of(seen.record, language) if seen.record else booking.instrument_id
    return contract.Booking(
        id=booking.id,
        instrument=contract.NamedInstrument(id=booking.instrument_id, title=title),
        start=local(booking.start, zone),
        end=local(booking.end, zone),
        time_zone=booking.time_zone,
        status=booking.status,
        purpose=booking.purpose,
        booked_by=booking.booked_by if booking.booker_name is None else booking.booker_name,
        booked_by_account="" if booking.booker_name is None else booking.booked_by,
        created_at=booking.created_at,
        updated_at=booking.updated_at,
        version=booking.version,
        price=price_view(booking.price),
        reason=booking.reason,
        changed_by=booking.changed_by if booking.changer_name is None else booking.changer_name,
        actions=seen.actions,
        contacts=seen.contacts,
    )


def availability_view(availability: Availability, language: Language) -> contract.Availability:
    """The slots by date, and the terms; `why` tells what closes a closed slot: closure, notice or advance."""
    offer, record = availability.offer, availability.record
    return contract.Availability(
        instrument=contract.OfferedInstrument(id=record.id, title=title_of(record, language), kind=record.kind),
        bookable=offer.refusal is None,
        reason=offer.refusal[language] if offer.refusal else None,
        time_zone=offer.zone.key,
        slot_minutes=int(offer.slot.total_seconds()) // 60,
        confirmation="automatic" if offer.automatic else "owner",
        min_notice_hours=int(offer.notice.total_seconds()) // 3600,
        max_advance_days=offer.advance_days,
        hourly_rate=price_view(offer.hourly_rate),
        days=tuple(
            contract.SlotDay(date=day.date.isoformat(), slots=tuple(_slot(slot, offer.zone) for slot in day.slots))
            for day in availability.days
        ),
    )


def span_views(intervals: Iterable[Interval], zone: ZoneInfo) -> tuple[contract.Span, ...]:
    return tuple(contract.Span(start=local(start, zone), end=local(end, zone)) for start, end in intervals)


def price_view(price: Price | None) -> contract.Price | None:
    return contract.Price(amount=str(price.amount), currency=price.currency) if price else None


def local(moment: datetime, zone: ZoneInfo) -> str:
    """RFC 3339 with the zone's offset at that time."""
    return moment.astimezone(zone).isoformat()


def _slot(slot: Slot, zone: ZoneInfo) -> contract.Slot:
    start, end = local(slot.start, zone), local(slot.end, zone)
    if slot.why:
        return contract.Slot(start=start, end=end, state=slot.state, why=slot.why)
    return contract.Slot(start=start, end=end, state=slot.state)
