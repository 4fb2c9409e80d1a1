"""Saved searches: keep one under a name, open it again, forget it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.portal.client import HubApi
from services.portal.guard import add_page, segment
from services.portal.pages.search import chips
from services.portal.pages.search_query import SearchQuery, address
from services.portal.rendering import page, reader_of

NAME_CHARS = 200
Json = Mapping[str, Any]


def add(router: APIRouter, api: HubApi) -> None:
    async def listed(request: Request) -> Response:
        found = (await api.get(reader_of(request), "/saved-searches"))["searches"]
        searches = [{**one, "href": address(SearchQuery.of(parse_qsl(one["query"])).pairs)} for one in found]
        return page(request, "saved.html", searches=searches)

    async def form(request: Request) -> Response:
        return await form_page(request, api)

    async def sent(request: Request) -> Response:
        async with request.form(max_files=0, max_fields=10) as values:
            body = {"name": str(values.get("name", "")), "query": str(values.get("query", ""))}
        await api.post(reader_of(request), "/saved-searches", body)
        return RedirectResponse("/saved", 303)

    async def forget(request: Request) -> Response:
        await api.delete(reader_of(request), f"/saved-searches/{segment(request, 'search_id')}")
        return RedirectResponse("/saved", 303)

    add_page(router, "/saved", listed)
    add_page(router, "/saved", sent, "POST")
    add_page(router, "/saved/new", form)
    add_page(router, "/saved/{search_id}/forget", forget, "POST")


async def form_page(request: Request, api: HubApi) -> Response:
    """The name to keep a search under, proposed from what it asks for. 401 to the signed-out."""
    reader = reader_of(request)
    await api.get(reader, "/saved-searches")
    query = SearchQuery.of(request.query_params.multi_items())
    kinds = (await api.get(reader, "/kinds"))["kinds"]
    found = await api.get(reader, "/search", [*query.pairs, ("facets", "kind,auto"), ("size", "1")])
    facets = {facet["path"]: facet for facet in found["facets"]}
    labels = {kind["name"]: kind["label"] for kind in kinds}
    told = [query.q, *(labels.get(kind, kind) for kind in query.kinds)]
    told += [str(chip["label"]) for chip in chips(query, facets, kinds, reader.language)]
    name = " · ".join(part for part in told if part)[:NAME_CHARS]
    return page(
        request,
        "save.html",
        query=query.text,
        back=address(query.pairs),
        name=name,
        limit=NAME_CHARS,
        total=found["total"],
    )
