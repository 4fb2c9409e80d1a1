"""The audit trail and people's data over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response, StreamingResponse

from hub.kernel.access import Principal
from hub.web.callers import Caller, ReaderLanguage, require
from hub.web.routes import answered, serve
from schemas.http import audit as contract
from services.privacy.service import People
from services.privacy.trail import Trail

Operator = Annotated[Principal, Depends(require("operator"))]


def router(trail: Trail, people: People) -> APIRouter:
    """The routes."""
    routes = APIRouter()
    _add_trail(routes, trail)
    _add_people(routes, people)
    return routes


def _add_trail(routes: APIRouter, trail: Trail) -> None:
    @serve(routes, contract.AUDIT)
    def entries(
        caller: Caller, language: ReaderLanguage, query: Annotated[contract.AuditQuery, Query()]
    ) -> contract.AuditPage:
        return trail.page(query, caller, language)

    @serve(routes, contract.AUDIT_LINES)
    def export(
        caller: Caller, language: ReaderLanguage, query: Annotated[contract.AuditExportQuery, Query()]
    ) -> Response:
        media = "text/csv; charset=utf-8" if query.format == "csv" else contract.LINES
        name = f'attachment; filename="audit.{query.format}"'
        pieces = trail.export(query, caller, language)
        return StreamingResponse(pieces, media_type=media, headers={"Content-Disposition": name})

    @serve(routes, contract.AUDIT_CHAIN)
    def chain(caller: Caller) -> contract.AuditChain:
        return trail.chain(caller)


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
