"""Weak duplicates: records that may be one thing under two ids, for a person to decide.

The numbers of keys are in the order in which stewards are asked: first those of identifiers that several records share,
then those of other signs that identifiers do not rule out, then those of names.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Literal

from hub.kernel.identifiers import normalised, skeleton
from schemas.fields import fields_of
from schemas.kind import Identity, Kind, RecordModel, Resemblance, value_at

Sign = Literal["identifier", "resemblance", "name"]
SKELETON_LENGTH = 6
"""Shorter numbers look alike by chance."""
_FIRST = -(2**63)
_WIDTH = 2**53
"""Numbers that are kept for identifiers, and as many after them for resemblances; few names had one of them before."""


def weak_keys(kind: Kind, fields: Mapping[str, Any]) -> frozenset[int]:
    """Numbers of 64 bits, signed; records that share one may be the same thing.

    A key is a normalised name (of those in the kind's title), within the organisation that the record belongs to where
    its kind has one, or else within its place; or what the kind says that two records of one thing have alike.
    """
    resembling = {_resemblance_key(kind, *sign) for sign in _resemblances(kind.alike, fields)}
    names = [normalised(str(fields[name])) for name in kind.title if fields.get(name)]
    within = _within(kind, fields) if names else ()
    return frozenset({*resembling, *(_name_key(kind.name, name, place) for name in names for place in within)})


def identifier_key(alias: str) -> int:
    """The key of records that share the identifier whose id this is."""
    return _FIRST + _number(alias) % _WIDTH


def shared_key(kind: Kind, left: Mapping[str, Any], right: Mapping[str, Any]) -> int | None:
    """The key at which the two are asked about, the first of those that they share."""
    identifiers = set(kind.identities(left)) & set(kind.identities(right))
    shared = {identifier_key(alias) for alias in identifiers} | (weak_keys(kind, left) & weak_keys(kind, right))
    return min(shared, default=None)


def sign_of(key: int) -> Sign:
    """What records that share the key have alike."""
    if key < _FIRST + _WIDTH:
        return "identifier"
    return "resemblance" if key < _FIRST + 2 * _WIDTH else "name"


def resemblance(kind: Kind, left: Mapping[str, Any], right: Mapping[str, Any]) -> tuple[str, ...]:
    """The paths of the first resemblance that the two have; empty where they have none."""
    for sign in kind.alike:
        mine, theirs = (next(_resemblances((sign,), fields), None) for fields in (left, right))
        if mine and mine == theirs:
            return sign.paths
    return ()


def may_be_same(kind: Kind, left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    """Whether two records that share a name can be one: not where an identifier tells them apart."""
    mine, theirs = kind.telling(left), kind.telling(right)
    return all(values == theirs[paths] for paths, values in mine.items() if paths in theirs)


def _resemblances(signs: Iterable[Resemblance], fields: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for sign in signs:
        values = [value_at(fields, path) for path in sign.paths]
        if not all(values):
            continue
        compared = [skeleton(str(value)) if sign.looks else normalised(str(value)) for value in values]
        if not sign.looks or len(compared[0]) >= SKELETON_LENGTH:
            yield (sign.name, *compared)


def _within(kind: Kind, fields: Mapping[str, Any]) -> Iterable[str]:
    belongs = _belongs_to(kind)
    if belongs is None:
        return ("",)
    if organisations := list(_organisations(fields.get(belongs))):
        return organisations
    place = fields.get("place")
    parts = [place.get(name) for name in ("division", "address")] if isinstance(place, Mapping) else []
    return [f"at {normalised(str(part))}" for part in parts if part]


def _belongs_to(kind: Kind) -> str | None:
    """The field that names the record's organisation: the one in its identifiers, else the first such reference."""
    known = _owners.get(kind.model)
    if known is None or known[0] is not kind.identity:
        known = _owners[kind.model] = (kind.identity, next(_owner_fields(kind), None))
    return known[1]


_owners: dict[type[RecordModel], tuple[tuple[Identity, ...], str | None]] = {}


def _owner_fields(kind: Kind) -> Iterator[str]:
    for identity in kind.identity:
        yield from (path.split(".")[0] for path in identity.paths if "." in path)
    for spec in fields_of(kind):
        if spec.meta.refers == "organisation" != kind.name and not spec.multiple and spec.path == spec.top:
            yield spec.path


def _organisations(reference: object) -> Iterator[str]:
    if isinstance(reference, Mapping):
        if uscc := reference.get("uscc"):
            yield _folded(str(uscc))
        if name := reference.get("name_zh") or reference.get("name_en"):
            yield _folded(str(name))


_folded = lru_cache(maxsize=4_096)(normalised)  # few organisations own many records


def _resemblance_key(kind: Kind, *sign: str) -> int:
    return _FIRST + _WIDTH + _number("\x1f".join((kind.name, *sign))) % _WIDTH


def _name_key(kind: str, name: str, organisation: str) -> int:
    number = _number(f"{kind}\x1f{name}\x1f{organisation}")
    return number if sign_of(number) == "name" else number + 2 * _WIDTH


def _number(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)
