"""One record out of what several sources say of it, by authority.

A field's value comes from the contribution that stands first in the field's order of authorities: that of the kind's
policy, else the field's own, else the kind's. An authority that the order leaves out may not set the field. Among equal
authorities the newer one stands first where both state their version as a time; versions that merely count cannot be
compared between sources, so the source's id and its record's id decide there, after all that state a time. Times of
arrival play no part: the result depends on what was said, not on when it came.

A field that is stated to be empty hides what lower authorities say of it; an equal one that has a value goes before.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from hub.kernel.contributions import Contribution, Preference, values_digest
from hub.kernel.records import Authority, Conflict, SourceRef
from hub.kernel.versions import EARLIEST_TIME
from schemas.annotations import Meta
from schemas.kind import Kind, RecordModel
from schemas.policies import Rule, policies

CONFLICT_VALUES = 16
"""Different values of one field that are shown to stewards."""
CONFLICT_CHARS = 500
"""Of a value that is longer only as much is shown."""
CONFLICTS_BYTES = 2**17
"""Of all that the sources of one record disagree on; beyond it two values a field are shown."""


@dataclass(frozen=True, slots=True)
class Merged:
    """The part of a record that its contributions decide; indices point into `sources`."""

    fields: dict[str, Any]
    provenance: dict[str, int]
    sources: tuple[SourceRef, ...]
    conflicts: tuple[Conflict, ...]


NOTHING = Merged({}, {}, (), ())

_Order = tuple[Authority, ...]
_Statement = tuple[int, Any]
"""An index into the sources, and the value."""


def merged(kind: Kind, contributions: Iterable[Contribution], preferences: Iterable[Preference] = ()) -> Merged:
    """Merge the live contributions (withdrawn ones do not count) of one kind; any order gives equal results.

    Each has the authority that it has about this record. Preferences are given oldest first.
    """
    live = sorted((one for one in contributions if not one.claim.withdrawn), key=_standing)
    if not live:
        return NOTHING
    sources = tuple(contribution.ref() for contribution in live)
    orders = _orders(kind, live)
    if len(live) == 1:
        fields = _permitted(live[0], kind.authority, orders)
        return Merged(fields, dict.fromkeys(fields, 0), sources, ())
    preferred = {choice.field: choice for choice in preferences}
    fields, provenance, conflicts = {}, {}, []
    for name in sorted({name for contribution in live for name in contribution.fields}):
        statements = _in_order(name, live, orders.get(name, kind.authority))
        if not statements or statements[0][1] is None:
            continue
        equals = _equals(statements, live)
        settled = _settled(preferred.get(name), statements, equals, live)
        fields[name], provenance[name] = (settled or statements[0])[::-1]
        different = () if settled else _different(equals)
        if different:
            conflicts.append(Conflict(name, different))
    return Merged(fields, provenance, sources, _bounded(conflicts))


def statements_of(kind: Kind, contributions: Iterable[Contribution], name: str) -> list[tuple[Contribution, Any]]:
    """What the sources that stand highest say of a field, the first one first; what is empty is left out."""
    live = sorted((one for one in contributions if not one.claim.withdrawn), key=_standing)
    statements = _in_order(name, live, _orders(kind, live).get(name, kind.authority))
    return [(live[index], value) for index, value in _equals(statements, live)] if statements else []


@lru_cache(maxsize=256)
def field_orders(model: type[RecordModel]) -> Mapping[str, _Order]:
    """The order of authorities of each field that has one of its own."""
    own: dict[str, _Order] = {}
    for name, info in model.model_fields.items():
        for item in info.metadata:
            if isinstance(item, Meta) and item.authority is not None:
                own[name] = item.authority
    return own


def _orders(kind: Kind, live: Sequence[Contribution]) -> Mapping[str, _Order]:
    own = field_orders(kind.model)
    rules = policies(kind.name)
    if not rules:
        return own
    context = {name: _context_value(kind, live, name, own) for name in _conditions(kind.name)}
    return {**own, **{name: _order(order, tuple(context.items())) for name, order in rules.items()}}


def _context_value(kind: Kind, live: Sequence[Contribution], name: str, own: Mapping[str, _Order]) -> Any:
    statements = _in_order(name, live, own.get(name, kind.authority))
    return statements[0][1] if statements else None


@lru_cache(maxsize=64)
def _conditions(kind: str) -> frozenset[str]:
    """The fields that the kind's policy looks at; they have no conditions of their own."""
    return frozenset(rule.field for order in policies(kind).values() for rule in order if rule.field)


