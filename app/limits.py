"""The limits of every operation and page of the hub, in one table; hub.web.connections has those of connections.

Bodies, senders and rates are held by hub.web.limits, pages by the contracts that this table reads them from. Of rows
and texts in what is submitted see HUB_MAX_ROW_BYTES and HUB_MAX_FIELD_CHARS.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import get_args

from fastapi import FastAPI

from hub.kernel.access import Role
from hub.runtime.settings import Settings
from hub.web.characters import CleanText
from hub.web.failures import Failures
from hub.web.limits import DEFAULT, KIB, MIB, Limited, RouteLimits
from hub.web.safety import Hosts, Safe
from schemas.http import OPERATIONS, audit, booking, catalog, curation, ingest, organisations
from services.catalog.ports import SEARCHES_LIMIT
from services.catalog.related import REFERRING_LIMIT
from services.usage.core.requests import MONTHS_LIMIT

ANYBODY_SIGNED_IN: frozenset[Role] = frozenset(get_args(Role))
SUBMITTERS: frozenset[Role] = frozenset({"submitter", "operator"})
STEWARDS: frozenset[Role] = frozenset({"steward", "agency", "operator"})
OVERSEERS: frozenset[Role] = frozenset({"agency", "operator"})
OPERATORS: frozenset[Role] = frozenset({"operator"})
FORM_OVERHEAD = 64 * KIB

SIGNING_IN = RouteLimits(json=True)
OWN = RouteLimits(json=True, account=True)
"""Of what people send before they have a role, or to get one: the service itself tells who may."""
JSON = RouteLimits(json=True, roles=ANYBODY_SIGNED_IN, at_once=64)
DECISION = RouteLimits(json=True, roles=STEWARDS)
FORM = RouteLimits(body=64 * KIB)
UPLOAD = RouteLimits(body=256 * MIB, at_once=8)

WRITING: Mapping[str, RouteLimits] = {
    "POST /api/v1/sign-in/codes": SIGNING_IN,
    "POST /api/v1/sessions": SIGNING_IN,
    "DELETE /api/v1/sessions/{session_id}": DEFAULT,
    "DELETE /api/v1/sessions": DEFAULT,
    "POST /api/v1/sessions/current/organisation": OWN,
    "POST /api/v1/account": OWN,
    "POST /api/v1/account/erasure": OWN,
    "POST /api/v1/tokens": OWN,
    "DELETE /api/v1/tokens/{token_id}": DEFAULT,
    "POST /api/v1/organisations": OWN,
    "POST /api/v1/organisations/{organisation_id}/members/{account_id}": OWN,
    "DELETE /api/v1/organisations/{organisation_id}/members/{account_id}": DEFAULT,
    "POST /api/v1/organisations/{organisation_id}/invitations": OWN,
    "DELETE /api/v1/organisations/{organisation_id}/invitations/{invitation_id}": DEFAULT,
    "POST /api/v1/invitations/look": SIGNING_IN,
    "POST /api/v1/invitations/answer": OWN,
    "POST /api/v1/organisations/{organisation_id}/verify": OWN,
    "POST /api/v1/organisations/{organisation_id}/suspend": OWN,
    "POST /api/v1/submissions/{kind}": replace(UPLOAD, roles=SUBMITTERS),
    "POST /api/v1/instruments/{instrument_id}/telemetry": replace(JSON, body=MIB),
    "POST /api/v1/instruments/{instrument_id}/managers": JSON,
    "POST /api/v1/bookings": JSON,
    "POST /api/v1/bookings/{booking_id}/confirm": JSON,
    "POST /api/v1/bookings/{booking_id}/decline": JSON,
    "POST /api/v1/bookings/{booking_id}/cancel": JSON,
    "POST /api/v1/saved-searches": JSON,
    "DELETE /api/v1/saved-searches/{search_id}": DEFAULT,
    "POST /api/v1/records/{record_id}/preferences": DECISION,
    "POST /api/v1/same-as": DECISION,
    "POST /api/v1/claims/{claim_id}/decision": JSON,
    "POST /api/v1/claims/decisions": replace(JSON, roles=OVERSEERS),
    "POST /api/v1/people/{person_id}/erasure": replace(JSON, roles=OPERATORS),
    "POST /api/v1/people/{person_id}/consents": replace(JSON, roles=OPERATORS),
    "POST /import": replace(UPLOAD, body=UPLOAD.body + FORM_OVERHEAD),  # the page asks who it is
    "POST /records/{record_id}/book": FORM,
    "POST /bookings/{booking_id}/confirm": FORM,
    "POST /bookings/{booking_id}/decline": FORM,
    "POST /bookings/{booking_id}/cancel": FORM,
    "POST /saved": FORM,
    "POST /saved/{search_id}/forget": FORM,
    "POST /steward/records/{record_id}/preference": FORM,
    "POST /steward/same-as": FORM,
    "POST /steward/claims": FORM,
    "POST /steward/claims/{claim_id}": FORM,
    "POST /instruments/{instrument_id}/managers": FORM,
    "POST /sign-in": FORM,
    "POST /sign-in/code": FORM,
    "POST /register": FORM,
    "POST /sign-out": FORM,
    "POST /account": FORM,
    "POST /account/data/erase": FORM,
    "POST /account/organisation": FORM,
    "POST /account/sessions/end": FORM,
    "POST /account/sessions/{session_id}/end": FORM,
    "POST /account/tokens": FORM,
    "POST /account/tokens/{token_id}/revoke": FORM,
    "POST /organisations/{organisation_id}/members/{account_id}": FORM,
    "POST /organisations/{organisation_id}/members/{account_id}/remove": FORM,
    "POST /organisations/{organisation_id}/invitations": FORM,
    "POST /organisations/{organisation_id}/invitations/{invitation_id}/withdraw": FORM,
    "POST /invitation": FORM,
    "POST /invitation/answer": FORM,
    "POST /verifications/{organisation_id}/verify": FORM,
    "POST /verifications/{organisation_id}/suspend": FORM,
}
LISTING: Mapping[str, RouteLimits] = {
    "GET /api/v1/search": RouteLimits(page=catalog.PAGE_LIMIT),
    "GET /api/v1/suggest": RouteLimits(page=catalog.SUGGESTIONS_LIMIT),
    "GET /api/v1/records/{record_id}/related": RouteLimits(page=REFERRING_LIMIT),
    "GET /api/v1/saved-searches": RouteLimits(page=SEARCHES_LIMIT),
    "GET /api/v1/saved-searches/{search_id}/results": RouteLimits(page=catalog.PAGE_LIMIT),
    "GET /api/v1/organisations/{organisation_id}/members": RouteLimits(page=organisations.PAGE_LIMIT),
    "GET /api/v1/verifications": RouteLimits(page=organisations.PAGE_LIMIT),
    "GET /api/v1/bookings": RouteLimits(page=booking.PAGE_LIMIT),
    "GET /api/v1/receipts": RouteLimits(page=ingest.RECEIPTS_LIMIT),
    "GET /api/v1/receipts/{receipt_id}/rows": RouteLimits(page=ingest.ROWS_LIMIT),
    "GET /api/v1/conflicts": RouteLimits(page=curation.PAGE_LIMIT),
    "GET /api/v1/duplicates": RouteLimits(page=curation.PAGE_LIMIT),
    "GET /api/v1/claims": RouteLimits(page=curation.PAGE_LIMIT),
    "GET /api/v1/audit": RouteLimits(page=audit.PAGE_LIMIT),
    "GET /api/v1/usage": RouteLimits(page=MONTHS_LIMIT),
}
PAGES = (
    "/ /suggest /records/{record_id} /records/{record_id}/book /bookings /bookings/{booking_id} "
    "/bookings/{booking_id}/calendar.ics /saved /saved/new /import /import/receipts/{receipt_id} "
    "/import/receipts/{receipt_id}/refused.{form} /import/templates/{kind}.{form} /steward /steward/duplicates "
    "/steward/claims /instruments/{instrument_id}/managers /audit /audit/export "
    "/account /sign-in /register /mailbox "
    "/signed-out /language /manifest.webmanifest /sign-in/oidc /sign-in/callback /sign-out/oidc "
    "/account/data /account/data/export /account/sessions /account/tokens /organisation /invitation /verifications "
    "/static/{digest}/{name:path} /api/v1/openapi.json /metrics /healthz /readyz"
)
"""What is only read, beside operations: the default."""


def limits_of_routes(upload_bytes: int) -> Mapping[str, RouteLimits]:
    """By method and path template; `upload_bytes` of one submission."""
    reading = [*(operation.path for operation in OPERATIONS if operation.method == "GET"), *PAGES.split()]
    table = {**{f"GET {path}": DEFAULT for path in reading}, **LISTING, **WRITING}
    more = upload_bytes - UPLOAD.body
    return {name: replace(row, body=row.body + more) if row.body >= UPLOAD.body else row for name, row in table.items()}


def add_limits(app: FastAPI, settings: Settings) -> None:
    """Hold every request to the table, to clean text, and to the hosts of the settings."""
    app.add_middleware(Limited, table=limits_of_routes(settings.max_body_bytes))
    app.add_middleware(CleanText)
    app.add_middleware(Failures)  # of what those within ask, too
    hosts = Hosts(settings.public_url, filter(None, settings.hosts.split(",")))
    app.add_middleware(Safe, hosts=hosts, https=settings.public_url.startswith("https:"))
