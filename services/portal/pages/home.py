"""The entrance: something of every kind, what can be booked first."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from schemas.http.catalog import Kind
from services.portal.pages.hits import Card
from services.portal.pages.search_query import SearchQuery
from services.portal.rendering import page, reader_of

SHELVES = 8
SHELF = 3
"""Records of a kind; twice as many where they can be booked."""
SAMPLES = 2 * SHELF


@dataclass(frozen=True, slots=True)
class Shelf:
    """Some records of a kind, how many there are, and where all of them are."""

    label: str
    href: str
    count: int
    hits: tuple[Card, ...]


def home_page(request: Request, query: SearchQuery, kinds: Sequence[Kind]) -> Response:
    """`kinds` come with SAMPLES of their records."""
    language = reader_of(request).language
    filled = sorted((kind for kind in kinds if kind.count), key=lambda kind: not kind.bookable)[:SHELVES]
    shelves = [
        Shelf(
            kind.label,
            query.of_kind(kind.name),
            kind.count,
            tuple(Card.of(hit, language) for hit in kind.samples[: SAMPLES if kind.bookable else SHELF]),
        )
        for kind in filled
    ]
    return page(request, "home.html", query=query, kinds=filled, shelves=shelves)
