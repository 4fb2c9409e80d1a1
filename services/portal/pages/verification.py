"""For operators and agencies: organisations to verify, by what they were verified, and suspending them."""

from collections.abc import Mapping
from typing import Any, get_args
from urllib.parse import urlencode

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.kernel.access import Role
from hub.kernel.operation import Operation
from hub.web.client import ApiProblem, AsyncHubClient
from schemas.http import organisations as contract
from services.portal.guard import Pages, form_of
from services.portal.rendering import page, reader_of

VERIFIERS: frozenset[Role] = frozenset({"agency", "operator"})
HOME = "/verifications"
STATES = get_args(contract.State)


async def queue(request: Request, api: AsyncHubClient) -> Response:
    return await queue_page(request, api, request.query_params)


async def queue_page(
    request: Request, api: AsyncHubClient, given: Mapping[str, str], problem: ApiProblem | None = None
) -> Response:
    """Organisations of one state; with a problem, the form that it is of stands open as it was sent."""
    state, after = given.get("state") or STATES[0], given.get("after", "")
    query = contract.QueueQuery.model_construct(state=state, after=after)  # type: ignore[arg-type]
    listed = await api.call(reader_of(request), contract.VERIFICATIONS, query=query)
    return page(
        request,
        "verifications.html",
        problem.status if problem else 200,
        here=f"{HOME}?{urlencode({'state': state, 'after': after})}",
        organisations=listed.organisations,
        states=STATES,
        state=state,
        after=after,
        next_href=f"{HOME}?{urlencode({'state': state, 'after': listed.next})}" if listed.next else "",
        at=request.path_params.get("organisation_id", ""),
        sent=given,
        problems=problem.by_field if problem else {},
        done=given.get("done", "") if given.get("done") in STATES else "",
    )


async def verified(request: Request, api: AsyncHubClient) -> Response:
    sent = await form_of(request)
    body = contract.Verification.model_construct(
        **{name: sent.get(name, "") for name in contract.Verification.model_fields}  # type: ignore[arg-type]
    )
    return await decided(request, api, sent, contract.VERIFY, body)


async def suspended(request: Request, api: AsyncHubClient) -> Response:
    sent = await form_of(request)
    body = contract.Suspension.model_construct(reason=sent.get("reason", ""))
    return await decided(request, api, sent, contract.SUSPEND, body)


async def decided(
    request: Request, api: AsyncHubClient, sent: Mapping[str, str], operation: Operation[Any], body: BaseModel
) -> Response:
    """Decide about the organisation of the path, and return to the list that it stood in."""
    try:
        made = await api.call(
            reader_of(request), operation, body, organisation_id=request.path_params["organisation_id"]
        )
    except ApiProblem as problem:
        if problem.status not in (409, 422):
            raise
        return await queue_page(request, api, sent, problem)
    back = {"state": sent.get("state", ""), "after": sent.get("after", ""), "done": made.state}
    return RedirectResponse(f"{HOME}?{urlencode({name: value for name, value in back.items() if value})}", 303)


PAGES: Pages = {
    f"GET {HOME}": queue,
    f"POST {HOME}/{{organisation_id}}/verify": verified,
    f"POST {HOME}/{{organisation_id}}/suspend": suspended,
}
