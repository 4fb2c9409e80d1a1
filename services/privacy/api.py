"""The audit trail and people's data over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response, StreamingResponse

from hub.kernel.access import Principal
from hub.web.callers import Caller, require
from hub.web.routes import answered, serve
from schemas.http import audit as contract
from services.privacy.service import People, Trail

Operator = Annotated[Principal, Depends(require("operator"))]


def router(trail: Trail, people: People) -> APIRouter:
    """The routes."""
    routes = APIRouter()
    _add_trail(routes, trail)
    _add_people(routes, people)
    return routes


def _add_trail(routes: APIRouter, trail: Trail) -> None:
    @serve(routes, contract.AUDIT)
    def entries(caller: Caller, query: Annotated[contract.AuditQuery, Query()]) -> contract.AuditPage:
        return trail.page(query, caller)

    @serve(routes, contract.AUDIT_LINES)
    def lines(caller: Caller) -> Response:
        return StreamingResponse(trail.lines(caller), media_type=contract.LINES)


def _add_people(routes: APIRouter, people: People) -> None:
    @serve(routes, contract.PERSON)
    def export(person_id: str, caller: Operator) -> contract.PersonData:
        return people.export(person_id, caller)

    @serve(routes, contract.ERASE)
    def erase(person_id: str, body: contract.Erasure, caller: Operator) -> contract.Erased:
        return people.erase(person_id, body.reason, caller)

    @serve(routes, contract.CONSENT)
    def consent(person_id: str, body: contract.NewConsent, caller: Operator) -> Response:
        return answered(people.consent(person_id, body.purpose, caller), 201)
