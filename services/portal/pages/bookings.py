"""Bookings: one's own, and those of an instrument for its owner."""

from asyncio import gather
from typing import Literal
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.kernel.access import Role
from hub.web.client import AsyncHubClient, Reader
from schemas.http import booking as contract
from schemas.http.access import ME
from schemas.http.booking import Action, Booking, BookingsQuery, Decision
from services.portal.core.addresses import local
from services.portal.guard import add_page, segment
from services.portal.rendering import handed_on, page, reader_of

DECIDERS: frozenset[Role] = frozenset({"submitter", "operator"})
Scope = Literal["mine", "owned", "instrument"]


def add(router: APIRouter, api: AsyncHubClient) -> None:
    async def bookings(request: Request) -> Response:
        return await list_page(request, api)

    async def booking(request: Request) -> Response:
        found = await api.call(reader_of(request), contract.BOOKING, booking_id=request.path_params["booking_id"])
        return page(request, "booking.html", booking=found, made=request.query_params.get("made") == "1")

    async def calendar(request: Request) -> Response:
        return await handed_on(request, api, contract.CALENDAR)

    add_page(router, "/bookings", bookings)
    add_page(router, "/bookings/{booking_id}", booking)
    add_page(router, "/bookings/{booking_id}/calendar.ics", calendar)
    for action in contract.ACTIONS:
        add_action(router, api, action)


def add_action(router: APIRouter, api: AsyncHubClient, action: Action) -> None:
    async def act(request: Request) -> Response:
        async with request.form(max_files=0, max_fields=10) as form:
            reason, back = str(form.get("reason", "")), str(form.get("next", ""))
        # As it was typed: the API checks it, and says what is wrong in the reader's language.
        decision = Decision.model_construct(reason=reason or None)
        booking_id = request.path_params["booking_id"]
        await api.call(reader_of(request), contract.ACTIONS[action], decision, booking_id=booking_id)
        return RedirectResponse(local(back) if back else f"/bookings/{segment(request, 'booking_id')}", 303)

    add_page(router, f"/bookings/{{booking_id}}/{action}", act, "POST")


async def list_page(request: Request, api: AsyncHubClient) -> Response:
    """The reader's own; of one `instrument`; or with `scope=owned` of all that the reader decides about.

    On the first page of one's own, requests that wait for the reader's decision come before everything else.
    """
    reader = reader_of(request)
    instrument = request.query_params.get("instrument", "")
    owned = request.query_params.get("scope", "") == "owned"
    cursor = request.query_params.get("cursor", "")
    scope: Scope = "instrument" if instrument else "owned" if owned else "mine"
    query = BookingsQuery(scope=scope, instrument=instrument or None, cursor=cursor or None)
    me, found = await gather(api.call(reader, ME), api.call(reader, contract.BOOKINGS, query=query))
    decides = bool(DECIDERS & set(me.roles))
    waiting = await to_decide(reader, api) if decides and scope == "mine" and not cursor else []
    bookings, after = found.bookings, found.next
    kept = {"scope": scope} if owned else {"scope": scope, "instrument": instrument} if instrument else {}
    return page(
        request,
        "bookings.html",
        scope=scope,
        decides=decides,
        waiting=waiting,
        bookings=sorted(bookings, key=lambda one: one.status != "requested") if instrument else bookings,
        instrument=instrument,
        next_href=f"/bookings?{urlencode({**kept, 'cursor': after})}" if after else None,
    )


async def to_decide(reader: Reader, api: AsyncHubClient) -> list[Booking]:
    """Requests that the reader can still confirm, the one that starts first at the top."""
    requested = BookingsQuery(scope="owned", status=("requested",))
    found = (await api.call(reader, contract.BOOKINGS, query=requested)).bookings
    return sorted((one for one in found if "confirm" in one.actions), key=lambda one: one.start)
