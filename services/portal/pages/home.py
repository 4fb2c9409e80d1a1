"""The entrance: something of every kind, what can be booked first."""

from asyncio import gather
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from services.portal.client import HubApi
from services.portal.pages.hits import hit_view
from services.portal.pages.search_query import SearchQuery
from services.portal.rendering import page, reader_of

SHELVES = 8
SHELF = 3
READ = 30
"""Records of a kind that can be booked among which those are looked for that can be."""
Json = Mapping[str, Any]


async def home_page(request: Request, api: HubApi, query: SearchQuery, kinds: Sequence[Json]) -> Response:
    reader = reader_of(request)
    filled = sorted((kind for kind in kinds if kind["count"]), key=lambda kind: not kind["bookable"])[:SHELVES]
    found = await gather(*(api.get(reader, "/search", asked_of(kind)) for kind in filled))
    shelves = [
        {
            **kind,
            "href": query.of_kind(kind["name"]),
            "hits": [hit_view(hit, reader.language) for hit in chosen(kind, one["hits"])],
        }
        for kind, one in zip(filled, found, strict=True)
    ]
    return page(request, "home.html", query=query, kinds=filled, shelves=shelves)


def asked_of(kind: Json) -> list[tuple[str, str]]:
    return [("kind", kind["name"]), ("size", str(READ if kind["bookable"] else SHELF))]


def chosen(kind: Json, hits: Sequence[Json]) -> list[Json]:
    """What can be booked goes to the front; a kind that can be has two rows."""
    return sorted(hits, key=lambda hit: not hit["bookable"])[: SHELF * (2 if kind["bookable"] else 1)]
