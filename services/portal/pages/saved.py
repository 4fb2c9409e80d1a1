"""Saved searches: keep one under a name, open it again, forget it."""

from urllib.parse import parse_qsl

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.web.client import AsyncHubClient
from schemas.http.catalog import (
    FORGET_SEARCH,
    KINDS,
    SAVE_SEARCH,
    SAVED_SEARCHES,
    SEARCH,
    NewSearch,
    SavedSearch,
)
from services.portal.guard import add_page
from services.portal.pages.search import chips
from services.portal.pages.search_query import SearchQuery, address
from services.portal.rendering import page, reader_of

NAME_CHARS = 200


def add(router: APIRouter, api: AsyncHubClient) -> None:
    async def listed(request: Request) -> Response:
        found = (await api.call(reader_of(request), SAVED_SEARCHES)).searches
        return page(request, "saved.html", searches=[(one, _address_of(one)) for one in found])

    async def form(request: Request) -> Response:
        return await form_page(request, api)

    async def sent(request: Request) -> Response:
        async with request.form(max_files=0, max_fields=10) as values:
            name, query = str(values.get("name", "")), str(values.get("query", ""))
        # As it was typed: the API checks it, and says what is wrong in the reader's language.
        await api.call(reader_of(request), SAVE_SEARCH, NewSearch.model_construct(name=name, query=query))
        return RedirectResponse("/saved", 303)

    async def forget(request: Request) -> Response:
        await api.call(reader_of(request), FORGET_SEARCH, search_id=request.path_params["search_id"])
        return RedirectResponse("/saved", 303)

    add_page(router, "/saved", listed)
    add_page(router, "/saved", sent, "POST")
    add_page(router, "/saved/new", form)
    add_page(router, "/saved/{search_id}/forget", forget, "POST")


def _address_of(search: SavedSearch) -> str:
    return address(SearchQuery.of(parse_qsl(search.query)).pairs)


async def form_page(request: Request, api: AsyncHubClient) -> Response:
    """The name to keep a search under, proposed from what it asks for. 401 to the signed-out."""
    reader = reader_of(request)
    await api.call(reader, SAVED_SEARCHES)
    query = SearchQuery.of(request.query_params.multi_items())
    kinds = (await api.call(reader, KINDS)).kinds
    results = await api.call(reader, SEARCH, query=[*query.pairs, ("facets", "kind,auto"), ("size", "1")])
    facets = {facet.path: facet for facet in results.facets}
    labels = {kind.name: kind.label for kind in kinds}
    name_parts = [query.q, *(labels.get(kind, kind) for kind in query.kinds)]
    name_parts += [chip.label for chip in chips(query, facets, kinds, reader.language)]
    name = " · ".join(part for part in name_parts if part)[:NAME_CHARS]
    return page(
        request,
        "save.html",
        query=query.text,
        back=address(query.pairs),
        name=name,
        limit=NAME_CHARS,
        total=results.total,
    )