@lru_cache(maxsize=1_024)
def _order(rules: tuple[Rule, ...], context: tuple[tuple[str, Any], ...]) -> _Order:
    return tuple(dict.fromkeys(rule.authority for rule in rules if rule.holds(dict(context))))


def _standing(contribution: Contribution) -> tuple[int, str, str, str]:
    """The order among equal authorities, which every contribution has whatever its authority."""
    newest_first = -max(contribution.claim.source_version, EARLIEST_TIME - 1)  # all that merely count are alike
    return (newest_first, contribution.source, contribution.source_record_id, contribution.organisation)


def _permitted(sole: Contribution, kind_order: _Order, orders: Mapping[str, _Order]) -> dict[str, Any]:
    authority = sole.claim.authority
    return {
        name: value
        for name, value in sole.fields.items()
        if value is not None and authority in orders.get(name, kind_order)
    }


def _in_order(name: str, live: Sequence[Contribution], order: _Order) -> list[_Statement]:
    """What each contribution that may set the field and does says, the first one first."""
    statements = [
        (index, contribution.fields[name])
        for index, contribution in enumerate(live)
        if name in contribution.fields and contribution.claim.authority in order
    ]
    statements.sort(key=lambda item: (order.index(live[item[0]].claim.authority), item[1] is None))
    return statements


def _equals(statements: Sequence[_Statement], live: Sequence[Contribution]) -> list[_Statement]:
    """The values at the first one's authority."""
    authority = live[statements[0][0]].claim.authority
    return [item for item in statements if live[item[0]].claim.authority == authority and item[1] is not None]


def _settled(
    choice: Preference | None,
    statements: Sequence[_Statement],
    equals: Sequence[_Statement],
    live: Sequence[Contribution],
) -> _Statement | None:
    """What the steward preferred, while what was decided on is what is said."""
    if choice is None or choice.source is None:
        return None
    if choice.decided_on and choice.decided_on != values_digest(value for _, value in equals):
        return None
    speaker = (choice.source, choice.organisation, choice.source_record_id)
    candidates = equals if choice.decided_on else statements
    return next((item for item in candidates if _speaker(live[item[0]]) == speaker and item[1] is not None), None)


def _speaker(contribution: Contribution) -> tuple[str, str, str]:
    return (contribution.source, contribution.organisation, contribution.source_record_id)


def _different(equals: Sequence[_Statement]) -> tuple[_Statement, ...]:
    """The different values, each with the first who said it; empty where they agree."""
    different: list[_Statement] = []
    for index, value in equals:
        if len(different) < CONFLICT_VALUES and all(value != other for _, other in different):
            different.append((index, value))
    return tuple(different) if different[1:] else ()


def _bounded(conflicts: Sequence[Conflict]) -> tuple[Conflict, ...]:
    """The conflicts with the beginnings of long values."""
    shown = [Conflict(one.field, tuple((index, _begun(value)) for index, value in one.values)) for one in conflicts]
    if len(shown) > 1 and len(orjson.dumps(shown)) > CONFLICTS_BYTES:
        return tuple(Conflict(one.field, one.values[:2]) for one in shown)
    return tuple(shown)


def _begun(value: Any) -> Any:
    if isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return value if len(text) <= CONFLICT_CHARS else text[:CONFLICT_CHARS] + "…"
