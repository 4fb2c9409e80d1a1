"""Private values of records, opened for those who may see them, with a note of who did."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from hub.kernel.access import Openness, Principal
from hub.kernel.records import Conflict, Record
from hub.ports.audit import AuditTrail, done_by
from hub.ports.clock import Clock
from hub.ports.personal import TOKEN_PREFIX, PersonalValues, opened
from schemas.http.claims import ClaimDecided, OwnershipClaim
from schemas.http.curation import PreferenceDecided, SameAsDecided
from schemas.kind import kinds
from schemas.views.visibility import Node, layout, readable

READ = "personal.read"
Decision = TypeVar("Decision", SameAsDecided, PreferenceDecided, OwnershipClaim, ClaimDecided)


class PersonalReader:
    """Opens what the reader may see of records; a secret value stays sealed, and one that is gone is left out."""

    def __init__(self, personal: PersonalValues, audit: AuditTrail, clock: Clock) -> None:
        self._personal = personal
        self._audit = audit
        self._clock = clock

    def records(self, records: Sequence[Record], caller: Principal) -> list[Record]:
        """The records with the values in place of their tokens."""
        levels = readable(caller) - {"public", "member", "secret"}
        tokens = {record.id: set(_tokens(record, levels)) for record in records} if levels else {}
        if not any(tokens.values()):
            return list(records)
        values = self._personal.open(set().union(*tokens.values()))
        for record_id, own in tokens.items():
            if own & values.keys():
                self._note(caller, record_id)
        return [_opened(record, levels, values) if tokens[record.id] else record for record in records]

    def record(self, record: Record, caller: Principal) -> Record:
        """One record; see `records`."""
        (opened,) = self.records([record], caller)
        return opened

    def signed(self, decisions: Iterable[Decision]) -> tuple[Decision, ...]:
        """The decisions with the names of those who made them as people read them."""
        sealed = tuple(decisions)
        names = opened(self._personal, {made.decided_by for made in sealed if made.decided_by})
        return tuple(
            made.model_copy(update={"decided_by": names[made.decided_by]}) if made.decided_by else made
            for made in sealed
        )

    def _note(self, caller: Principal, record_id: str) -> None:
        self._audit.note(done_by(caller, self._clock.now(), "personal.read", record_id))


def is_token(value: Any) -> bool:
    """Whether a private value is sealed; of an earlier release's, agency values are not."""
    return isinstance(value, str) and value.startswith(TOKEN_PREFIX)


def tokens_in(value: Any) -> Iterator[str]:
    """Everything in a value that looks like a token."""
    if is_token(value):
        yield value
    for item in value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ():
        yield from tokens_in(item)


def _tokens(record: Record, levels: frozenset[Openness]) -> Iterator[str]:
    for name, value in _statements(record):
        yield from _walked(_nodes(record).get(name), value, levels)


def _statements(record: Record) -> Iterator[tuple[str, Any]]:
    yield from record.fields.items()
    yield from ((conflict.field, value) for conflict in record.conflicts for _, value in conflict.values)


def _nodes(record: Record) -> Mapping[str, Node]:
    kind = kinds().get(record.kind)
    return layout(kind) if kind else {}


def _walked(node: Node | None, value: Any, levels: frozenset[Openness]) -> Iterator[str]:
    """The tokens of these levels; what of another level looks like one is a text like any other."""
    if node is None or not node.levels & levels:
        return
    if node.spec.openness in levels:
        yield from (item for item in (value if isinstance(value, list | tuple) else (value,)) if is_token(item))
    elif isinstance(value, Mapping):
        for name, member in value.items():
            yield from _walked(node.members.get(name), member, levels)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _walked(node, item, levels)


def _opened(record: Record, levels: frozenset[Openness], values: Mapping[str, Any]) -> Record:
    nodes = _nodes(record)
    fields = {name: _value(nodes.get(name), value, levels, values) for name, value in record.fields.items()}
    conflicts = tuple(
        Conflict(
            conflict.field,
            tuple((at, _value(nodes.get(conflict.field), value, levels, values)) for at, value in conflict.values),
        )
        for conflict in record.conflicts
    )
    return replace(record, fields=_without_gone(fields), conflicts=conflicts)


def _value(node: Node | None, value: Any, levels: frozenset[Openness], values: Mapping[str, Any]) -> Any:
    if node is None or not node.levels & levels:
        return value
    if isinstance(value, list | tuple):
        return [item for item in (_value(node, item, levels, values) for item in value) if item is not None]
    if node.spec.openness in levels and is_token(value):
        return values.get(value)
    if isinstance(value, Mapping):
        return _without_gone({name: _value(node.members.get(name), m, levels, values) for name, m in value.items()})
    return value


def _without_gone(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
