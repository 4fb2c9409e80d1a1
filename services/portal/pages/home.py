"""The entrance: something of every kind, what can be booked first."""

from asyncio import gather
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from services.portal.client import HubApi, Reader
from services.portal.pages.hits import hit_view
from services.portal.pages.search_query import SearchQuery
from services.portal.rendering import page, reader_of

SHELVES = 8
SHELF = 3
"""Records of a kind; twice as many where they can be booked."""
PRICED = "hourly_rate.amount"
"""The range by which records that people can book are found: those with a price an hour."""
Json = Mapping[str, Any]


async def home_page(request: Request, api: HubApi, query: SearchQuery, kinds: Sequence[Json]) -> Response:
    reader = reader_of(request)
    filled = sorted((kind for kind in kinds if kind["count"]), key=lambda kind: not kind["bookable"])[:SHELVES]
    found = await gather(*(shelf_of(reader, api, kind) for kind in filled))
    shelves = [
        {**kind, "href": query.of_kind(kind["name"]), "hits": [hit_view(hit, reader.language) for hit in hits]}
        for kind, hits in zip(filled, found, strict=True)
    ]
    return page(request, "home.html", query=query, kinds=filled, shelves=shelves)


async def shelf_of(reader: Reader, api: HubApi, kind: Json) -> list[Json]:
    """Some of a kind's records, what can be booked first."""
    size = 2 * SHELF if kind["bookable"] else SHELF
    asked = [("kind", kind["name"]), ("size", str(2 * size))]
    found: dict[str, Json] = {}
    if any(one["path"] == PRICED for one in kind["ranges"]):
        priced = await api.get(reader, "/search", [*asked, (f"from.{PRICED}", "0")])
        found = {hit["id"]: hit for hit in priced["hits"] if hit["bookable"]}
    if len(found) < size:
        found |= {hit["id"]: hit for hit in (await api.get(reader, "/search", asked))["hits"]}
    return sorted(found.values(), key=lambda hit: not hit["bookable"])[:size]
