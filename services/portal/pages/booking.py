"""Booking: pick a slot, confirm it, see it."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.portal.client import ApiProblem, HubApi
from services.portal.core import times
from services.portal.guard import add_page, segment
from services.portal.rendering import page, reader_of

DAYS = 14
FORM_FIELDS = 20
LONGEST_CHOICE = 24
"""Slots in a row that one booking may take."""
Json = Mapping[str, Any]


def add(router: APIRouter, api: HubApi) -> None:
    async def slots(request: Request) -> Response:
        return await slots_page(request, api, segment(request, "record_id"))

    async def book(request: Request) -> Response:
        return await make(request, api)

    add_page(router, "/records/{record_id}/book", slots)
    add_page(router, "/records/{record_id}/book", book, "POST")


async def slots_page(
    request: Request,
    api: HubApi,
    instrument: str,
    refusal: ApiProblem | None = None,
    asked: Mapping[str, str] | None = None,
) -> Response:
    """The days and their slots; with `start`, the sheet that confirms that slot, unless the API just refused it."""
    reader = reader_of(request)
    asked = asked or dict(request.query_params)
    first = day_in(asked, "from") or day_in(asked, "start")
    window = [("from", first.isoformat())] if first else []
    found = await api.get(reader, f"/instruments/{instrument}/availability", [*window, ("days", str(DAYS))])
    days = [day_view(day, reader.language) for day in found["days"]]
    wanted = day_in(asked, "day") or day_in(asked, "start")
    chosen = choose_day(days, wanted.isoformat() if wanted else "")
    start = asked.get("start", "")
    return page(
        request,
        "book.html",
        refusal.status if refusal else 200,
        instrument=found["instrument"],
        offer=found,
        days=days,
        day=chosen,
        base=f"/records/{instrument}/book",
        window=days[0]["date"] if days else "",
        earlier=shifted(days, -DAYS),
        later=shifted(days, DAYS),
        sheet=None if refusal else sheet_of(chosen, start),
        end=asked.get("end", ""),
        purpose=asked.get("purpose", ""),
        key=uuid4().hex,
        problems=refusal.messages if refusal else [],
    )


async def make(request: Request, api: HubApi) -> Response:
    """Make the booking. The signed-out are sent to sign in, and come back to this very slot."""
    reader = reader_of(request)
    async with request.form(max_files=0, max_fields=FORM_FIELDS) as form:
        sent = {name: str(value) for name, value in form.items()}
    asked = {name: sent[name] for name in ("start", "end", "purpose", "from") if sent.get(name)}
    body = {"instrument": request.path_params["record_id"]} | {
        name: sent.get(name, "") for name in ("start", "end", "purpose")
    }
    instrument = segment(request, "record_id")
    slot = f"/records/{instrument}/book?{urlencode(asked)}"
    try:
        booking = await api.post(reader, "/bookings", body, key=sent.get("key", ""))
    except ApiProblem as problem:
        if problem.status == 401:
            return RedirectResponse(f"/sign-in?{urlencode({'next': slot})}", 303)
        if problem.status not in (409, 422):
            raise
        return await slots_page(request, api, instrument, problem, asked)
    return RedirectResponse(f"/bookings/{quote(booking['id'])}?made=1", 303)


def day_in(asked: Mapping[str, str], name: str) -> date | None:
    """The date that a parameter begins with; None where there is none, 400 where it is no date."""
    text = asked.get(name, "")
    if not text:
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise HTTPException(400) from None


def day_view(day: Json, language: Any) -> dict[str, Any]:
    when = date.fromisoformat(day["date"])
    free = sum(slot["state"] == "free" for slot in day["slots"])
    ahead = [slot for slot in day["slots"] if slot["state"] != "past"]
    return {
        **day,
        "free": free,
        "parts": [(part, list(slots)) for part, slots in groupby(ahead, part_of_day)],
        "weekday": times.weekday(when, language),
        "number": when.day,
        "month": when.month,
        "text": times.day_text(when, language),
        "href": urlencode({"day": day["date"]}),
    }


def part_of_day(slot: Json) -> str:
    """By the hour on the instrument's wall clock at which the slot starts."""
    hour = int(slot["start"][11:13])
    return "morning" if hour < 12 else "afternoon" if hour < 18 else "evening"


def choose_day(days: Sequence[Json], wanted: str) -> Json | None:
    """The day asked for, else the first with a free slot, else the first."""
    by_date = {day["date"]: day for day in days}
    if wanted in by_date:
        return by_date[wanted]
    return next((day for day in days if day["free"]), days[0] if days else None)


def sheet_of(day: Json | None, start: str) -> Json | None:
    """The slot to confirm, and the ends that a booking from it can have; None where it is not free."""
    slots = list(day["slots"]) if day else []
    at = next((place for place, slot in enumerate(slots) if slot["start"] == start and slot["state"] == "free"), None)
    if at is None:
        return None
    ends = [slots[at]]
    for slot in slots[at + 1 : at + LONGEST_CHOICE]:
        if slot["state"] != "free" or slot["start"] != ends[-1]["end"]:
            break
        ends.append(slot)
    return {"start": start, "end": ends[0]["end"], "ends": [slot["end"] for slot in ends]}


def shifted(days: Sequence[Json], by: int) -> str | None:
    """The first day of the window before or after; None where all of the window before lies in the past."""
    if not days or (by < 0 and any(slot["state"] == "past" for slot in days[0]["slots"])):
        return None
    return (date.fromisoformat(days[0]["date"]) + timedelta(days=by)).isoformat()
