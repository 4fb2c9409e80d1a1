"""Answering a search from memory: which rows match, a page of them in the asked order, and counts."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from pyroaring import BitMap

from hub.ports.catalogue import FACET_LIMIT, PAGE_LIMIT, Query
from services.catalog.adapters.sqlite_catalogue_geo import distance_km
from services.catalog.adapters.sqlite_catalogue_memory import STATIC, Memory
from services.catalog.adapters.sqlite_catalogue_orders import Item, Key, Order
from services.catalog.adapters.sqlite_catalogue_scores import Relevance, relevance
from services.catalog.adapters.sqlite_catalogue_terms import Reader
from services.catalog.core import cursor, paths
from services.catalog.core.cursor import Position

_SORTED_AT_ONCE = 512
_BY_KIND = "\0kind"


@dataclass(frozen=True, slots=True)
class Ranked:
    """One hit before what is shown of it has been read."""

    position: Position
    row: int
    score: float = 0.0
    distance_km: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    total: int
    ranked: tuple[Ranked, ...]
    facets: Mapping[str, tuple[tuple[str, int], ...]]
    next_cursor: str | None


class Search:
    """One search over one state of the memory. The caller keeps others from changing it meanwhile."""

    def __init__(self, memory: Memory, reader: Reader, query: Query) -> None:
        self._memory = memory
        self._query = query
        self._after = cursor.decoded(query)
        self._check()
        self._text: Relevance | None = None
        if query.text.strip():
            self._text = relevance(reader, query.text, memory.live)
        self._parts = dict(self._constraints())
        self.rows = self._matching()

    def answer(self) -> Answer:
        size = max(1, min(self._query.size, PAGE_LIMIT))
        ranked = tuple(islice(self._ranked(), size + 1))
        more = len(ranked) > size
        facets = {path: self._counts(path) for path in self._query.facets}
        following = cursor.encoded(self._query, ranked[size - 1].position) if more else None
        return Answer(len(self.rows), ranked[:size], facets, following)

    def _check(self) -> None:
        memory, query = self._memory, self._query
        exact = (*paths.filters(), *memory.facets)
        numbers = (*paths.ranges(), *memory.numbers)
        for path in query.filters:
            paths.required(path, exact, "unknown-path", f"f.{path}")
        for path in query.facets:
            paths.required(path, exact, "unknown-path", "facets")
        for path in query.ranges:
            paths.required(path, numbers, "unknown-path", path)
        sorts = ["relevance", *(f"{sign}{name}" for name in ("updated", "title", *numbers) for sign in ("", "-"))]
        if query.near:
            sorts += ["distance", "-distance"]
        paths.required(query.sort, sorts, "unknown-sort", "sort")

    def _constraints(self) -> Iterator[tuple[str, BitMap]]:
        """The rows that each part of the query allows, by a name that tells whose counts ignore it."""
        memory, query = self._memory, self._query
        if self._text:
            yield "\0text", self._text.rows
        if query.kinds:
            yield _BY_KIND, self._any_of(paths.KIND, query.kinds)
        for path, values in query.filters.items():
            yield path, self._any_of(path, values)
        for path, (low, high) in query.ranges.items():
            order = memory.numbers.get(path)
            yield f"\0{path}", order.between(low, high) if order else BitMap()
        if query.near:
            yield "\0near", memory.grid.near(query.near)
        if query.box:
            yield "\0box", memory.box(query.box)

    def _any_of(self, path: str, values: Iterable[str]) -> BitMap:
        facet = self._memory.facets.get(path)
        return facet.any_of(values) if facet else BitMap()

    def _matching(self, *without: str) -> BitMap:
        kept = [rows for name, rows in self._parts.items() if name not in without]
        return BitMap.intersection(self._memory.live, *kept)

    def _counts(self, path: str) -> tuple[tuple[str, int], ...]:
        facet = self._memory.facets.get(path)
        if facet is None:
            return ()
        own = (path, _BY_KIND) if path == paths.KIND else (path,)
        among = self._matching(*own) if any(name in self._parts for name in own) else self.rows
        return facet.most_frequent(among, FACET_LIMIT)

    def _ranked(self) -> Iterator[Ranked]:
        sort = self._query.sort
        if sort == "relevance" and self._text:
            return self._by_relevance(self._text)
        if sort == "relevance":
            sort = "-updated"
        name, descending = sort.removeprefix("-"), sort.startswith("-")
        if name == "distance":
            return self._by_distance(descending)
        memory = self._memory
        return self._by_key(memory.orders.get(name) or memory.numbers.get(name) or Order(), descending)

    def _by_relevance(self, text: Relevance) -> Iterator[Ranked]:
        after = self._after
        for stage, tier in text.scores.tiers(self.rows, after.stage if after else None):
            behind = (after.key, after.id) if after and after.stage == stage else None
            for length, record_id, row in self._by_length(tier, behind):
                yield self._hit(Position(stage, length, record_id), row, score=stage / text.best)

    def _by_length(self, tier: BitMap, behind: tuple[Key, str] | None) -> Iterator[Item]:
        """A small tier is sorted faster than every block of the order is looked at."""
        memory = self._memory
        if len(tier) > _SORTED_AT_ONCE:
            return memory.orders[STATIC].walk(tier, behind, descending=False)
        items: Iterable[Item] = sorted((memory.lengths[row], memory.ids[row], row) for row in tier)
        return (item for item in items if behind is None or item[:2] > behind)

    def _by_key(self, order: Order, descending: bool) -> Iterator[Ranked]:
        """Documents without the key come last in both directions."""
        after = self._after
        behind = (after.key, after.id) if after else None
        if after is None or after.stage == 0:
            for key, record_id, row in order.walk(self.rows, behind, descending):
                yield self._hit(Position(0, key, record_id), row)
            behind = None
        for length, record_id, row in self._by_length(self.rows - order.rows, behind):
            yield self._hit(Position(1, length, record_id), row)

    def _by_distance(self, descending: bool) -> Iterator[Ranked]:
        near, after, memory = self._query.near, self._after, self._memory
        if near is None:
            return
        beyond = float(after.key) if after else None
        level: list[tuple[float, str, int]] = []
        for km, rows in memory.grid.walk(near, self.rows, beyond, descending):
            if level and level[0][0] != km:
                yield from self._level(level, descending)
                level = []
            level += [(km, memory.ids[row], row) for row in rows]
        yield from self._level(level, descending)

    def _level(self, level: list[tuple[float, str, int]], descending: bool) -> Iterator[Ranked]:
        """Hits at one distance in the order of their ids, those before the cursor left out."""
        after = self._after
        for km, record_id, row in sorted(level, reverse=descending):
            if after is None or km != after.key or (record_id < after.id if descending else record_id > after.id):
                yield self._hit(Position(0, km, record_id), row)

    def _hit(self, position: Position, row: int, score: float = 0.0) -> Ranked:
        near, place = self._query.near, self._memory.places.get(row)
        km = distance_km(near.lat, near.lon, *place) if near and place else None
        return Ranked(position, row, score, km)
