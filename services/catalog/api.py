"""The catalogue over HTTP: kinds, search, completion, records, and people's saved searches."""

from collections.abc import Sequence
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from hub.kernel.access import Principal
from hub.kernel.canonical import short_digest
from hub.web.callers import language_of, principal_of, require
from services.catalog.core.queries import PARAMETERS
from services.catalog.service import CatalogueQueries

Member = Annotated[Principal, Depends(require("member", "submitter", "agency", "operator"))]


class NewSearch(BaseModel):
    """A search to keep: a name, and the query string of GET /api/v1/search."""

    model_config = ConfigDict(str_strip_whitespace=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=200)]
    query: Annotated[str, Field(max_length=4_000)] = ""


def router(queries: CatalogueQueries) -> APIRouter:
    """The routes; every answer is JSON written by orjson, without a model in between."""
    routes = APIRouter(prefix="/api/v1", tags=["catalogue"])
    _add_search(routes, queries)
    _add_records(routes, queries)
    _add_saved_searches(routes, queries)
    return routes


def _add_search(routes: APIRouter, queries: CatalogueQueries) -> None:
    @routes.get("/kinds", summary="Record kinds, with their filters and sort orders")
    def kinds(request: Request) -> Response:
        return answered(request, queries.kinds(language_of(request)))

    @routes.get("/search", summary="Search public records", openapi_extra={"parameters": _documented(PARAMETERS)})
    def search(request: Request) -> Response:
        return answered(request, queries.search(request.query_params.multi_items(), language_of(request)))

    @routes.get(
        "/suggest", summary="Complete a name", openapi_extra={"parameters": _documented(("q", "kind", "limit"))}
    )
    def suggest(request: Request) -> Response:
        return answered(request, queries.suggest(request.query_params.multi_items(), language_of(request)))


def _add_records(routes: APIRouter, queries: CatalogueQueries) -> None:
    @routes.get("/records/{record_id}", summary="One record, by what the caller may see")
    def record(record_id: str, request: Request) -> Response:
        return answered(request, queries.record(record_id, principal_of(request), language_of(request)))

    @routes.get("/records/{record_id}/history", summary="What each version changed")
    def history(record_id: str, request: Request) -> Response:
        return answered(request, queries.history(record_id, principal_of(request), language_of(request)))

    @routes.get("/records/{record_id}/related", summary="What the record refers to, and what refers to it")
    def related(record_id: str, request: Request) -> Response:
        return answered(request, queries.related(record_id, language_of(request)))


def _add_saved_searches(routes: APIRouter, queries: CatalogueQueries) -> None:
    @routes.post("/saved-searches", summary="Keep a search", status_code=201)
    def save(body: NewSearch, caller: Member, request: Request) -> Response:
        saved = queries.save(caller, body.name, body.query, language_of(request))
        return Response(
            orjson.dumps(saved),
            status_code=201,
            media_type="application/json",
            headers={"Location": f"/api/v1/saved-searches/{saved['id']}"},
        )

    @routes.get("/saved-searches", summary="The caller's searches, newest first")
    def saved(caller: Member, request: Request) -> Response:
        return answered(request, queries.saved(caller))

    @routes.get("/saved-searches/{search_id}", summary="One of the caller's searches")
    def saved_one(search_id: str, caller: Member, request: Request) -> Response:
        return answered(request, queries.saved_one(caller, search_id))

    @routes.delete("/saved-searches/{search_id}", summary="Forget a search", status_code=204)
    def forget(search_id: str, caller: Member) -> Response:
        queries.forget(caller, search_id)
        return Response(status_code=204)

    @routes.get("/saved-searches/{search_id}/results", summary="Run a saved search")
    def results(search_id: str, caller: Member, request: Request) -> Response:
        further = request.query_params.multi_items()
        return answered(request, queries.results(caller, search_id, further, language_of(request)))


def answered(request: Request, body: dict[str, Any]) -> Response:
    """The answer with an ETag of its content, or 304 where the caller has it already (RFC 9110, section 13.1.2)."""
    content = orjson.dumps(body)
    tag = f'"{short_digest(content)}"'
    headers = {
        "ETag": tag,
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Language, Authorization, Cookie",
    }
    if tag in (request.headers.get("if-none-match") or ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)


def _documented(names: Sequence[str]) -> list[dict[str, Any]]:
    return [{"name": name, "in": "query", "schema": {"type": "string"}} for name in names]
