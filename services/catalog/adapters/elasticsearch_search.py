"""A query of the port as the body of one search request, and the page that its answer tells."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from hub.kernel.terms import query_terms
from hub.ports.catalogue import FACET_LIMIT, PAGE_LIMIT, Hit, Page, Query
from services.catalog.adapters.elasticsearch_documents import SHOWN, exact, hit
from services.catalog.adapters.elasticsearch_text import Clause, Matching
from services.catalog.core import cursor, paths
from services.catalog.core.cursor import Position
from services.catalog.core.distances import distance_km
from services.catalog.core.highlight import Marker

ACTIVE: Clause = {"term": {"status": "active"}}
_BY_KIND = "\0kind"
_FARTHEST = 1.7976931348623157e308
"""Stands for a missing number: last in ascending order, its negative in descending."""
_GRAIN_DEGREES = 1e-7
_GRAIN_KM = 2e-5
"""Lucene keeps a coordinate in 32 bits, rounded: borders are widened by as much, about a centimetre."""
_ROUNDED_KM = "Math.round(doc['geo'].arcDistance(params.lat, params.lon) * 10) / 1e4"
"""To a decimetre: equal distances would else differ by that centimetre, and not be ties for the id to break."""
_FIELDS = {"updated": "updated_at", "title": "title_key"}


class Search:
    """One search. Raises Refusal where the cursor, a path or the order is unknown; `more_paths` gives those paths that
    documents have without a registered kind's having them, and is only asked where a path is not registered."""

    def __init__(self, query: Query, more_paths: Callable[[], Mapping[str, Iterable[str]]]) -> None:
        self._query = query
        self._after = cursor.decoded(query)
        self._check(more_paths)
        self._size = max(1, min(query.size, PAGE_LIMIT))
        self._constraints = self._constrained()

    def body(self, matching: Matching | None) -> dict[str, Any]:
        """The request, of which one hit more than the page has tells whether there is another page."""
        query = self._query
        own = {name for path in query.facets for name in _own(path) if name in self._constraints}
        kept = [clause for name, clause in self._constraints.items() if name not in own]
        late = {name: self._constraints[name] for name in own}
        ranked = matching is not None and query.sort == "relevance"
        clauses: dict[str, Any] = {"filter": [ACTIVE, *kept]}
        if matching and ranked:
            clauses["must"] = [matching.scored]
        elif matching:
            clauses["filter"].append(matching.matched)
        body: dict[str, Any] = {
            "size": self._size + 1,
            "track_total_hits": True,
            "_source": [*SHOWN, "geo"] if query.near else SHOWN,
            "query": {"bool": clauses},
            "sort": self._order(ranked),
        }
        if late:
            body["post_filter"] = {"bool": {"filter": list(late.values())}}
        if query.facets:
            body["aggs"] = {str(at): _counts(path, late) for at, path in enumerate(query.facets)}
        if self._after:
            body["search_after"] = self._behind(self._after, ranked)
        return body

    def page(self, answer: Mapping[str, Any], matching: Matching | None) -> Page:
        """The page that an answer to `body` tells."""
        query = self._query
        ranked = matching is not None and query.sort == "relevance"
        hits = answer["hits"]["hits"]
        page_hits = hits[: self._size]
        best = matching.best if matching and ranked else 0
        marker = Marker(query_terms(query.text)) if query.highlight and query.text else None
        more = len(hits) > self._size
        return Page(
            total=answer["hits"]["total"]["value"],
            hits=tuple(self._hit(one, best, marker) for one in page_hits),
            facets=self._facets(answer.get("aggregations", {})),
            next_cursor=cursor.encoded(query, _position(page_hits[-1]["sort"], ranked)) if more else None,
        )

    def _hit(self, found: Mapping[str, Any], best: int, marker: Marker | None) -> Hit:
        near, geo = self._query.near, found["_source"].get("geo")
        km = distance_km(near.lat, near.lon, geo["lat"], geo["lon"]) if near and geo else None
        score = found["sort"][0] / best if best else 0.0
        return hit(found["_source"], score, km, marker)

    def _facets(self, counted: Mapping[str, Any]) -> dict[str, tuple[tuple[str, int], ...]]:
        facets = {}
        for at, path in enumerate(self._query.facets):
            told = counted[str(at)]
            buckets = told.get("values", told)["buckets"]
            facets[path] = tuple((bucket["key"], bucket["doc_count"]) for bucket in buckets)
        return facets

    def _check(self, more_paths: Callable[[], Mapping[str, Iterable[str]]]) -> None:
        query = self._query
        exacts, numbers = set(paths.filters()), set(paths.ranges())
        sorted_by = query.sort.removeprefix("-")
        wanted = [path for path in (*query.filters, *query.facets) if path not in exacts]
        wanted += [path for path in query.ranges if path not in numbers]
        if wanted or sorted_by not in chain(paths.GENERAL_SORTS, numbers):
            more = more_paths()
            exacts.update(more["facets"])
            numbers.update(more["numbers"])
        paths.check(query, exacts, numbers)

    def _constrained(self) -> dict[str, Clause]:
        """The clause of each part of the query but the text, by a name that tells whose counts ignore it."""
        query = self._query
        clauses: dict[str, Clause] = {}
        if query.kinds:
            clauses[_BY_KIND] = {"terms": {"kind": list(query.kinds)}}
        for path, values in query.filters.items():
            clauses[path] = {"terms": {_exact_field(path): [exact(value) for value in values]}}
        for path, (low, high) in query.ranges.items():
            bounds = {name: value for name, value in (("gte", low), ("lte", high)) if value is not None}
            clauses[f"\0{path}"] = {"range": {f"numbers.{path}": bounds}}
        if near := query.near:
            at = {"lat": near.lat, "lon": near.lon}
            clauses["\0near"] = {"geo_distance": {"distance": f"{near.km + _GRAIN_KM}km", "geo": at}}
        if box := query.box:
            clauses["\0box"] = {"geo_bounding_box": {"geo": _widened(box.south, box.west, box.north, box.east)}}
        return clauses

    def _order(self, ranked: bool) -> list[dict[str, Any]]:
        query = self._query
        if ranked:
            return [{"_score": "desc"}, {"length": {"order": "asc", "missing": 0}}, {"id": "asc"}]
        sort = "-updated" if query.sort == "relevance" else query.sort
        name, direction = sort.removeprefix("-"), "desc" if sort.startswith("-") else "asc"
        if name == "distance" and query.near:
            at = {"lat": query.near.lat, "lon": query.near.lon}
            script = {"source": _ROUNDED_KM, "params": at}
            key: dict[str, Any] = {"_script": {"type": "number", "script": script, "order": direction}}
        elif name in _FIELDS:
            key = {_FIELDS[name]: {"order": direction}}
        else:
            missing = -_FARTHEST if direction == "desc" else _FARTHEST
            key = {f"numbers.{name}": {"order": direction, "missing": missing, "unmapped_type": "double"}}
        return [key, {"id": direction}]

    def _behind(self, after: Position, ranked: bool) -> list[float | str]:
        return [after.stage, after.key, after.id] if ranked else [after.key, after.id]


def _position(keys: Sequence[Any], ranked: bool) -> Position:
    return Position(int(keys[0]), keys[1], keys[2]) if ranked else Position(0, keys[0], keys[1])


def _own(path: str) -> tuple[str, ...]:
    return (path, _BY_KIND) if path == paths.KIND else (path,)


def _exact_field(path: str) -> str:
    return path if path == paths.KIND else f"facets.{path}"


def _counts(path: str, late: Mapping[str, Clause]) -> Clause:
    """Counts of the values of a path, without the filters on the path itself but with all others."""
    terms: Clause = {"terms": {"field": _exact_field(path), "size": FACET_LIMIT}}
    if not late:
        return terms
    others = [clause for name, clause in late.items() if name not in _own(path)]
    return {"filter": {"bool": {"filter": others}}, "aggs": {"values": terms}}


def _widened(south: float, west: float, north: float, east: float) -> dict[str, float]:
    grain = _GRAIN_DEGREES
    return {
        "top": min(90.0, north + grain),
        "left": max(-180.0, west - grain),
        "bottom": max(-90.0, south - grain),
        "right": min(180.0, east + grain),
    }
