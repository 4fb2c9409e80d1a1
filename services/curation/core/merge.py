"""One record out of what several sources say of it, by authority.

A field's value comes from the contribution that stands first in the field's order of authorities (the field's own, or
the kind's). An authority that the order leaves out may not set the field. Among equal authorities the newer one stands
first where both state their version as a time; versions that merely count cannot be compared between sources, so the
source's id and its record's id decide there, after all that state a time. Times of arrival play no part: the result
depends on what was said, not on when it came.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from hub.kernel.contributions import Contribution, Preference
from hub.kernel.records import Authority, Conflict, SourceRef
from schemas.annotations import Meta
from schemas.kind import Kind, RecordModel

EARLIEST_TIME = 10**14
"""A source version from here on is a time: 10**14 microseconds is the year 1973, and no source counts that far."""


@dataclass(frozen=True, slots=True)
class Merged:
    """The part of a record that its contributions decide; indices point into `sources`."""

    fields: dict[str, Any]
    provenance: dict[str, int]
    sources: tuple[SourceRef, ...]
    conflicts: tuple[Conflict, ...]


NOTHING = Merged({}, {}, (), ())

_Order = tuple[Authority, ...]


def merged(kind: Kind, contributions: Iterable[Contribution], preferences: Iterable[Preference] = ()) -> Merged:
    """Merge the live contributions (withdrawn ones do not count) of one kind; any order gives equal results."""
    live = [contribution for contribution in contributions if not contribution.claim.withdrawn]
    live.sort(key=_standing)
    orders = field_orders(kind.model)
    sources = tuple(contribution.ref() for contribution in live)
    if not live:
        return NOTHING
    sole, *others = live
    if not others:
        fields = _permitted(sole, kind.authority, orders)
        return Merged(fields, dict.fromkeys(fields, 0), sources, ())
    preferred = {choice.field: (choice.source, choice.source_record_id) for choice in preferences}
    fields, provenance, conflicts = {}, {}, []
    for name in sorted({name for contribution in live for name in contribution.fields}):
        statements = _in_order(name, live, orders.get(name, kind.authority))
        if not statements:
            continue
        settled = next((item for item in statements if _speaker(live[item[0]]) == preferred.get(name)), None)
        index, value = settled or statements[0]
        fields[name], provenance[name] = value, index
        disagreeing = () if settled else _disagreeing(statements, live)
        if disagreeing:
            conflicts.append(Conflict(name, disagreeing))
    return Merged(fields, provenance, sources, tuple(conflicts))


@lru_cache(maxsize=256)
def field_orders(model: type[RecordModel]) -> Mapping[str, _Order]:
    """The order of authorities of each field that has one of its own."""
    own: dict[str, _Order] = {}
    for name, info in model.model_fields.items():
        for item in info.metadata:
            if isinstance(item, Meta) and item.authority is not None:
                own[name] = item.authority
    return own


def _standing(contribution: Contribution) -> tuple[int, str, str]:
    """The order among equal authorities, which every contribution has whatever its authority."""
    newest_first = -max(contribution.claim.source_version, EARLIEST_TIME - 1)  # all that merely count are alike
    return (newest_first, contribution.source, contribution.source_record_id)


def _speaker(contribution: Contribution) -> tuple[str, str]:
    return (contribution.source, contribution.source_record_id)


def _permitted(sole: Contribution, kind_order: _Order, orders: Mapping[str, _Order]) -> dict[str, Any]:
    authority = sole.claim.authority
    return {
        name: value
        for name, value in sole.fields.items()
        if value is not None and authority in orders.get(name, kind_order)
    }


def _in_order(name: str, live: Sequence[Contribution], order: _Order) -> list[tuple[int, Any]]:
    """(index into the sources, value) of each contribution that may set the field and does, the first one first."""
    statements = []
    for index, contribution in enumerate(live):
        value = contribution.fields.get(name)
        if value is not None and contribution.claim.authority in order:
            statements.append((index, value))
    statements.sort(key=lambda item: order.index(live[item[0]].claim.authority))
    return statements


def _disagreeing(statements: Sequence[tuple[int, Any]], live: Sequence[Contribution]) -> tuple[tuple[int, Any], ...]:
    """The different values at the first one's authority, each with the first who said it; empty where they agree."""
    authority = live[statements[0][0]].claim.authority
    different: list[tuple[int, Any]] = []
    for index, value in statements:
        if live[index].claim.authority == authority and all(value != other for _, other in different):
            different.append((index, value))
    return tuple(different) if different[1:] else ()
