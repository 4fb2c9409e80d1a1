"""The search page, and completions as one types."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from hub.kernel.operation import JSON
from hub.text.language import Language
from hub.web.client import ApiProblem, AsyncHubClient
from schemas.http.catalog import KINDS, SEARCH, SUGGEST, Facet, Kind, KindsQuery, RangeField, SortOrder
from services.portal.core.facets import Choice, listed, short_label, unfolded
from services.portal.core.messages import translator
from services.portal.guard import Pages
from services.portal.pages.hits import Card
from services.portal.pages.search_query import NEAR_KM, SearchQuery
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


SHOWN_VALUES = 6
DIVISIONS = "division"
SUGGESTIONS = ("limit", "8")


@dataclass(frozen=True, slots=True)
class Tab:
    """A kind to search among, or all; without a count where the API does not count kinds."""

    name: str
    label: str
    href: str
    chosen: bool
    count: int | None


@dataclass(frozen=True, slots=True)
class FacetView:
    """A facet: each value with the address that it leads to, the rest of them behind a fold."""

    label: str
    leading: tuple[tuple[Choice, str], ...]
    more: tuple[tuple[Choice, str], ...]


@dataclass(frozen=True, slots=True)
class RangeView:
    """A field to ask for from and to, with what is asked for now."""

    path: str
    label: str
    type: str
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Chip:
    """Something that narrows the search, with the address of the search without it."""

    label: str
    href: str


async def suggest(request: Request, api: AsyncHubClient) -> Response:
    params = [pair for pair in request.query_params.multi_items() if pair[0] in ("q", "kind")]
    found = await api.call(reader_of(request), SUGGEST, query=[*params, SUGGESTIONS])
    return Response(found.model_dump_json(), media_type=JSON)


async def search_page(request: Request, api: AsyncHubClient) -> Response:
    """The results; where the search itself is wrong, what is wrong with it, and the form to change it."""
    reader = reader_of(request)
    query = SearchQuery.of(request.query_params.multi_items())
    kinds = (await api.call(reader, KINDS, query=KindsQuery(samples=SAMPLES if query.plain else 0))).kinds
    if query.plain:
        return home_page(request, query, kinds)
    parameters = [*query.pairs, ("facets", "kind,auto"), ("highlight", "1")]
    try:
        results = await api.call(reader, SEARCH, query=parameters)
    except ApiProblem as problem:
        if problem.status != 400:
            raise
        return page(request, "search.html", 400, query=query, tabs=[], problems=problem.messages)
    facets = {facet.path: facet for facet in results.facets}
    cursor = results.next_cursor
    return page(
        request,
        "search.html",
        query=query,
        tabs=kind_tabs(query, kinds, facets.pop("kind", None), reader.language),
        problems=[],
        total=results.total,
        hits=[Card.of(hit, reader.language) for hit in results.hits],
        facets=[view for facet in facets.values() if (view := facet_view(facet, query, results.total))],
        ranges=ranges(query, kinds),
        chips=chips(query, facets, kinds, reader.language),
        sorts=sorts(query, kinds),
        sort=results.sort,
        next_href=query.page(cursor) if cursor else None,
    )


def kind_tabs(query: SearchQuery, kinds: Sequence[Kind], facet: Facet | None, language: Language) -> list[Tab]:
    """All kinds, then each; counted for this search where the API counts kinds."""
    counted = {value.value: value.count for value in facet.values} if facet else None
    total = None if counted is None else sum(counted.values())
    every = Tab("", translator(language)("kinds.all"), query.of_kind(""), not query.kinds, total)
    return [
        every,
        *(
            Tab(
                kind.name,
                kind.label,
                query.of_kind(kind.name),
                kind.name in query.kinds,
                None if counted is None else counted.get(kind.name, 0),
            )
            for kind in kinds
        ),
    ]


def facet_view(facet: Facet, query: SearchQuery, total: int) -> FacetView | None:
    """A facet with the address that each value leads to; None where there is nothing to choose."""
    if all(value.count == total and not value.selected for value in facet.values):
        return None
    choices = unfolded(facet.values) if facet.path.rpartition(".")[2] == DIVISIONS else listed(facet.values)
    leading = tuple((one, query.toggled(f"f.{facet.path}", one.value, one.kin)) for one in choices)
    shown = max(SHOWN_VALUES, *(place + 1 for place, one in enumerate(choices) if one.selected), 0)
    return FacetView(short_label(facet.path, facet.label), leading[:shown], leading[shown:])


def ranges(query: SearchQuery, kinds: Sequence[Kind]) -> list[RangeView]:
    """What the one chosen kind can be asked for from and to."""
    if len(query.kinds) != 1:
        return []
    kind = next((kind for kind in kinds if kind.name == query.kinds[0]), None)
    return [_range(one, query) for one in (kind.ranges if kind else ())]


def _range(field: RangeField, query: SearchQuery) -> RangeView:
    low, high = (query.first_of(f"{end}.{field.path}") for end in ("from", "to"))
    return RangeView(field.path, short_label(field.path, field.label), field.type, low, high)


def chips(query: SearchQuery, facets: Mapping[str, Facet], kinds: Sequence[Kind], language: Language) -> Sequence[Chip]:
    """What narrows the search, each with the address of the search without it."""
    t = translator(language)
    ranged = {one.path: short_label(one.path, one.label) for kind in kinds for one in kind.ranges}
    narrowing = []
    for name, value in query.chosen:
        prefix, _, path = name.partition(".")
        if name == "box":
            label = t("filters.box")
        elif name == "near":
            label = t("filters.near", km=query.first_of("within_km") or NEAR_KM)
        elif prefix == "f":
            label = value_label(facets.get(path), value)
        else:
            label = t(f"filters.{prefix}", field=ranged.get(path, path), value=value)
        narrowing.append(Chip(label, query.toggled(name, value)))
    return narrowing


def value_label(facet: Facet | None, value: str) -> str:
    labels = {known.value: known.label for known in facet.values} if facet else {}
    if facet is None or value not in labels:
        return value
    heading = short_label(facet.path, facet.label)
    # A yes or no says nothing without its question; other values speak for themselves.
    return f"{heading}: {labels[value]}" if value in ("true", "false") else labels[value]


def sorts(query: SearchQuery, kinds: Sequence[Kind]) -> Sequence[SortOrder]:
    """The sort orders that every chosen kind has; distance only from somewhere."""
    chosen = [kind for kind in kinds if kind.name in query.kinds] or list(kinds)
    if not chosen:
        return []
    shared = set.intersection(*({sort.value for sort in kind.sorts} for kind in chosen))
    near = bool(query.first_of("near"))
    return [sort for sort in chosen[0].sorts if sort.value in shared and (near or sort.value != "distance")]


PAGES: Pages = {"GET /": search_page, "GET /suggest": suggest}
