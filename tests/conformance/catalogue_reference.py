"""The plainest catalogue that there could be, and random documents and queries to compare others with it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from hub.ports.catalogue import FACET_LIMIT, Box, Document, Near, Query
from services.catalog.core.distances import distance_km
from tests.conformance.catalogue_documents import doc, withdrawn

WORDS = ("alpha", "bravo", "carbon", "delta")
PATHS = ("category", "status")


@st.composite
def documents(draw: st.DrawFn) -> list[Document]:
    """Few ids, so that versions replace each other."""
    made = []
    for _ in range(draw(st.integers(1, 25))):
        document = doc(
            draw(st.integers(0, 11)),
            " ".join(draw(st.lists(st.sampled_from(WORDS), max_size=2))),
            " ".join(draw(st.lists(st.sampled_from(WORDS), max_size=3))),
            version=draw(st.integers(1, 4)),
            kind=draw(st.sampled_from(("instrument", "project"))),
            facets={path: tuple(draw(st.lists(st.sampled_from("xyz"), unique=True, max_size=2))) for path in PATHS},
            numbers=draw(st.dictionaries(st.just("staff"), st.integers(-3, 3).map(float))),
            geo=draw(st.none() | st.tuples(st.sampled_from((-90.0, 0.0, 30.0)), st.sampled_from((-180.0, 0.1, 179.9)))),
        )
        made.append(document if draw(st.integers(0, 5)) else withdrawn(document))
    return made


@st.composite
def queries(draw: st.DrawFn) -> Query:
    filters = draw(st.dictionaries(st.sampled_from((*PATHS, "kind")), st.just(("x", "project")), max_size=2))
    near = draw(
        st.none() | st.builds(Near, st.sampled_from((0.0, 29.0)), st.sampled_from((0.0, -179.9)), st.just(200.0))
    )
    corners = st.sampled_from((Box(-10, -1, 40, 1), Box(-90, 179, 90, -179)))
    return Query(
        text=" ".join(draw(st.lists(st.sampled_from(WORDS), max_size=2))),
        kinds=draw(st.sampled_from(((), ("instrument",)))),
        filters=filters,
        ranges=draw(st.dictionaries(st.just("staff"), st.sampled_from(((0.0, None), (None, 1.0), (-1.0, 2.0))))),
        near=near,
        box=draw(st.none() | corners),
        sort=draw(st.sampled_from(("-staff", "staff", "-updated"))),
        size=draw(st.integers(1, 4)),
        facets=(*PATHS, "kind"),
    )


class Reference:
    """A catalogue by the letter of the port, over a list, without texts of more than whole terms."""

    def __init__(self, documents: Sequence[Document]) -> None:
        newest: dict[str, Document] = {}
        for document in documents:
            if document.id not in newest or document.version > newest[document.id].version:
                newest[document.id] = document
        self.active = [document for document in newest.values() if document.status == "active"]

    def matching(self, query: Query, without: str = "") -> list[Document]:
        return [document for document in self.active if _matches(document, query, without)]

    def counts(self, query: Query, path: str) -> tuple[tuple[str, int], ...]:
        among = self.matching(query, without=path)
        counted = Counter(value for document in among for value in _values(document, path))
        return tuple(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))[:FACET_LIMIT])

    def ordered(self, query: Query) -> list[str]:
        """By a number path or `updated`, ties by id; what lacks the number comes last, in the order of the ids."""
        name, descending = query.sort.removeprefix("-"), query.sort.startswith("-")
        among = self.matching(query)
        keyed = [(_key(document, name), document.id) for document in among]
        having = sorted((pair for pair in keyed if pair[0] is not None), reverse=descending)
        return [record_id for _, record_id in having] + sorted(pair[1] for pair in keyed if pair[0] is None)


def _key(document: Document, name: str) -> Any:
    return document.updated_at if name == "updated" else document.numbers.get(name)


def _values(document: Document, path: str) -> tuple[str, ...]:
    return (document.kind,) if path == "kind" else document.facets.get(path, ())


def _matches(document: Document, query: Query, without: str) -> bool:
    terms = set(document.title.split()) | set(document.body.split())
    if not set(query.text.split()) <= terms:
        return False
    if without != "kind" and query.kinds and document.kind not in query.kinds:
        return False
    if any(
        path != without and not set(values) & set(_values(document, path)) for path, values in query.filters.items()
    ):
        return False
    return _in_ranges(document.numbers, query) and _placed(document.geo, query.near, query.box)


def _in_ranges(numbers: Mapping[str, float], query: Query) -> bool:
    for path, (low, high) in query.ranges.items():
        number = numbers.get(path)
        if number is None or (low is not None and number < low) or (high is not None and number > high):
            return False
    return True


def _placed(geo: tuple[float, float] | None, near: Near | None, box: Box | None) -> bool:
    if near and (geo is None or distance_km(near.lat, near.lon, *geo) > near.km):
        return False
    if box is None:
        return True
    if geo is None or not box.south <= geo[0] <= box.north:
        return False
    if box.west <= box.east:
        return box.west <= geo[1] <= box.east
    return geo[1] >= box.west or geo[1] <= box.east
