"""Joining an organisation by a link.

The link's credential stands after `#`, which browsers send to no server: the page's script puts it into a form. From
there on a cookie keeps it, so that it is in no address and outlives signing in.
"""

from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.web.client import ApiProblem, AsyncHubClient, Reader, is_plain
from hub.web.safety import is_https
from schemas.http import organisations as contract
from schemas.http.accounts import ACT_FOR, CHANGE_ACCOUNT, AccountChange, Acting
from services.portal.guard import Pages, form_of
from services.portal.pages.account import own_account
from services.portal.pages.organisation import HOME as ORGANISATION
from services.portal.pages.session import INVITATION as HOME
from services.portal.rendering import page, reader_of

COOKIE = "hub_invitation"
KEPT_FOR = 60 * 60
LONGEST = 200
GONE = (404, 422)
SIGN_IN = f"/sign-in?{urlencode({'next': HOME})}"


async def opened(request: Request, api: AsyncHubClient) -> Response:
    return await invitation_page(request, api, request.cookies.get(COOKIE, "")[:LONGEST])


async def sent_link(request: Request, api: AsyncHubClient) -> Response:
    """Keep the credential, be it sent alone or with the link that it ends."""
    credential = (await form_of(request)).get("invitation", "").strip().rpartition("#")[2]
    response = RedirectResponse(HOME, 303)
    if is_plain(credential) and len(credential) <= LONGEST:
        response.set_cookie(
            COOKIE, credential, KEPT_FOR, path=HOME, secure=is_https(request), httponly=True, samesite="lax"
        )
    return response


async def invitation_page(
    request: Request,
    api: AsyncHubClient,
    credential: str,
    sent: Mapping[str, str] | None = None,
    problem: ApiProblem | None = None,
) -> Response:
    """Who invites to what; without a credential, a field for the link."""
    reader = reader_of(request)
    if not credential:
        return page(request, "invitation_link.html", gone=False)
    try:
        offered = await api.call(reader, contract.LOOK_AT_INVITATION, contract.InvitationLink(invitation=credential))
    except ApiProblem as refusal:
        if refusal.status not in GONE:
            raise
        return without(request, page(request, "invitation_link.html", refusal.status, here=HOME, gone=True))
    account = await own_account(reader, api) if reader.token else None
    return page(
        request,
        "invitation.html",
        problem.status if problem else 200,
        here=HOME,
        offered=offered,
        organisation=offered.organisation,
        account=account,
        own=bool(account) and (not offered.email or offered.email in account.emails),  # type: ignore[union-attr]
        invitation=credential,
        sign_in=SIGN_IN,
        name=(sent or {}).get("name") or (account.name if account else ""),
        problems=problem.by_field if problem else {},
    )


async def answered(request: Request, api: AsyncHubClient) -> Response:
    """Join and act for the organisation from now on, or decline."""
    sent, reader = await form_of(request), reader_of(request)
    credential, accept = sent.get("invitation", "")[:LONGEST], sent.get("answer") == "accept"
    try:
        body = contract.InvitationAnswer(invitation=credential, accept=accept)
        organisation = await api.call(reader, contract.ANSWER_INVITATION, body)
    except ApiProblem as problem:
        if problem.status == 401:
            return RedirectResponse(SIGN_IN, 303)
        if problem.status not in (403, *GONE):
            raise
        return await invitation_page(request, api, credential, sent, problem)
    if not accept:
        return without(request, page(request, "invitation_declined.html", here=HOME, organisation=organisation))
    await settle_in(reader, api, organisation.id, sent.get("name", ""))
    return without(request, RedirectResponse(f"{ORGANISATION}?joined=1", 303))


async def settle_in(reader: Reader, api: AsyncHubClient, organisation: str, name: str) -> None:
    """Act for the organisation, under the name that was given."""
    if name.strip():
        await api.call(reader, CHANGE_ACCOUNT, AccountChange.model_construct(name=name))
    await api.call(reader, ACT_FOR, Acting(organisation=organisation))


def without(request: Request, response: Response) -> Response:
    """Have the browser drop an invitation that is of no more use."""
    response.delete_cookie(COOKIE, path=HOME, secure=is_https(request), httponly=True, samesite="lax")
    return response


PAGES: Pages = {f"GET {HOME}": opened, f"POST {HOME}": sent_link, f"POST {HOME}/answer": answered}
