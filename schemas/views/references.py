"""Which records a record refers to, and under which keys others may refer to it.

A reference carries every id that its identifiers could stand for, since a record has the id of its strongest
identifier only and a reference may know another. Names identify as well, but weakly: a weak key is `~` and the id that
the record would have if its name were an identifier, for kinds that belong to an organisation its name within that
organisation. A reference by name that tells no organisation is read within the one its own record belongs to. So a
project's member without ORCID iD meets the expert of that name at the project's lead organisation, and nobody else.

A document also lists, under OWN, every key it answers to besides its id, each behind `=`: what is linked to such a key
is the record itself. A weak key finds a record only where one record alone answers to it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from hub.kernel.identifiers import record_id
from hub.kernel.records import Record
from schemas.fields import by_path
from schemas.kind import Kind, kinds, value_at
from schemas.views.visibility import PUBLIC, Node, layout

OWN = "="
WEAK = "~"
KEYS_LIMIT = 1_000
"""Links of one record; what is beyond is not searched by, and still shown."""
ALIASES_LIMIT = 32

NAMES = ("name_zh", "name_en")
_BELONGING = ("Affiliation.OrgUnit", "Owner.OrgUnit", "PartOf.OrgUnit", "Consortium.Coordinator.OrgUnit")
"""CERIF's words for the organisation that a person, equipment, unit or project belongs to."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One public reference: the field's path, the kind it refers to, what it says, and its keys, strongest first."""

    path: str
    refers: str
    value: Mapping[str, Any]
    keys: tuple[str, ...]


def references(kind: Kind, public: Mapping[str, Any]) -> list[Reference]:
    """Every reference in the public fields, in their order."""
    places = _places(kind)
    if not places:
        return []
    belongs = affiliation(kind)
    organisation = public if belongs == "" else public.get(belongs) if belongs else None
    known = kinds()
    return [
        Reference(place.path, refers.name, value, _kept_keys(refers, value, organisation))
        for place in places
        if (refers := known.get(place.refers)) is not None
        for value in _values(public, place.names)
    ]


def _kept_keys(kind: Kind, value: Mapping[str, Any], organisation: Any) -> tuple[str, ...]:
    return _keys(kind, orjson.dumps(value), orjson.dumps(organisation if affiliation(kind) else None))


@lru_cache(maxsize=16_384)
def _keys(kind: Kind, value: bytes, organisation: bytes) -> tuple[str, ...]:
    """`keys_of` of JSON: what an organisation owns refers to it in the same words."""
    return keys_of(kind, orjson.loads(value), orjson.loads(organisation))


def links_of(found: list[Reference]) -> dict[str, tuple[str, ...]]:
    """The keys by field path."""
    links: dict[str, dict[str, None]] = {}
    remaining = KEYS_LIMIT
    for reference in found:
        keys = links.setdefault(reference.path, {})
        before = len(keys)
        keys.update(dict.fromkeys(reference.keys[:remaining]))
        remaining -= len(keys) - before
    return {path: tuple(keys) for path, keys in links.items() if keys}


def keys_of(kind: Kind, value: Mapping[str, Any], organisation: Any) -> tuple[str, ...]:
    """The keys of a reference to a record of this kind.

    `organisation` is where a reference that names none is read. Its names and the organisation's go together by
    language, so that a reference has few weak keys; the record itself answers to every pair.
    """
    belongs = affiliation(kind)
    if belongs and organisation and not value.get(belongs):
        value = {**value, belongs: organisation}
    pairs = _pairs(value, belongs)
    paired = [pair for pair in pairs if pair[0] == pair[2]] or pairs
    return (*_ids(kind, value), *(_weak(kind.name, name, within) for _, name, _, within in paired))


def aliases(kind: Kind, record: Record, public: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys besides its id that references to this record may carry; none for a kind that nothing refers to."""
    if kind.name not in _referred(tuple(kinds().values())):
        return record.same_as[:ALIASES_LIMIT]
    weak = (_weak(kind.name, name, within) for _, name, _, within in _pairs(public, affiliation(kind)))
    keys = dict.fromkeys((*_ids(kind, public), *weak, *record.same_as))
    keys.pop(record.id, None)
    return tuple(keys)[:ALIASES_LIMIT]


def _ids(kind: Kind, value: Mapping[str, Any]) -> list[str]:
    """The id by each of the kind's identities that the value has."""
    found = []
    for identity in kind.identity:
        parts = [value_at(value, path) for path in identity.paths]
        if all(parts):
            found.append(_id(kind.name, identity.scheme, *(str(part) for part in parts)))
    return found


def _pairs(value: Mapping[str, Any], belongs: str | None) -> list[tuple[str, str, str, str]]:
    """Each name with each name of the organisation it is read within, as (field, name, field, name)."""
    names = [(field, str(value[field])) for field in NAMES if value.get(field)]
    if not belongs:
        return [(field, name, field, "") for field, name in names]
    within = value.get(belongs)
    if not isinstance(within, Mapping):
        return []
    return [(field, name, of, str(within[of])) for field, name in names for of in NAMES if within.get(of)]


def affiliation(kind: Kind) -> str | None:
    """The field that names the organisation a record of this kind belongs to; "" for an organisation itself.

    The one in its identifiers, else the one that CERIF calls so, else the first single reference to an organisation.
    """
    return _affiliation(kind)


@lru_cache(maxsize=256)
def _affiliation(kind: Kind) -> str | None:
    if kind.name == "organisation":
        return ""
    specs = by_path(kind)
    single = [spec for spec in specs.values() if spec.meta.refers == "organisation" and spec.path == spec.top]
    single = [spec for spec in single if not spec.multiple]
    identifying = {path.split(".")[0] for identity in kind.identity for path in identity.paths if "." in path}
    for spec in single:
        if spec.path in identifying or spec.meta.crosswalk.cerif in _BELONGING:
            return spec.path
    return single[0].path if single else None


@lru_cache(maxsize=1)
def _referred(known: tuple[Kind, ...]) -> frozenset[str]:
    """The kinds that some of these refer to."""
    return frozenset(spec.meta.refers for kind in known for spec in by_path(kind).values())


@dataclass(frozen=True, slots=True)
class _Place:
    """A field that refers to records of a kind; `names` lead to it."""

    path: str
    names: tuple[str, ...]
    refers: str


@lru_cache(maxsize=256)
def _places(kind: Kind) -> tuple[_Place, ...]:
    return tuple(_referring(layout(kind)))


def _referring(nodes: Mapping[str, Node]) -> Iterator[_Place]:
    for node in nodes.values():
        if node.spec.openness in PUBLIC and node.spec.part is not None:
            if node.spec.meta.refers:  # what stands inside a reference is said of the other record
                yield _Place(node.spec.path, tuple(node.spec.path.split(".")), node.spec.meta.refers)
            else:
                yield from _referring(node.members)


def _values(public: Mapping[str, Any], names: tuple[str, ...]) -> Iterable[Mapping[str, Any]]:
    """The parts at the end of the names, through lists."""
    found: Iterable[Any] = (public,)
    for name in names:
        found = [value for holder in found if isinstance(holder, dict) for value in _each(holder.get(name))]
    return [value for value in found if isinstance(value, dict)]


def _each(value: Any) -> Iterable[Any]:
    if isinstance(value, list | tuple):
        return value
    return () if value is None else (value,)


def _weak(kind: str, name: str, organisation: str) -> str:
    return WEAK + _id(kind, "name", name, organisation)


_id = lru_cache(maxsize=16_384)(record_id)  # few organisations are referred to by many records
