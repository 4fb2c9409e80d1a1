"""Claims on records: both sides beside each other, and what is decided about them."""

from asyncio import gather
from collections.abc import Mapping
from typing import cast
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.kernel.access import Role
from hub.kernel.contributions import ClaimDecision
from hub.web.client import AsyncHubClient, Reader
from schemas.http import claims as contract
from schemas.http.access import ME
from services.portal.guard import FORM_FIELDS, Pages, form_of, local
from services.portal.pages.stewarding import STEWARDS
from services.portal.rendering import page, reader_of

HOME = "/steward/claims"
CONCERNED: frozenset[Role] = STEWARDS | {"manager", "approver", "submitter"}
"""The roles to whom claims are shown."""
OVERSEERS: frozenset[Role] = frozenset({"agency", "operator"})
PAGE = 20
REQUESTS = 4
"""For all claims of one organisation at once: AT_ONCE are decided by each."""
FILTERS = ("state", "claimant", "unheld", "after")
DONE = ("done", "decision", "decided", "left", "more")
"""What the page is told of the decisions just made."""


async def claims_page(request: Request, api: AsyncHubClient) -> Response:
    """At most PAGE claims; those just decided wait for curation, and are left out."""
    reader, chosen = reader_of(request), _chosen(request)
    query = [*chosen.items(), ("limit", str(PAGE))]
    me, claims = await gather(api.call(reader, ME), api.call(reader, contract.CLAIMS, query=query))
    roles = set(me.roles)
    following = urlencode(chosen | {"after": claims.next}) if claims.next else ""
    done = {name: request.query_params.get(name, "") for name in DONE}
    return page(
        request,
        "steward_claims.html",
        claims=[claim for claim in claims.claims if claim.id != done["done"]],
        chosen={name: chosen.get(name, "") for name in FILTERS},
        own=me.organisation,
        steward=bool(roles & STEWARDS),
        oversees=bool(roles & OVERSEERS),
        done=done,
        ticked="ticked" in request.query_params,
        next_href=f"{HOME}?{following}" if following else None,
    )


async def decided(request: Request, api: AsyncHubClient) -> Response:
    """Accept or refuse one claim."""
    sent, claim = await form_of(request), str(request.path_params["claim_id"])
    # As it was sent: the API checks it, and says what is wrong in the reader's language.
    decision = cast(ClaimDecision, sent.get("decision", ""))
    body = contract.NewClaimDecision.model_construct(decision=decision, reason=sent.get("reason", ""))
    await api.call(reader_of(request), contract.DECIDE_CLAIM, body, claim_id=claim)
    return _back(sent.get("next", ""), {"done": claim, "decision": decision})


async def decided_many(request: Request, api: AsyncHubClient) -> Response:
    """Accept the claims that were ticked, or all of one organisation, as far as REQUESTS reach."""
    async with request.form(max_files=0, max_fields=PAGE + FORM_FIELDS) as form:
        ticked = tuple(map(str, form.getlist("claim")))
        claimant, target = str(form.get("claimant", "")), str(form.get("next", ""))
    outcomes, more = await _accepted(reader_of(request), api, ticked, claimant)
    taken = sum(1 for outcome in outcomes if outcome.decided)
    told = {"decided": str(taken), "left": str(len(outcomes) - taken)} | ({"more": "1"} if more else {})
    return _back(target, told)


async def _accepted(
    reader: Reader, api: AsyncHubClient, ticked: tuple[str, ...], claimant: str
) -> tuple[list[contract.DecidedClaim], bool]:
    """What became of each, and whether there are more of the claimant's."""
    outcomes: list[contract.DecidedClaim] = []
    after = ""
    for _ in range(REQUESTS):
        body = contract.NewClaimDecisions.model_construct(
            decision="accepted", claims=() if claimant else ticked, claimant=claimant, after=after
        )
        answer = await api.call(reader, contract.DECIDE_CLAIMS, body)
        outcomes += answer.claims
        if not answer.next:
            return outcomes, False
        after = answer.next
    return outcomes, True


def _chosen(request: Request) -> dict[str, str]:
    """Which claims are looked at, as the API names it."""
    return {name: value for name in FILTERS if (value := request.query_params.get(name, ""))}


def _back(target: str, told: Mapping[str, str]) -> Response:
    """The page that the decision was made on, told of it."""
    address = local(target) if target else HOME
    path, _, query = address.partition("?")
    kept = [pair for pair in query.split("&") if pair and pair.partition("=")[0] not in {*DONE, "ticked"}]
    return RedirectResponse(f"{path}?{'&'.join([*kept, urlencode(told)])}", 303)


PAGES: Pages = {
    f"GET {HOME}": claims_page,
    f"POST {HOME}": decided_many,
    f"POST {HOME}/{{claim_id}}": decided,
}
