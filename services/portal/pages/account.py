"""What the signed-in reader can do here, and signing out."""

from asyncio import gather

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.portal.client import ApiProblem, HubApi
from services.portal.guard import add_page
from services.portal.pages.bookings import DECIDERS
from services.portal.pages.imports import MAY_SUBMIT
from services.portal.pages.stewarding import STEWARDS
from services.portal.rendering import page, reader_of


def add(router: APIRouter, api: HubApi) -> None:
    async def account(request: Request) -> Response:
        return await account_page(request, api)

    add_page(router, "/account", account)


async def account_page(request: Request, api: HubApi) -> Response:
    reader = reader_of(request)
    me = await api.get(reader, "/me")
    roles = set(me["roles"])
    if not roles:
        raise ApiProblem(401, {})
    decides = bool(roles & DECIDERS)

    async def waiting() -> int:
        if not decides:
            return 0
        found = await api.get(reader, "/bookings", [("scope", "owned"), ("status", "requested")])
        return sum("confirm" in one["actions"] for one in found["bookings"])

    saved, to_confirm = await gather(api.get(reader, "/saved-searches"), waiting())
    return page(
        request,
        "account.html",
        me=me,
        to_confirm=to_confirm,
        saved=len(saved["searches"]),
        decides=decides,
        submits=bool(roles & MAY_SUBMIT),
        steward=bool(roles & STEWARDS),
    )
