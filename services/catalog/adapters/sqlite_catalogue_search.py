"""Answering a search from memory: which rows match, a page of them in the asked order, and counts."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from pyroaring import BitMap

from hub.ports.catalogue import FACET_LIMIT, PAGE_LIMIT, Query
from services.catalog.adapters.sqlite_catalogue_memory import STATIC, Memory
from services.catalog.adapters.sqlite_catalogue_orders import Item, Key, Order
from services.catalog.adapters.sqlite_catalogue_scores import Relevance, relevance
from services.catalog.adapters.sqlite_catalogue_terms import Reader
from services.catalog.core import cursor, paths
from services.catalog.core.cursor import Position
from services.catalog.core.distances import distance_km

_SORTED_AT_ONCE = 512
_BY_KIND = "\0kind"
KEPT_LIMIT = 64
Counted = tuple[tuple[str, int], ...]


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
    facets: Mapping[str, Counted]
    next_cursor: str | None


@dataclass(slots=True)
class Matches:
    """What a search found, kept for its next pages: rows by constraint, all of them together, and counts."""

    text: Relevance | None = None
    parts: dict[str, BitMap] = field(default_factory=dict)
    rows: BitMap = field(default_factory=BitMap)
    facets: dict[str, Counted] = field(default_factory=dict)


class Kept:
    """The latest searches of one state of the memory; to be cleared with every change of it."""

    def __init__(self) -> None:
        self._matches: OrderedDict[bytes, Matches] = OrderedDict()

    def clear(self) -> None:
        self._matches.clear()

    def get(self, searched: bytes) -> Matches | None:
        return self._matches.get(searched)

    def put(self, searched: bytes, matches: Matches) -> None:
        self._matches[searched] = matches
        if len(self._matches) > KEPT_LIMIT:
            self._matches.popitem(last=False)


class Search:
    """One search over one state of the memory. The caller keeps others from changing it meanwhile."""

    def __init__(self, memory: Memory, reader: Reader, query: Query, kept: Kept) -> None:
        self._memory = memory
        self._query = query
        self._after = cursor.decoded(query)
        self._check()
        searched = cursor.searched(query)
        self._found = kept.get(searched) or self._matches(reader)
        kept.put(searched, self._found)
        self.rows = self._found.rows

    def answer(self) -> Answer:
        size = max(1, min(self._query.size, PAGE_LIMIT))
        ranked = tuple(islice(self._ranked(), size + 1))
        more = len(ranked) > size
        facets = {path: self._counts(path) for path in self._query.facets}
        following = cursor.encoded(self._query, ranked[size - 1].position) if more else None
        return Answer(len(self.rows), ranked[:size], facets, following)

    def _check(self) -> None:
        memory = self._memory
        paths.check(self._query, (*paths.filters(), *memory.facets), (*paths.ranges(), *memory.numbers))

    def _matches(self, reader: Reader) -> Matches:
        found = Matches()
        if self._query.text.strip():
            found.text = relevance(reader, self._query.text, self._memory.live)
        found.parts = dict(self._constraints(found.text))
        found.rows = BitMap.intersection(self._memory.live, *found.parts.values())
        return found

    def _constraints(self, text: Relevance | None) -> Iterator[tuple[str, BitMap]]:
        """The rows that each part of the query allows, by a name that tells whose counts ignore it."""
        memory, query = self._memory, self._query
        if text:
            yield "\0text", text.rows
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

    def _counts(self, path: str) -> Counted:
        known = self._found.facets.get(path)
        if known is None:
            facet = self._memory.facets.get(path)
            known = facet.most_frequent(self._without(path), FACET_LIMIT) if facet else ()
            self._found.facets[path] = known
        return known

    def _without(self, path: str) -> BitMap:
        """The rows that match all but the constraint on the path itself."""
        own = {path, _BY_KIND} if path == paths.KIND else {path}
        parts = self._found.parts
        if not own & parts.keys():
            return self.rows
        return BitMap.intersection(self._memory.live, *(rows for name, rows in parts.items() if name not in own))

    def _ranked(self) -> Iterator[Ranked]:
        sort = self._query.sort
        if sort == "relevance" and self._found.text:
            return self._by_relevance(self._found.text)
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
