"""The search page, and completions as one types."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hub.kernel.language import Language
from services.portal.client import ApiProblem, HubApi
from services.portal.core.facets import short_label, unfolded
from services.portal.core.messages import translator
from services.portal.guard import add_page
from services.portal.pages.hits import hit_view
from services.portal.pages.home import home_page
from services.portal.pages.search_query import NEAR_KM, SearchQuery
from services.portal.rendering import page, reader_of

SHOWN_VALUES = 6
DIVISIONS = "division"
Json = Mapping[str, Any]


def add(router: APIRouter, api: HubApi) -> None:
    async def search(request: Request) -> Response:
        return await search_page(request, api)

    async def suggest(request: Request) -> Response:
        params = [pair for pair in request.query_params.multi_items() if pair[0] in ("q", "kind")]
        found = await api.get(reader_of(request), "/suggest", [*params, ("limit", "8")])
        return JSONResponse(found)

    add_page(router, "/", search)
    add_page(router, "/suggest", suggest)


async def search_page(request: Request, api: HubApi) -> Response:
    """The results; where the search itself is wrong, what is wrong with it, and the form to change it."""
    reader = reader_of(request)
    query = SearchQuery.of(request.query_params.multi_items())
    kinds = (await api.get(reader, "/kinds"))["kinds"]
    if query.plain:
        return await home_page(request, api, query, kinds)
    asked = [*query.pairs, ("facets", "kind,auto"), ("highlight", "1")]
    try:
        found = await api.get(reader, "/search", asked)
    except ApiProblem as problem:
        if problem.status != 400:
            raise
        return page(request, "search.html", 400, query=query, tabs=[], problems=problem.messages)
    facets = {facet["path"]: facet for facet in found["facets"]}
    cursor = found["next_cursor"]
    return page(
        request,
        "search.html",
        query=query,
        tabs=kind_tabs(query, kinds, facets.pop("kind", None), reader.language),
        problems=[],
        total=found["total"],
        hits=[hit_view(hit, reader.language) for hit in found["hits"]],
        facets=[view for facet in facets.values() if (view := facet_view(facet, query, found["total"]))],
        ranges=ranges(query, kinds),
        chips=chips(query, facets, kinds, reader.language),
        sorts=sorts(query, kinds),
        sort=found["sort"],
        next_href=query.page(cursor) if cursor else None,
    )


def kind_tabs(query: SearchQuery, kinds: Sequence[Json], facet: Json | None, language: Language) -> list[Json]:
    """All kinds, then each; counted for this search where the API counts kinds."""
    counted = {value["value"]: value["count"] for value in facet["values"]} if facet else None
    if counted is None and query.plain:
        counted = {kind["name"]: kind["count"] for kind in kinds}
    every = {
        "name": "",
        "label": translator(language)("kinds.all"),
        "href": query.of_kind(""),
        "chosen": not query.kinds,
        "count": sum(counted.values()) if counted is not None else None,
    }
    return [
        every,
        *(
            {
                "name": kind["name"],
                "label": kind["label"],
                "href": query.of_kind(kind["name"]),
                "chosen": kind["name"] in query.kinds,
                "count": counted.get(kind["name"], 0) if counted is not None else None,
            }
            for kind in kinds
        ),
    ]


def facet_view(facet: Json, query: SearchQuery, total: int) -> Json | None:
    """A facet with the address that each value leads to; None where there is nothing to choose."""
    name = f"f.{facet['path']}"
    if all(value["count"] == total and not value["selected"] for value in facet["values"]):
        return None
    nested = facet["path"].rpartition(".")[2] == DIVISIONS
    told = unfolded(facet["values"]) if nested else [{**value, "kin": ()} for value in facet["values"]]
    values = [{"depth": 0, **value, "href": query.toggled(name, value["value"], value["kin"])} for value in told]
    if not nested:
        # Chosen values stay in sight, however rare they are.
        values.sort(key=lambda value: not value["selected"])
    shown = max(SHOWN_VALUES, *(place + 1 for place, value in enumerate(values) if value["selected"]), 0)
    return {
        "label": short_label(facet["path"], facet["label"]),
        "shown": values[:shown],
        "more": values[shown:],
    }


def ranges(query: SearchQuery, kinds: Sequence[Json]) -> list[Json]:
    """What the one chosen kind can be asked for from and to."""
    if len(query.kinds) != 1:
        return []
    kind = next((kind for kind in kinds if kind["name"] == query.kinds[0]), None)
    return [
        {
            **one,
            "label": short_label(one["path"], one["label"]),
            "from": query.first_of(f"from.{one['path']}"),
            "to": query.first_of(f"to.{one['path']}"),
        }
        for one in (kind["ranges"] if kind else ())
    ]


def chips(query: SearchQuery, facets: Mapping[str, Json], kinds: Sequence[Json], language: Language) -> Sequence[Json]:
    """What narrows the search, each with the address of the search without it."""
    t = translator(language)
    ranged = {one["path"]: short_label(one["path"], one["label"]) for kind in kinds for one in kind["ranges"]}
    found = []
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
        found.append({"label": label, "href": query.toggled(name, value)})
    return found


def value_label(facet: Json | None, value: str) -> str:
    labels = {known["value"]: known["label"] for known in facet["values"]} if facet else {}
    if facet is None or value not in labels:
        return value
    heading = short_label(facet["path"], facet["label"])
    # A yes or no says nothing without its question; other values speak for themselves.
    return f"{heading}: {labels[value]}" if value in ("true", "false") else str(labels[value])


def sorts(query: SearchQuery, kinds: Sequence[Json]) -> Sequence[Json]:
    """The sort orders that every chosen kind has; distance only from somewhere."""
    chosen = [kind for kind in kinds if kind["name"] in query.kinds] or list(kinds)
    if not chosen:
        return []
    shared = set.intersection(*({sort["value"] for sort in kind["sorts"]} for kind in chosen))
    near = bool(query.first_of("near"))
    return [sort for sort in chosen[0]["sorts"] if sort["value"] in shared and (near or sort["value"] != "distance")]
