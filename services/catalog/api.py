"""The catalogue over HTTP: kinds, search, completion, records, and people's saved searches."""

from typing import Annotated, get_args

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from hub.kernel.access import Principal, Role
from hub.kernel.canonical import short_digest
from hub.web.callers import language_of, principal_of, require
from hub.web.routes import answered, serve
from schemas.http import catalog as contract
from schemas.http import records
from schemas.http.catalog import KindsQuery, NewSearch
from services.catalog.core.answers import SearchPage
from services.catalog.service import CatalogueQueries

Member = Annotated[Principal, Depends(require(*get_args(Role)))]
"""Whoever has a role: saved searches are of accounts."""


def router(queries: CatalogueQueries) -> APIRouter:
    """The routes."""
    routes = APIRouter()
    _add_search(routes, queries)
    _add_records(routes, queries)
    _add_saved_searches(routes, queries)
    return routes


def _add_search(routes: APIRouter, queries: CatalogueQueries) -> None:
    @serve(routes, contract.KINDS)
    def kinds(request: Request, query: Annotated[KindsQuery, Query()]) -> Response:
        return tagged(request, queries.kinds(language_of(request), query.samples))

    @serve(routes, contract.SEARCH)
    def search(request: Request) -> Response:
        return tagged(request, queries.search(request.query_params.multi_items(), language_of(request)))

    @serve(routes, contract.SUGGEST)
    def suggest(request: Request) -> Response:
        return tagged(request, queries.suggest(request.query_params.multi_items(), language_of(request)))


def _add_records(routes: APIRouter, queries: CatalogueQueries) -> None:
    @serve(routes, records.RECORD)
    def record(record_id: str, request: Request) -> Response:
        return tagged(request, queries.record(record_id, principal_of(request), language_of(request)))

    @serve(routes, records.HISTORY)
    def history(record_id: str, request: Request) -> Response:
        return tagged(request, queries.history(record_id, principal_of(request), language_of(request)))

    @serve(routes, records.RELATED)
    def related(record_id: str, request: Request) -> Response:
        return tagged(request, queries.related(record_id, language_of(request)))


def _add_saved_searches(routes: APIRouter, queries: CatalogueQueries) -> None:
    @serve(routes, contract.SAVE_SEARCH)
    def save(body: NewSearch, caller: Member, request: Request) -> Response:
        saved = queries.save(caller, body.name, body.query, language_of(request))
        return answered(saved, 201, {"Location": f"/api/v1/saved-searches/{saved.id}"})

    @serve(routes, contract.SAVED_SEARCHES)
    def saved(caller: Member, request: Request) -> Response:
        return tagged(request, queries.saved(caller))

    @serve(routes, contract.SAVED_SEARCH)
    def saved_one(search_id: str, caller: Member, request: Request) -> Response:
        return tagged(request, queries.saved_one(caller, search_id))

    @serve(routes, contract.FORGET_SEARCH)
    def forget(search_id: str, caller: Member) -> Response:
        queries.forget(caller, search_id)
        return Response(status_code=204)

    @serve(routes, contract.SEARCH_RESULTS)
    def results(search_id: str, caller: Member, request: Request) -> Response:
        further = request.query_params.multi_items()
        return tagged(request, queries.results(caller, search_id, further, language_of(request)))


def tagged(request: Request, body: BaseModel | SearchPage) -> Response:
    """The answer with an ETag of its content, or 304 where the caller has it already (RFC 9110, section 13.1.2)."""
    content = body.model_dump_json().encode() if isinstance(body, BaseModel) else orjson.dumps(body)
    tag = f'"{short_digest(content)}"'
    headers = {
        "ETag": tag,
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Language, Authorization, Cookie",
    }
    if tag in (request.headers.get("if-none-match") or ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)
