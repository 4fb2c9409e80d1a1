"""What the catalogue keeps of a record: its public part, made searchable by the roles that its kind gives fields."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

import orjson

from hub.kernel.records import Record
from hub.kernel.text import pinyin_terms, segmented
from hub.ports.catalogue import Document
from schemas.codes import code_list
from schemas.kind import kind_named
from services.catalog.core.layout import PUBLIC, Node, layout, visible
from services.catalog.core.links import OWN, aliases, links_of, references
from services.catalog.core.presenting import geo_of
from services.catalog.core.shown import label

VALUES_LIMIT = 200
"""Exact values of one field that are kept for filters and counts."""
SUGGESTIONS_LIMIT = 20
_EPOCH = date(1970, 1, 1).toordinal()


def document(record: Record) -> Document:
    """The record's document; of a withdrawn one the id, kind, version and time alone.

    KeyError where nobody has registered its kind. Equal for equal records, whatever else is in the catalogue.
    """
    kind = kind_named(record.kind)
    if record.status != "active":
        return Document(record.id, record.kind, record.version, record.status, record.updated_at)
    nodes = layout(kind)
    public = visible(nodes, record.fields, PUBLIC)
    found = _Found()
    found.take(nodes, public)
    links = links_of(references(kind, public))
    if own := aliases(kind, record, public):
        links[OWN] = tuple(f"{OWN}{key}" for key in own)
    return Document(
        id=record.id,
        kind=record.kind,
        version=record.version,
        status=record.status,
        updated_at=record.updated_at,
        title=segmented("\n".join(found.titles)),
        body=" ".join((segmented("\n".join(found.texts)), *found.terms)),
        pinyin=pinyin_terms("\n".join(found.titles)),
        facets={path: tuple(values)[:VALUES_LIMIT] for path, values in found.facets.items()},
        numbers=found.numbers,
        geo=geo_of(kind, public),
        suggest=tuple(dict.fromkeys(found.titles))[:SUGGESTIONS_LIMIT],
        links=links,
        public=orjson.dumps(public),
    )


class _Found:
    """What one walk over the public fields gathers."""

    __slots__ = ("facets", "numbers", "terms", "texts", "titles")

    def __init__(self) -> None:
        self.titles: list[str] = []
        self.texts: list[str] = []
        self.terms: list[str] = []
        self.facets: dict[str, dict[str, None]] = {}
        self.numbers: dict[str, float] = {}

    def take(self, nodes: Mapping[str, Node], fields: Mapping[str, Any]) -> None:
        for name, value in fields.items():
            node = nodes[name]
            if node.spec.meta.search == "none" and not node.members:
                continue
            for item in value if isinstance(value, list | tuple) else (value,):
                if node.members:
                    self.take(node.members, item)
                else:
                    self.add(node, item)

    def add(self, node: Node, value: Any) -> None:
        spec, role = node.spec, node.spec.meta.search
        if role == "title":
            self.titles.append(value)
        elif role == "text":
            self.texts.append(str(value))
        elif role == "number":
            self.numbers.setdefault(spec.path, float(value))
        elif role == "date":
            self.numbers.setdefault(spec.path, float(days_since_1970(value)))
        elif spec.meta.codes:
            self.exact(spec.path, coded(spec.meta.codes, value))
            self.terms.append(_label_terms(spec.meta.codes, value))
        elif value is True or value is False:
            self.exact(spec.path, ("true" if value else "false",))
        else:
            self.exact(spec.path, (str(value),))
            self.terms.append(_terms(str(value)))

    def exact(self, path: str, values: tuple[str, ...]) -> None:
        self.facets.setdefault(path, {}).update(dict.fromkeys(values))


def days_since_1970(text: str) -> int:
    """Of a date, or of the UTC date of an instant of RFC 3339."""
    return date.fromisoformat(text[:10]).toordinal() - _EPOCH


@lru_cache(maxsize=8_192)
def coded(codes: str, code: str) -> tuple[str, ...]:
    """The exact values a code stands for: a division of GB/T 2260 lies in its prefecture and its province too."""
    if codes != "division":
        return (code,)
    return tuple(dict.fromkeys((code, f"{code[:4]}00", f"{code[:2]}0000")))


@lru_cache(maxsize=8_192)
def _label_terms(codes: str, code: str) -> str:
    named = (label(codes, code, "zh"), label(codes, code, "en"))
    return segmented(" ".join(dict.fromkeys((code, *named) if code in code_list(codes) else (code,))))


@lru_cache(maxsize=16_384)
def _terms(text: str) -> str:
    """Names of organisations and fields come again and again."""
    return segmented(text)
