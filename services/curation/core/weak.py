"""Weak duplicates: records that may be one thing under two ids, for a person to decide."""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any

from hub.kernel.identifiers import normalised
from schemas.fields import fields_of
from schemas.kind import Identity, Kind, RecordModel, value_at

NAMES = ("name_zh", "name_en")


def weak_keys(kind: Kind, fields: Mapping[str, Any]) -> frozenset[int]:
    """Numbers of 64 bits, signed; records that share one may be the same thing.

    A key is a normalised name, within the organisation that the record belongs to where its kind has one. A record
    without a name, or without that organisation, has no key.
    """
    names = [normalised(str(fields[name])) for name in NAMES if fields.get(name)]
    if not names:
        return frozenset()
    belongs = _belongs_to(kind)
    within = [""] if belongs is None else list(_organisations(fields.get(belongs)))
    return frozenset(_number(kind.name, name, organisation) for name in names for organisation in within)


def may_be_same(kind: Kind, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two records that share a weak key can be one: not where an identifier tells them apart."""
    for identity in kind.identity:
        mine = [value_at(one, path) for path in identity.paths]
        theirs = [value_at(other, path) for path in identity.paths]
        if all(mine) and all(theirs) and [normalised(str(x)) for x in mine] != [normalised(str(x)) for x in theirs]:
            return False
    return True


def _belongs_to(kind: Kind) -> str | None:
    """The field that names the record's organisation: the one in its identifiers, else the first such reference."""
    known = (kind.model, kind.identity)
    if known not in _owners:
        _owners[known] = next(_owner_fields(kind), None)
    return _owners[known]


_owners: dict[tuple[type[RecordModel], tuple[Identity, ...]], str | None] = {}


def _owner_fields(kind: Kind) -> Iterator[str]:
    for identity in kind.identity:
        yield from (path.split(".")[0] for path in identity.paths if "." in path)
    for spec in fields_of(kind):
        if spec.meta.refers == "organisation" != kind.name and not spec.multiple and spec.path == spec.top:
            yield spec.path


def _organisations(reference: object) -> Iterator[str]:
    if isinstance(reference, Mapping):
        for scheme, names in (("uscc", ("uscc",)), ("name", ("name_zh", "name_en"))):
            value = next((reference[name] for name in names if reference.get(name)), None)
            if value:
                yield f"{scheme}:{normalised(str(value))}"


def _number(*parts: str) -> int:
    return int.from_bytes(blake2b("\x1f".join(parts).encode(), digest_size=8).digest(), "big", signed=True)
