"""Weak duplicates: records that may be one thing under two ids, for a person to decide."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from hub.kernel.identifiers import normalised
from schemas.fields import fields_of
from schemas.kind import Identity, Kind, RecordModel, value_at


def weak_keys(kind: Kind, fields: Mapping[str, Any]) -> frozenset[int]:
    """Numbers of 64 bits, signed; records that share one may be the same thing.

    A key is a normalised name (of those in the kind's title), within the organisation that the record belongs to where
    its kind has one. A record without a name, or without that organisation, has no key.
    """
    names = [normalised(str(fields[name])) for name in kind.title if fields.get(name)]
    if not names:
        return frozenset()
    belongs = _belongs_to(kind)
    within = [""] if belongs is None else list(_organisations(fields.get(belongs)))
    return frozenset(_number(kind.name, name, organisation) for name in names for organisation in within)


def may_be_same(kind: Kind, left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    """Whether two records that share a weak key can be one: not where an identifier tells them apart.

    A name that is part of an identifier does not: whether it is written otherwise or another is what a person decides.
    """
    for identity in kind.identity:
        paths = [path for path in identity.paths if path not in kind.title]
        mine = [value_at(left, path) for path in paths]
        theirs = [value_at(right, path) for path in paths]
        if all(mine) and all(theirs) and [normalised(str(x)) for x in mine] != [normalised(str(x)) for x in theirs]:
            return False
    return True


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


def _number(kind: str, name: str, organisation: str) -> int:
    named = f"{kind}\x1f{name}\x1f{organisation}".encode()
    return int.from_bytes(blake2b(named, digest_size=8).digest(), "big", signed=True)
