"""Saved searches: keep one under a name, open it again, forget it."""

from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.web.client import AsyncHubClient
from schemas.http import catalog as contract
from services.portal.guard import Pages, form_of
from services.portal.pages.search import chips
from services.portal.pages.search_query import SearchQuery, address
from services.portal.rendering import page, reader_of

NAME_CHARS = 200


async def listed(request: Request, api: AsyncHubClient) -> Response:
    found = (await api.call(reader_of(request), contract.SAVED_SEARCHES)).searches
    searches = [(one, address(SearchQuery.of(parse_qsl(one.query)).pairs)) for one in found]
    return page(request, "saved.html", searches=searches)


async def sent(request: Request, api: AsyncHubClient) -> Response:
    values = await form_of(request)
    # As it was typed: the API checks it, and says what is wrong in the reader's language.
    body = contract.NewSearch.model_construct(name=values.get("name", ""), query=values.get("query", ""))
    await api.call(reader_of(request), contract.SAVE_SEARCH, body)
    return RedirectResponse("/saved", 303)


async def forget(request: Request, api: AsyncHubClient) -> Response:
    await api.call(reader_of(request), contract.FORGET_SEARCH, search_id=request.path_params["search_id"])
    return RedirectResponse("/saved", 303)


async def form_page(request: Request, api: AsyncHubClient) -> Response:
    """The name to keep a search under, proposed from what it asks for. 401 to the signed-out."""
    reader = reader_of(request)
    await api.call(reader, contract.SAVED_SEARCHES)
    query = SearchQuery.of(request.query_params.multi_items())
    kinds = (await api.call(reader, contract.KINDS)).kinds
    results = await api.call(reader, contract.SEARCH, query=[*query.pairs, ("facets", "kind,auto"), ("size", "1")])
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


PAGES: Pages = {
    "GET /saved": listed,
    "POST /saved": sent,
    "GET /saved/new": form_page,
    "POST /saved/{search_id}/forget": forget,
}
