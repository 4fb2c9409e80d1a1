"""The reader's organisation: its state, its members and what they may do, and invitations to it."""

from asyncio import gather
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast, get_args
from urllib.parse import urlencode

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.kernel.access import Role
from hub.kernel.operation import Operation
from hub.web.client import ApiProblem, AsyncHubClient, Reader
from hub.web.safety import site_of
from schemas.http import organisations as contract
from schemas.http.access import ME
from schemas.rights import GIVEN_BY_ADMINISTRATORS
from services.portal.guard import Pages, form_of, ticked, unless_refused
from services.portal.pages.account import HOME as ACCOUNT_HOME
from services.portal.pages.account import acting_for, own_account
from services.portal.pages.session import INVITATION
from services.portal.rendering import page, reader_of

HOME, ITS = "/organisation", "/organisations/{organisation_id}"
INVITE, LEAVE = "invite", "leave"


async def home(request: Request, api: AsyncHubClient) -> Response:
    return await organisation_page(request, api)


async def organisation_page(
    request: Request,
    api: AsyncHubClient,
    at: str = "",
    problem: ApiProblem | None = None,
    *,
    sent: Mapping[str, str] | None = None,
    given: contract.GivenInvitation | None = None,
) -> Response:
    """`at`: the form that the problem is of, a member's by their account; `given`: an invitation just made.

    Its link is shown by the address that this reader has, whatever the API is called where it stands apart.
    """
    reader = reader_of(request)
    me, account = await gather(api.call(reader, ME), own_account(reader, api))
    own = acting_for(account)
    if own is None:
        return page(request, "organisation_none.html", here=HOME, account=account)
    after = contract.After(after=request.query_params.get("after", "")[:100])
    operator, identity = "operator" in me.roles, own.organisation.id
    administers = (own.administrator and own.organisation.state != "suspended") or operator
    members, invitations = await gather(
        api.call(reader, contract.MEMBERS, query=after, organisation_id=identity),
        invited(reader, api, identity, administers),
    )
    return page(
        request,
        "organisation.html",
        problem.status if problem else 200,
        here=HOME,
        own=own,
        organisation=own.organisation,
        account=me.account,
        members=members.members,
        next_href=f"{HOME}?{urlencode({'after': members.next})}" if members.next else "",
        administers=invitations is not None,
        invitations=[one for one in invitations or () if one.state == "open"],
        now=datetime.now(UTC).isoformat(),
        roles=get_args(Role) if operator else GIVEN_BY_ADMINISTRATORS,
        at=at,
        sent=sent or {},
        problems=problem.by_field if problem else {},
        given=given,
        link=f"{site_of(request)}{INVITATION}#{given.link.rpartition('#')[2]}" if given else "",
        joined="joined" in request.query_params,
    )


async def invited(
    reader: Reader, api: AsyncHubClient, organisation: str, administers: bool
) -> tuple[contract.InvitationView, ...] | None:
    """The invitations; None where the reader does not administer the organisation, or not by the token they hold."""
    if not administers:
        return None
    listed = await unless_refused(api.call(reader, contract.INVITATIONS, organisation_id=organisation))
    return listed.invitations if listed else None


async def changed(request: Request, api: AsyncHubClient) -> Response:
    """Give a member the roles that were ticked."""
    sent = await form_of(request)
    body = contract.MemberChange.model_construct(roles=roles_in(sent), administrator="administrator" in sent)
    return await done(request, api, contract.CHANGE_MEMBER, request.path_params["account_id"], body=body)


async def removed(request: Request, api: AsyncHubClient) -> Response:
    """Let a member go; who leaves has nothing more to see here."""
    leaving = LEAVE in await form_of(request)
    at = LEAVE if leaving else request.path_params["account_id"]
    return await done(request, api, contract.REMOVE_MEMBER, at, then=ACCOUNT_HOME if leaving else HOME)


async def invite(request: Request, api: AsyncHubClient) -> Response:
    """Invite somebody, and show the link, which is told this once."""
    sent = await form_of(request)
    body = contract.NewInvitation.model_construct(
        email=sent.get("email", ""), roles=roles_in(sent), administrator="administrator" in sent
    )
    reader, organisation = reader_of(request), request.path_params["organisation_id"]
    try:
        given = await api.call(reader, contract.INVITE, body, organisation_id=organisation)
    except ApiProblem as problem:
        if problem.status not in (422, 503):
            raise
        return await organisation_page(request, api, INVITE, problem, sent=sent)
    return await organisation_page(request, api, given=given)


async def withdrawn(request: Request, api: AsyncHubClient) -> Response:
    return await done(request, api, contract.REVOKE_INVITATION, "")


async def done(
    request: Request,
    api: AsyncHubClient,
    operation: Operation[Any],
    at: str,
    *,
    body: BaseModel | None = None,
    then: str = HOME,
) -> Response:
    """Do what the path names, and go on; where it is refused, the page tells so beside the form."""
    try:
        await api.call(reader_of(request), operation, body, **request.path_params)
    except ApiProblem as problem:
        if problem.status not in (409, 422):
            raise
        return await organisation_page(request, api, at, problem)
    return RedirectResponse(then, 303)


def roles_in(sent: Mapping[str, str]) -> tuple[Role, ...]:
    return cast(tuple[Role, ...], tuple(ticked(sent, "role")))  # the API tells which are none


PAGES: Pages = {
    f"GET {HOME}": home,
    f"POST {ITS}/members/{{account_id}}": changed,
    f"POST {ITS}/members/{{account_id}}/remove": removed,
    f"POST {ITS}/invitations": invite,
    f"POST {ITS}/invitations/{{invitation_id}}/withdraw": withdrawn,
}
