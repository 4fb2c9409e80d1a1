"""Booking: pick a slot, confirm it, see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from urllib.parse import quote, urlencode
from uuid import uuid4

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.text.language import Language
from hub.web.client import ApiProblem, AsyncHubClient, Reader
from schemas.http.access import ME
from schemas.http.booking import AVAILABILITY, BOOK, AvailabilityQuery, NewBooking, Slot, SlotDay
from services.portal.core import times
from services.portal.guard import Pages, form_of, segment
from services.portal.rendering import page, reader_of

DAYS = 14
LONGEST_CHOICE = 24
"""Slots in a row that one booking may take."""


@dataclass(frozen=True, slots=True)
class DayView:
    """A day as it is chosen: how many slots are free, and those that are not over, by part of the day."""

    date: str
    slots: tuple[Slot, ...]
    free: int
    parts: tuple[tuple[str, tuple[Slot, ...]], ...]
    weekday: str
    number: int
    month: int
    text: str
    href: str

    @classmethod
    def of(cls, day: SlotDay, language: Language) -> "DayView":
        when = date.fromisoformat(day.date)
        ahead = [slot for slot in day.slots if slot.state != "past"]
        return cls(
            date=day.date,
            slots=day.slots,
            free=sum(slot.state == "free" for slot in day.slots),
            parts=tuple((part, tuple(slots)) for part, slots in groupby(ahead, part_of_day)),
            weekday=times.weekday(when, language),
            number=when.day,
            month=when.month,
            text=times.day_text(when, language),
            href=urlencode({"day": day.date}),
        )


@dataclass(frozen=True, slots=True)
class Sheet:
    """The slot to confirm, and the ends that a booking from it can have."""

    start: str
    end: str
    ends: tuple[str, ...]


async def slots_page(
    request: Request,
    api: AsyncHubClient,
    refusal: ApiProblem | None = None,
    parameters: Mapping[str, str] | None = None,
) -> Response:
    """The days and their slots; with `start`, the sheet that confirms that slot, unless the API just refused it."""
    reader = reader_of(request)
    parameters = parameters or dict(request.query_params)
    first = day_in(parameters, "from") or day_in(parameters, "start")
    query = AvailabilityQuery(first=first.isoformat() if first else None, days=DAYS)
    availability = await api.call(reader, AVAILABILITY, query=query, instrument_id=request.path_params["record_id"])
    days = [DayView.of(day, reader.language) for day in availability.days]
    wanted = day_in(parameters, "day") or day_in(parameters, "start")
    chosen = choose_day(days, wanted.isoformat() if wanted else "")
    start = parameters.get("start", "")
    return page(
        request,
        "book.html",
        refusal.status if refusal else 200,
        instrument=availability.instrument,
        offer=availability,
        days=days,
        day=chosen,
        base=f"/records/{segment(request, 'record_id')}/book",
        window=days[0].date if days else "",
        earlier=shifted(days, -DAYS),
        later=shifted(days, DAYS),
        sheet=None if refusal else sheet_of(chosen, start),
        end=parameters.get("end", ""),
        purpose=parameters.get("purpose", ""),
        key=uuid4().hex,
        problems=refusal.messages if refusal else [],
    )


async def make(request: Request, api: AsyncHubClient) -> Response:
    """Make the booking. Who must sign in or register first is sent there, and comes back to this very slot."""
    reader = reader_of(request)
    sent = await form_of(request)
    parameters = {name: sent[name] for name in ("start", "end", "purpose", "from") if sent.get(name)}
    # As it was sent: the API checks it, and says what is wrong in the reader's language.
    start, end, purpose = (sent.get(name, "") for name in ("start", "end", "purpose"))
    wanted = request.path_params["record_id"]
    body = NewBooking.model_construct(instrument=wanted, start=start, end=end, purpose=purpose)
    slot = f"/records/{segment(request, 'record_id')}/book?{urlencode(parameters)}"
    try:
        booking = await api.call(reader, BOOK, body, key=sent.get("key", ""))
    except ApiProblem as problem:
        if problem.status == 401:
            return RedirectResponse(f"/sign-in?{urlencode({'next': slot})}", 303)
        if problem.status == 403 and await belongs_to_nobody(reader, api):
            return RedirectResponse(f"/register?{urlencode({'next': slot})}", 303)
        if problem.status not in (409, 422):
            raise
        return await slots_page(request, api, problem, parameters)
    return RedirectResponse(f"/bookings/{quote(booking.id)}?made=1", 303)


async def belongs_to_nobody(reader: Reader, api: AsyncHubClient) -> bool:
    me = await api.call(reader, ME)
    return not me.roles and not me.organisation


def day_in(asked: Mapping[str, str], name: str) -> date | None:
    """The date that a parameter begins with; None where there is none, 400 where it is no date."""
    text = asked.get(name, "")
    if not text:
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise HTTPException(400) from None


def part_of_day(slot: Slot) -> str:
    """By the hour on the instrument's wall clock at which the slot starts."""
    hour = int(slot.start[11:13])
    return "morning" if hour < 12 else "afternoon" if hour < 18 else "evening"


def choose_day(days: Sequence[DayView], wanted: str) -> DayView | None:
    """The day asked for, else the first with a free slot, else the first."""
    by_date = {day.date: day for day in days}
    if wanted in by_date:
        return by_date[wanted]
    return next((day for day in days if day.free), days[0] if days else None)


def sheet_of(day: DayView | None, start: str) -> Sheet | None:
    """The slot to confirm, and the ends that a booking from it can have; None where it is not free."""
    slots = day.slots if day else ()
    at = next((place for place, slot in enumerate(slots) if slot.start == start and slot.state == "free"), None)
    if at is None:
        return None
    ends = [slots[at]]
    for slot in slots[at + 1 : at + LONGEST_CHOICE]:
        if slot.state != "free" or slot.start != ends[-1].end:
            break
        ends.append(slot)
    return Sheet(start, ends[0].end, tuple(slot.end for slot in ends))


def shifted(days: Sequence[DayView], by: int) -> str | None:
    """The first day of the window before or after; None where all of the window before lies in the past."""
    if not days or (by < 0 and any(slot.state == "past" for slot in days[0].slots)):
        return None
    return (date.fromisoformat(days[0].date) + timedelta(days=by)).isoformat()


PAGES: Pages = {"GET /records/{record_id}/book": slots_page, "POST /records/{record_id}/book": make}
