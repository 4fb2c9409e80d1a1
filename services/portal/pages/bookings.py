"""Bookings: one's own, and those of an instrument for its owner."""

from asyncio import gather
from functools import partial
from typing import Literal
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.kernel.access import Role
from hub.web.client import AsyncHubClient, Reader
from schemas import rights
from schemas.http import booking as contract
from schemas.http.access import ME
from schemas.http.booking import Action, Booking, BookingsQuery, Decision
from services.portal.guard import Pages, form_of, local, segment
from services.portal.rendering import handed_on, page, reader_of

DECIDERS: frozenset[Role] = rights.DECIDERS | {"operator"}
Scope = Literal["mine", "owned", "instrument"]


async def booking(request: Request, api: AsyncHubClient) -> Response:
    found = await api.call(reader_of(request), contract.BOOKING, booking_id=request.path_params["booking_id"])
    return page(request, "booking.html", booking=found, made=request.query_params.get("made") == "1")


async def calendar(request: Request, api: AsyncHubClient) -> Response:
    return await handed_on(request, api, contract.CALENDAR)


async def act(request: Request, api: AsyncHubClient, action: Action) -> Response:
    sent = await form_of(request)
    # As it was typed: the API checks it, and says what is wrong in the reader's language.
    decision = Decision.model_construct(reason=sent.get("reason") or None)
    booking_id, back = request.path_params["booking_id"], sent.get("next")
    await api.call(reader_of(request), contract.ACTIONS[action], decision, booking_id=booking_id)
    return RedirectResponse(local(back) if back else f"/bookings/{segment(request, 'booking_id')}", 303)


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


PAGES: Pages = {
    "GET /bookings": list_page,
    "GET /bookings/{booking_id}": booking,
    "GET /bookings/{booking_id}/calendar.ics": calendar,
    **{f"POST /bookings/{{booking_id}}/{action}": partial(act, action=action) for action in contract.ACTIONS},
}
