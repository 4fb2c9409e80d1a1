"""For data stewards: fields on which sources disagree, and records that may be one thing."""

from asyncio import gather
from collections.abc import Mapping, Sequence
from typing import cast
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.kernel.access import Role
from hub.kernel.contributions import SameAsDecision
from hub.web.client import AsyncHubClient
from schemas.http import curation as contract
from schemas.http.catalog import KINDS
from services.portal.guard import Pages, form_of, local
from services.portal.rendering import page, reader_of

STEWARDS: frozenset[Role] = frozenset({"steward", "agency", "operator"})
PAGE = 10
HOME, PAIRS = "/steward", "/steward/duplicates"


async def conflicts_page(request: Request, api: AsyncHubClient) -> Response:
    """Records with conflicts, at most PAGE of them, each value beside the button that chooses it."""
    reader = reader_of(request)
    kind, after = (request.query_params.get(name, "") for name in ("kind", "after"))
    query = contract.ConflictsQuery(kind=kind or None, after=after, limit=PAGE)
    kinds, conflicts = await gather(api.call(reader, KINDS), api.call(reader, contract.CONFLICTS, query=query))
    return page(
        request,
        "steward_conflicts.html",
        kinds=kinds.kinds,
        kind=kind,
        records=conflicts.conflicts,
        done=done(request, ("record", "field")),
        next_href=f"{HOME}?{urlencode({**({'kind': kind} if kind else {}), 'after': conflicts.next})}"
        if conflicts.next
        else None,
    )


async def duplicates_page(request: Request, api: AsyncHubClient) -> Response:
    reader = reader_of(request)
    after = request.query_params.get("after", "")
    duplicates = await api.call(reader, contract.DUPLICATES, query=contract.DuplicatesQuery(after=after, limit=PAGE))
    return page(
        request,
        "steward_duplicates.html",
        pairs=duplicates.duplicates,
        done=done(request, ("left", "right", "decision")),
        next_href=f"{PAIRS}?{urlencode({'after': duplicates.next})}" if duplicates.next else None,
    )


async def preferred(request: Request, api: AsyncHubClient) -> Response:
    """Believe the source that was chosen; without one, undo what was chosen before."""
    sent = await form_of(request)
    source, number = sent.get("source") or None, sent.get("source_record_id") or None
    record = str(request.path_params["record_id"])
    # As it was sent: the API checks it, and says what is wrong in the reader's language.
    body = contract.NewPreference.model_construct(field=sent.get("field", ""), source=source, source_record_id=number)
    await api.call(reader_of(request), contract.PREFER, body, record_id=record)
    told = {"record": record, "field": sent.get("field", "")} if source else {}
    return RedirectResponse(back_to(sent.get("next", ""), HOME, told), 303)


async def paired(request: Request, api: AsyncHubClient) -> Response:
    """Join two records, keep them apart, or undo either."""
    sent = await form_of(request)
    pair = {name: sent.get(name, "") for name in ("left", "right", "decision")}
    decision = cast(SameAsDecision, pair["decision"])  # the API tells what else it is
    body = contract.NewSameAs.model_construct(left=pair["left"], right=pair["right"], decision=decision)
    await api.call(reader_of(request), contract.SAME_AS, body)
    told = {} if decision == "undone" else pair
    return RedirectResponse(back_to(sent.get("next", ""), PAIRS, told), 303)


def done(request: Request, names: Sequence[str]) -> Mapping[str, str] | None:
    """The decision just made, which can be undone at once."""
    told = {name: request.query_params.get(name, "") for name in names}
    return told if all(told.values()) else None


def back_to(target: str, default: str, told: Mapping[str, str]) -> str:
    """The page that a decision was made on, told of it; the queue where it was made there."""
    if target:
        return local(target)
    return f"{default}?{urlencode(told)}" if told else default


PAGES: Pages = {
    f"GET {HOME}": conflicts_page,
    f"GET {PAIRS}": duplicates_page,
    "POST /steward/records/{record_id}/preference": preferred,
    "POST /steward/same-as": paired,
}
