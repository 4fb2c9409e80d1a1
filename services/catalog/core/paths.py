"""The paths that searches may name: what is filtered, counted, ranged over and sorted by, across kinds.

A path such as `place.division` is one path for all the kinds that have it. `among` limits each answer to the paths of
these kinds; empty means every kind. Kinds registered at run time are seen at once.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from hub.kernel.problems import Problem, Refusal, quoted
from hub.ports.catalogue import Query
from hub.text.language import Bilingual
from hub.text.messages import bilingual
from schemas.annotations import Search
from schemas.fields import by_path
from schemas.kind import Kind, kinds

KIND = "kind"
"""The path of the record kind itself, counted and filtered like any other."""
GENERAL_SORTS = ("relevance", "updated", "title", "distance")

_EXACT: frozenset[Search] = frozenset({"keyword", "facet"})
_COUNTED: frozenset[Search] = frozenset({"facet"})
_RANGED: frozenset[Search] = frozenset({"number", "date"})
_KIND_LABEL = bilingual("catalog.kind-label")


@dataclass(frozen=True, slots=True)
class SearchPath:
    """One path: its label, the kinds that have it, and the code list of its values, empty where they are free."""

    path: str
    label: Bilingual
    kinds: tuple[str, ...]
    codes: str = ""
    role: Search = "facet"


def facets(among: Collection[str] = ()) -> Mapping[str, SearchPath]:
    """Paths whose values are counted."""
    return {KIND: _kind_path(), **_with_role(_COUNTED, among)}


def filters(among: Collection[str] = ()) -> Mapping[str, SearchPath]:
    """Paths of exact values."""
    return {KIND: _kind_path(), **_with_role(_EXACT, among)}


def ranges(among: Collection[str] = ()) -> Mapping[str, SearchPath]:
    """Paths of numbers and dates (days since 1970)."""
    return _with_role(_RANGED, among)


def sorts(among: Collection[str] = ()) -> tuple[str, ...]:
    """The orders to sort by; each but `relevance` may have `-` in front."""
    return (*GENERAL_SORTS, *ranges(among))


def required(path: str, allowed: Iterable[str], code: str, field: str) -> str:
    """The path, where it is allowed. Raises Refusal (400) that tells the closest one."""
    known = list(allowed)
    if path in known:
        return path
    near = get_close_matches(path, known, n=1, cutoff=0.5)
    if near:
        expected = bilingual("catalog.known-path-closest", name=near[0])
    else:
        expected = bilingual("catalog.one-of", names=", ".join(known[:60]))
    raise Refusal(Problem(code, expected, quoted(path), field), status=400)


def check(query: Query, exact: Collection[str], numbers: Collection[str]) -> None:
    """Raises Refusal (400) where the query names a path that is not among these, or an order that there is not."""
    for path in query.filters:
        required(path, exact, "unknown-path", f"f.{path}")
    for path in query.facets:
        required(path, exact, "unknown-path", "facets")
    for path in query.ranges:
        required(path, numbers, "unknown-path", path)
    orders = ["relevance", *(f"{sign}{name}" for name in ("updated", "title", *numbers) for sign in ("", "-"))]
    if query.near:
        orders += ["distance", "-distance"]
    required(query.sort, orders, "unknown-sort", "sort")


def _kind_path() -> SearchPath:
    return SearchPath(KIND, _KIND_LABEL, tuple(kinds()))


def _with_role(roles: frozenset[Search], among: Collection[str]) -> Mapping[str, SearchPath]:
    return _paths(roles, tuple(kind for name, kind in kinds().items() if not among or name in among))


@lru_cache(maxsize=256)
def _paths(roles: frozenset[Search], chosen: tuple[Kind, ...]) -> Mapping[str, SearchPath]:
    paths: dict[str, SearchPath] = {}
    for kind, spec in ((one, spec) for one in chosen for spec in by_path(one).values()):
        if spec.openness != "public" or spec.type == "part" or spec.meta.search not in roles:
            continue
        known = paths.get(spec.path)
        having = (*known.kinds, kind.name) if known else (kind.name,)
        label = known.label if known else spec.label
        paths[spec.path] = SearchPath(spec.path, label, having, spec.meta.codes, spec.meta.search)
    return paths
