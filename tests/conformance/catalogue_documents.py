"""Documents for the catalogue's suite, and the plainest catalogue that there could be to compare with."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from hub.kernel.text import pinyin_terms, segmented
from hub.ports.catalogue import FACET_LIMIT, Box, Catalogue, Document, Hit, Near, Query
from services.catalog.adapters.sqlite_catalogue_geo import distance_km

HANGZHOU = (30.26, 120.12)


def doc(number: int, name: str = "", text: str = "", *, version: int = 1, **values: Any) -> Document:
    """An active document; `values` are those of Document, and `kind`."""
    kind = values.pop("kind", "instrument")
    names = values.pop("suggest", (name,) if name else ())
    public = {"name_zh": name, "description": text, **values.pop("public", {})}
    return Document(
        id=f"{kind}-{number:03}",
        kind=kind,
        version=version,
        status="active",
        updated_at=values.pop("updated_at", f"2026-01-01T00:00:{number % 60:02}.000000Z"),
        title=segmented(name),
        body=segmented(text),
        pinyin=pinyin_terms(name),
        suggest=names,
        public=orjson.dumps({name: value for name, value in public.items() if value}),
        **values,
    )


def withdrawn(document: Document) -> Document:
    return Document(document.id, document.kind, document.version + 1, "withdrawn", document.updated_at)


def newer(document: Document, **changes: Any) -> Document:
    return replace(document, version=document.version + 1, **changes)


def ids(hits: Iterable[Hit]) -> list[str]:
    return [hit.id for hit in hits]


def found(catalogue: Catalogue, text: str, **asked: Any) -> list[str]:
    return ids(catalogue.search(Query(text=text, **asked)).hits)


def walked(catalogue: Catalogue, query: Query) -> list[str]:
    """The ids of every page, and the proof that each page tells the same total."""
    seen: list[str] = []
    totals = set()
    while True:
        page = catalogue.search(query)
        seen += ids(page.hits)
        totals.add(page.total)
        if page.next_cursor is None:
            assert len(totals) == 1
            return seen
        assert len(page.hits) == query.size
        query = replace(query, cursor=page.next_cursor)


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
