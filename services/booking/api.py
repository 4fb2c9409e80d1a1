"""The booking desk over HTTP: availability for everybody, bookings for those who are signed in."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Header, Query
from fastapi.responses import Response

from hub.kernel.problems import refusal
from hub.text.language import Language
from hub.web.callers import Caller, ReaderLanguage, json_body
from hub.web.problems import problem_response
from hub.web.routes import answered, serve
from schemas.http import booking as contract
from schemas.http.booking import Action
from services.booking.core import requests
from services.booking.core.calendar import calendar_of
from services.booking.core.views import Seen, availability_view, booking_view, span_views
from services.booking.managers import Managers, Named
from services.booking.ports import Position
from services.booking.service import BookingDesk, Taken

Text = Annotated[str | None, Query()]


Body = Annotated[Any, Depends(json_body)]


def router(desk: BookingDesk, managers: Managers) -> APIRouter:
    """Every path of the booking API."""
    api = APIRouter()
    _add_booking(api, desk)
    _add_reading(api, desk)
    _add_managers(api, managers)
    for action in contract.ACTIONS:
        _add_action(api, desk, action)
    return api


def _add_booking(api: APIRouter, desk: BookingDesk) -> None:
    @serve(api, contract.AVAILABILITY)
    def availability(
        instrument_id: str,
        language: ReaderLanguage,
        first: Annotated[str | None, Query(alias="from")] = None,
        days: Text = None,
    ) -> Response:
        return answered(availability_view(desk.availability(instrument_id, first, days), language))

    @serve(api, contract.BOOK)
    def book(
        body: Body,
        caller: Caller,
        language: ReaderLanguage,
        idempotency_key: Annotated[str | None, Header()] = None,
    ) -> Response:
        try:
            seen, replayed = desk.book(requests.read_ask(body), caller, requests.read_key(idempotency_key))
        except Taken as taken:
            return _taken(taken, language)
        headers = {"Location": f"/api/v1/bookings/{seen.booking.id}", "Idempotency-Replayed": str(replayed).lower()}
        return answered(booking_view(seen, language), 201, headers)


def _add_reading(api: APIRouter, desk: BookingDesk) -> None:
    @serve(api, contract.BOOKINGS)
    def bookings(
        caller: Caller,
        language: ReaderLanguage,
        *,
        scope: Text = "mine",
        instrument: Text = None,
        status: Annotated[list[str] | None, Query()] = None,
        limit: Text = None,
        cursor: Text = None,
    ) -> Response:
        most, before = requests.read_limit(limit), requests.read_cursor(cursor)
        if scope == "mine" and not instrument:
            return _page(desk.mine(caller, most, before), most, language)
        if scope == "owned" and not instrument:
            return _booking_page(*desk.owned(requests.read_statuses(status), caller, most, before), language)
        if scope == "instrument" and instrument:
            return _page(desk.of_instrument(instrument, caller, most, before), most, language)
        raise refusal("bad-scope", "booking.bad-scope", scope, "scope", 400)

    @serve(api, contract.BOOKING)
    def booking(booking_id: str, caller: Caller, language: ReaderLanguage) -> Response:
        return answered(booking_view(desk.get(booking_id, caller), language))

    @serve(api, contract.CALENDAR)
    def calendar(booking_id: str, caller: Caller, language: ReaderLanguage) -> Response:
        seen = desk.get(booking_id, caller)
        name = f'attachment; filename="{seen.booking.id}.ics"'
        return Response(
            calendar_of(seen, language),
            media_type="text/calendar; charset=utf-8",
            headers={"Content-Disposition": name},
        )


def _add_action(api: APIRouter, desk: BookingDesk, action: Action) -> None:
    @serve(api, contract.ACTIONS[action])
    def act(booking_id: str, body: Body, caller: Caller, language: ReaderLanguage) -> Response:
        seen = desk.act(action, booking_id, requests.read_reason(body), caller)
        return answered(booking_view(seen, language))


def _add_managers(api: APIRouter, managers: Managers) -> None:
    @serve(api, contract.MANAGERS)
    def named(instrument_id: str, caller: Caller) -> Response:
        return answered(_managers(managers.of(instrument_id, caller)))

    @serve(api, contract.NAME_MANAGERS)
    def name(instrument_id: str, body: Body, caller: Caller) -> Response:
        return answered(_managers(managers.name(instrument_id, requests.read_accounts(body), caller)))


def _managers(named: Named) -> contract.Managers:
    return contract.Managers(
        instrument=named.instrument,
        holder=named.holder,
        accounts=tuple(sorted(named.accounts)),
        everywhere=tuple(sorted(named.everywhere)),
    )


def _page(found: list[Seen], most: int, language: Language) -> Response:
    last = found[-1].booking if len(found) == most else None
    return _booking_page(found, (last.start, last.id) if last else None, language)


def _booking_page(found: list[Seen], after: Position | None, language: Language) -> Response:
    bookings = tuple(booking_view(seen, language) for seen in found)
    return answered(contract.BookingPage(bookings=bookings, next=requests.cursor_after(after) if after else None))


def _taken(taken: Taken, language: Language) -> Response:
    """The problem, and the free times once more for programs (an extension member of RFC 9457)."""
    details = orjson.loads(problem_response(taken.problems, taken.status, language).body)
    told = contract.BookingProblem(**details, free=span_views(taken.free, taken.zone))
    return answered(told, taken.status, {"Content-Language": language}, "application/problem+json")
