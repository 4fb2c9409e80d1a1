"""Bookings: one's own, and those of an instrument for its owner."""

from asyncio import gather
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.portal.client import HubApi
from services.portal.core.addresses import local
from services.portal.guard import add_page, segment
from services.portal.rendering import page, reader_of

DECIDERS = {"submitter", "operator"}
Json = Mapping[str, Any]
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
    """The reader's own; of one `instrument`; or with `scope=owned` of all that the reader decides about.

    On the first page of one's own, requests that wait for the reader's decision come before everything else.
    """
    reader = reader_of(request)
    instrument = request.query_params.get("instrument", "")
    owned = request.query_params.get("scope", "") == "owned"
    cursor = request.query_params.get("cursor", "")
    scope = "instrument" if instrument else "owned" if owned else "mine"
    asked = (
        {"scope": scope} | ({"instrument": instrument} if instrument else {}) | ({"cursor": cursor} if cursor else {})
    )
    me, found = await gather(api.get(reader, "/me"), api.get(reader, "/bookings", tuple(asked.items())))
    decides = bool(DECIDERS & set(me["roles"]))
    waiting: list[Json] = []
    if decides and scope == "mine" and not cursor:
        asked_for = [("scope", "owned"), ("status", "requested")]
        waiting = soonest((await api.get(reader, "/bookings", asked_for))["bookings"])
    bookings, after = found["bookings"], found["next"]
    kept = {name: value for name, value in asked.items() if name != "cursor" and value != "mine"}
    return page(
        request,
        "bookings.html",
        scope=scope,
        decides=decides,
        waiting=waiting,
        bookings=sorted(bookings, key=lambda one: one["status"] != "requested") if instrument else bookings,
        instrument=instrument,
        next_href=f"/bookings?{urlencode({**kept, 'cursor': after})}" if after else None,
    )


def soonest(bookings: Sequence[Json]) -> list[Json]:
    """Requests that can still be confirmed, the one that starts first at the top."""
    return sorted((one for one in bookings if "confirm" in one["actions"]), key=lambda one: str(one["start"]))
