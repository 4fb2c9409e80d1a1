"""The audit trail, for whom it concerns: filtered, page by page, and as a file."""

from asyncio import gather
from datetime import datetime
from typing import get_args
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from hub.kernel.access import Role
from hub.kernel.contributions import kind_of
from hub.ports.audit import Action, Outcome
from hub.text.language import Language
from hub.text.messages import sentence
from hub.web.client import AsyncHubClient
from schemas.http import audit as contract
from schemas.http.access import ME
from schemas.kind import kinds
from services.portal.core.times import moment_text
from services.portal.guard import Pages
from services.portal.rendering import handed_on, page, reader_of, zone_of

HOME = "/audit"
AUDITORS: frozenset[Role] = frozenset({"auditor", "operator"})
FILTERS = ("from", "to", "action", "outcome", "account", "organisation", "subject")
PAGE = 50


async def audit_page(request: Request, api: AsyncHubClient) -> Response:
    reader, chosen = reader_of(request), _chosen(request)
    before = request.query_params.get("before", "")
    query = [*chosen.items(), ("limit", str(PAGE)), *([("before", before)] if before else [])]
    me, trail, chain = await gather(
        api.call(reader, ME),
        api.call(reader, contract.AUDIT, query=query),
        api.call(reader, contract.AUDIT_CHAIN),
    )
    zone = zone_of(request)

    def clock(at: str) -> str:
        return moment_text(datetime.fromisoformat(at).astimezone(zone), reader.language)

    return page(
        request,
        "audit.html",
        entries=trail.entries,
        chain=chain,
        clock=clock,
        zone=zone.key,
        auditor=bool(AUDITORS & set(me.roles)),
        chosen={name: chosen.get(name, "") for name in FILTERS},
        filtered=bool(chosen),
        actions=words(reader.language),
        outcomes=[(code, sentence(f"privacy.outcome.{code}", reader.language)) for code in get_args(Outcome)],
        is_record=lambda subject: kind_of(subject) in kinds(),
        only=lambda name, value: f"{HOME}?{urlencode({**chosen, name: value})}",
        export=lambda form: f"{HOME}/export?{urlencode({**chosen, 'format': form})}",
        next_href=f"{HOME}?{urlencode({**chosen, 'before': trail.next})}" if trail.next else None,
    )


async def exported(request: Request, api: AsyncHubClient) -> Response:
    form = request.query_params.get("format", "csv")
    return await handed_on(request, api, contract.AUDIT_LINES, [*_chosen(request).items(), ("format", form)])


def words(language: Language) -> list[tuple[str, str]]:
    """Every action that is noted, by its code and its words."""
    return [(code, sentence(f"privacy.action.{code}", language)) for code in get_args(Action)]


def _chosen(request: Request) -> dict[str, str]:
    """The filters that say something."""
    return {name: value for name in FILTERS if (value := request.query_params.get(name, "").strip())}


PAGES: Pages = {f"GET {HOME}": audit_page, f"GET {HOME}/export": exported}
