"""Registering a company in a minute, and the mailbox of a hub that has no mail server."""

from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.web.client import ApiProblem, AsyncHubClient
from hub.web.safety import is_local
from schemas.http.accounts import ACCOUNT, MAILS
from schemas.http.organisations import REGISTER, Registration
from services.portal.guard import Pages, form_of, local
from services.portal.rendering import page, reader_of

NAMES = {"name_zh": "name", "name_en": "name"}
"""Fields of the API that are one here."""


async def form(request: Request, api: AsyncHubClient) -> Response:
    return await registration_page(request, api, {"next": request.query_params.get("next", "")})


async def mailbox(request: Request, api: AsyncHubClient) -> Response:
    """The mail of a hub without a mail server, on the very machine alone: others do not learn that there is one."""
    if not is_local(request):
        raise HTTPException(404)
    kept = await api.call(reader_of(request), MAILS)
    return page(request, "mailbox.html", mails=kept.mails)


async def registration_page(
    request: Request, api: AsyncHubClient, sent: dict[str, str], refusal: ApiProblem | None = None
) -> Response:
    """Who the reader is and whom they work for, with what was sent and is to be mended."""
    account = await api.call(reader_of(request), ACCOUNT)
    return page(
        request,
        "register.html",
        refusal.status if refusal else 200,
        here=f"/register?{urlencode({'next': local(sent.get('next'))})}",
        account=account,
        next=local(sent.get("next")),
        person=sent.get("person", ""),
        name=sent.get("name", ""),
        credit_code=sent.get("credit_code", ""),
        problems={NAMES.get(name, name): words for name, words in refusal.by_field.items()} if refusal else {},
    )


async def register(request: Request, api: AsyncHubClient) -> Response:
    """Register, and go back to where the reader was, such as a slot that they had chosen."""
    sent = await form_of(request)
    reader = reader_of(request)
    name = sent.get("name", "")
    body = Registration.model_construct(
        person=sent.get("person", ""),
        name_zh=name if reader.language == "zh" else "",
        name_en=name if reader.language == "en" else "",
        credit_code=sent.get("credit_code", ""),
    )
    try:
        await api.call(reader, REGISTER, body)
    except ApiProblem as problem:
        if problem.status == 401:
            return RedirectResponse(f"/sign-in?{urlencode({'next': local(sent.get('next'))})}", 303)
        if problem.status not in (409, 422):
            raise
        return await registration_page(request, api, sent, problem)
    return RedirectResponse(local(sent.get("next")), 303)


PAGES: Pages = {"GET /register": form, "POST /register": register, "GET /mailbox": mailbox}
