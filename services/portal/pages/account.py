"""What the signed-in reader can do here, and signing out."""

from asyncio import gather

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.web.client import ApiProblem, AsyncHubClient
from schemas import rights
from schemas.http.access import ME
from schemas.http.catalog import SAVED_SEARCHES
from services.portal.guard import Pages
from services.portal.pages.bookings import DECIDERS, to_decide
from services.portal.pages.claims import CONCERNED
from services.portal.pages.imports import MAY_SUBMIT
from services.portal.pages.stewarding import STEWARDS
from services.portal.rendering import page, reader_of


async def account_page(request: Request, api: AsyncHubClient) -> Response:
    reader = reader_of(request)
    me = await api.call(reader, ME)
    roles = set(me.roles)
    if not me.account:
        raise ApiProblem(401)
    if not me.organisation:  # they have declined, left, or not registered yet
        return RedirectResponse("/register", 303)
    if not roles:
        raise ApiProblem(403)
    decides = bool(roles & DECIDERS)

    async def waiting() -> int:
        if not decides:
            return 0
        return len(await to_decide(reader, api))

    saved, to_confirm = await gather(api.call(reader, SAVED_SEARCHES), waiting())
    return page(
        request,
        "account.html",
        me=me,
        to_confirm=to_confirm,
        saved=len(saved.searches),
        decides=decides,
        submits=bool(roles & MAY_SUBMIT),
        steward=bool(roles & STEWARDS),
        claims=bool(roles & CONCERNED),
        names_managers=bool(roles & rights.NAMERS),
    )


PAGES: Pages = {"GET /account": account_page}
