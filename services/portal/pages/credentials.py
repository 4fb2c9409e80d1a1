"""What a reader comes in by: the devices that they are signed in on, and their tokens for programs."""

from asyncio import gather
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.web.client import ApiProblem, AsyncHubClient
from schemas.http.access import ME
from schemas.http.accounts import (
    END_OTHERS,
    END_SESSION,
    ISSUE_TOKEN,
    REVOKE_TOKEN,
    SESSIONS,
    TOKEN_DAYS,
    TOKENS,
    IssuedToken,
    NewToken,
)
from services.portal.core.devices import device_text
from services.portal.guard import Pages, form_of, ticked
from services.portal.pages.account import acting_for, own_account
from services.portal.pages.session import sign_out
from services.portal.rendering import page, reader_of

DEVICES, OWN_TOKENS = "/account/sessions", "/account/tokens"
ADMINISTER = "administer"
DAYS = (7, 30, 90, 180, TOKEN_DAYS)
MOST_TICKED = 5
"""Sources that a new token is offered for at once; of more its owner chooses."""


async def sessions(request: Request, api: AsyncHubClient) -> Response:
    """Where the reader is signed in; this device stands first."""
    kept = (await api.call(reader_of(request), SESSIONS)).sessions
    devices = [(session, device_text(session.device)) for session in kept]
    return page(request, "sessions.html", devices=sorted(devices, key=lambda pair: not pair[0].current))


async def ended(request: Request, api: AsyncHubClient) -> Response:
    await api.call(reader_of(request), END_SESSION, session_id=request.path_params["session_id"])
    return RedirectResponse(DEVICES, 303)


async def all_ended(request: Request, api: AsyncHubClient) -> Response:
    """Sign out everywhere else; `here`: on this device, too."""
    sent = await form_of(request)
    await api.call(reader_of(request), END_OTHERS)
    return await sign_out(request, api) if "here" in sent else RedirectResponse(DEVICES, 303)


async def tokens(request: Request, api: AsyncHubClient) -> Response:
    return await tokens_page(request, api, {})


async def tokens_page(
    request: Request,
    api: AsyncHubClient,
    sent: Mapping[str, str],
    problem: ApiProblem | None = None,
    issued: IssuedToken | None = None,
) -> Response:
    """The reader's tokens, the one just made with its text, and a form that is filled in as it was sent."""
    reader = reader_of(request)
    kept, me, account = await gather(api.call(reader, TOKENS), api.call(reader, ME), own_account(reader, api))
    acting = acting_for(account)
    manages = acting is not None and acting.administrator and acting.organisation.state != "suspended"
    return page(
        request,
        "tokens.html",
        problem.status if problem else 200,
        tokens=kept.tokens,
        issued=issued,
        account=account,
        organisations={own.organisation.id: own.organisation for own in account.organisations} if account else {},
        acting=acting,
        scopes=[*me.roles, *([ADMINISTER] if manages else [])],
        sources=me.sources,
        all_sources=len(me.sources) <= MOST_TICKED,
        days=DAYS,
        sent=sent,
        problems=problem.by_field if problem else {},
    )


async def issue(request: Request, api: AsyncHubClient) -> Response:
    """Make a token, and show it this once."""
    sent = await form_of(request)
    days = sent.get("days", "")
    body = NewToken.model_construct(
        name=sent.get("name", ""),
        scopes=tuple(ticked(sent, "scope")),
        sources=tuple(ticked(sent, "source")),
        days=int(days) if days.isdecimal() else days,  # type: ignore[arg-type] # the API tells what else it is
    )
    try:
        issued = await api.call(reader_of(request), ISSUE_TOKEN, body)
    except ApiProblem as problem:
        if problem.status not in (403, 409, 422):
            raise
        return await tokens_page(request, api, sent, problem)
    return await tokens_page(request, api, {}, issued=issued)


async def revoke(request: Request, api: AsyncHubClient) -> Response:
    await api.call(reader_of(request), REVOKE_TOKEN, token_id=request.path_params["token_id"])
    return RedirectResponse(OWN_TOKENS, 303)


PAGES: Pages = {
    f"GET {DEVICES}": sessions,
    f"POST {DEVICES}/end": all_ended,
    f"POST {DEVICES}/{{session_id}}/end": ended,
    f"GET {OWN_TOKENS}": tokens,
    f"POST {OWN_TOKENS}": issue,
    f"POST {OWN_TOKENS}/{{token_id}}/revoke": revoke,
}
