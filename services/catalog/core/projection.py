"""What the catalogue keeps of a record: its public part, made searchable by the roles that its kind gives fields."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import orjson

from hub.kernel.canonical import canonical_json, digest_of
from hub.kernel.records import Record, Status
from hub.kernel.terms import pinyin_terms, segmented
from hub.ports.catalogue import Document
from schemas.codes import code_list
from schemas.kind import Kind, kind_named
from schemas.views.labels import label
from schemas.views.references import OWN, aliases, links_of, references
from schemas.views.titles import geo_of
from schemas.views.visibility import PUBLIC, Node, layout, visible


def digest_line(record_id: str, kind: str, status: Status, public: bytes) -> bytes:
    """One document's line; `public` is JSON in any order of keys, `{}` of a withdrawn document."""
    return canonical_json({"id": record_id, "kind": kind, "status": status, "public": orjson.loads(public)})


def document_digest_line(document: Document) -> bytes:
    return digest_line(document.id, document.kind, document.status, document.public)


def digest_of_documents(documents: Iterable[Document]) -> str:
    """The digest that a catalogue of these documents has."""
    return digest_of(map(document_digest_line, documents))


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
    public = visible(layout(kind), record.fields, PUBLIC)
    walk = _Walk()
    walk.take(_steps(kind), public)
    links = links_of(references(kind, public))
    if own := aliases(kind, record, public):
        links[OWN] = tuple(f"{OWN}{key}" for key in own)
    return Document(
        id=record.id,
        kind=record.kind,
        version=record.version,
        status=record.status,
        updated_at=record.updated_at,
        title=segmented("\n".join(walk.titles)),
        body=" ".join((segmented("\n".join(walk.texts)), *walk.terms)),
        pinyin=pinyin_terms("\n".join(walk.titles)),
        facets={path: tuple(values)[:VALUES_LIMIT] for path, values in walk.facets.items()},
        numbers=walk.numbers,
        geo=geo_of(kind, public),
        suggest=tuple(dict.fromkeys(walk.titles))[:SUGGESTIONS_LIMIT],
        links=links,
        public=orjson.dumps(public),
    )


class _Walk:
    """What one walk over the public fields gathers."""

    __slots__ = ("facets", "numbers", "terms", "texts", "titles")

    def __init__(self) -> None:
        self.titles: list[str] = []
        self.texts: list[str] = []
        self.terms: list[str] = []
        self.facets: dict[str, dict[str, None]] = {}
        self.numbers: dict[str, float] = {}

    def take(self, steps: Mapping[str, "_Step"], fields: Mapping[str, Any]) -> None:
        for name, value in fields.items():
            step = steps.get(name)
            if step is None:
                continue
            for item in value if isinstance(value, list | tuple) else (value,):
                if step.members:
                    self.take(step.members, item)
                else:
                    step.add(self, step, item)

    def title(self, _: "_Step", value: Any) -> None:
        self.titles.append(value)

    def text(self, _: "_Step", value: Any) -> None:
        self.texts.append(str(value))

    def number(self, step: "_Step", value: Any) -> None:
        self.numbers.setdefault(step.path, float(value))

    def date(self, step: "_Step", value: Any) -> None:
        self.numbers.setdefault(step.path, float(days_since_1970(value)))

    def code(self, step: "_Step", value: Any) -> None:
        self.facets.setdefault(step.path, {}).update(dict.fromkeys(coded(step.codes, value)))
        self.terms.append(_label_terms(step.codes, value))

    def exact(self, step: "_Step", value: Any) -> None:
        flag = value is True or value is False
        text = str(value).lower() if flag else str(value)
        self.facets.setdefault(step.path, {})[text] = None
        if not flag:
            self.terms.append(_terms(text))


@dataclass(frozen=True, slots=True)
class _Step:
    """What the walk does at one field: go into its members, or add its value."""

    path: str
    codes: str
    members: Mapping[str, "_Step"]
    add: Callable[[_Walk, "_Step", Any], None]


_ADDING: Mapping[str, Callable[[_Walk, _Step, Any], None]] = {
    "title": _Walk.title,
    "text": _Walk.text,
    "number": _Walk.number,
    "date": _Walk.date,
}


@lru_cache(maxsize=256)
def _steps(kind: Kind) -> Mapping[str, _Step]:
    return _steps_in(layout(kind))


def _steps_in(nodes: Mapping[str, Node]) -> dict[str, _Step]:
    """Fields that are not searched are left out, and parts of which none is."""
    steps = {}
    for name, node in nodes.items():
        meta, members = node.spec.meta, _steps_in(node.members)
        if members or (meta.search != "none" and not node.members):
            add = _ADDING.get(meta.search, _Walk.code if meta.codes else _Walk.exact)
            steps[name] = _Step(node.spec.path, meta.codes, members, add)
    return steps


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
