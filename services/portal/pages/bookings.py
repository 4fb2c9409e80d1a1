"""Bookings: one's own, and those of an instrument for its owner."""

from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.portal.client import HubApi
from services.portal.core.addresses import local
from services.portal.guard import add_page, segment
from services.portal.rendering import page, reader_of

ACTIONS = ("confirm", "decline", "cancel")


def add(router: APIRouter, api: HubApi) -> None:
    async def bookings(request: Request) -> Response:
        return await list_page(request, api)

    async def booking(request: Request) -> Response:
        found = await api.get(reader_of(request), f"/bookings/{segment(request, 'booking_id')}")
        return page(request, "booking.html", booking=found, made=request.query_params.get("made") == "1")

    async def calendar(request: Request) -> Response:
        return await api.document(reader_of(request), f"/bookings/{segment(request, 'booking_id')}/calendar")

    add_page(router, "/bookings", bookings)
    add_page(router, "/bookings/{booking_id}", booking)
    add_page(router, "/bookings/{booking_id}/calendar.ics", calendar)
    for action in ACTIONS:
        add_action(router, api, action)


def add_action(router: APIRouter, api: HubApi, action: str) -> None:
    async def act(request: Request) -> Response:
        booking_id = segment(request, "booking_id")
        async with request.form(max_files=0, max_fields=10) as form:
            reason, back = str(form.get("reason", "")), str(form.get("next", ""))
        await api.post(reader_of(request), f"/bookings/{booking_id}/{action}", {"reason": reason} if reason else {})
        return RedirectResponse(local(back) if back else f"/bookings/{booking_id}", 303)

    add_page(router, f"/bookings/{{booking_id}}/{action}", act, "POST")


async def list_page(request: Request, api: HubApi) -> Response:
    """Without `instrument`, the reader's own; with it, that instrument's, requests first."""
    instrument = request.query_params.get("instrument", "")
    cursor = request.query_params.get("cursor", "")
    scope = [("scope", "instrument"), ("instrument", instrument)] if instrument else [("scope", "mine")]
    found = await api.get(reader_of(request), "/bookings", scope + ([("cursor", cursor)] if cursor else []))
    bookings, after = found["bookings"], found["next"]
    kept = {"instrument": instrument} if instrument else {}
    return page(
        request,
        "bookings.html",
        bookings=bookings if not instrument else sorted(bookings, key=lambda one: one["status"] != "requested"),
        instrument=instrument,
        next_href=f"/bookings?{urlencode({**kept, 'cursor': after})}" if after else None,
    )
