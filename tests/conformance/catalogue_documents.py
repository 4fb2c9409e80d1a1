"""Documents for the catalogue's suite, and how it asks."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import orjson

from hub.kernel.terms import pinyin_terms, segmented
from hub.ports.catalogue import Catalogue, Document, Hit, Query

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
