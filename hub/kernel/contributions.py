"""What curation keeps of the events it has read: each a value of which the newest wins, in whatever order they came.

`newest` of two values with the same key is their maximum in a total order, so keeping the newest is commutative,
associative and idempotent.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

import orjson

from hub.kernel.canonical import canonical_json, short_digest
from hub.kernel.records import Authority, SourceRef, Submission

SAME_AS_DECIDED = "cn.research-hub.same-as.v1"
PREFERENCE_DECIDED = "cn.research-hub.preference.v1"

SameAsDecision = Literal["joined", "separate", "undone"]
ContributionKey = tuple[str, str, str]
"""Kind, source and the source's own record id."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The newest that is known of one record of one source, without its fields.

    `digest` is the submission's event id; `record_id` is None where a withdrawal named no record.
    """

    source_version: int
    withdrawn: bool
    digest: str
    authority: Authority
    record_id: str | None

    def rank(self) -> tuple[int, bool, str, str]:
        """A source's higher version wins; of equal ones a withdrawal; of equal ones the greater digest."""
        return (self.source_version, self.withdrawn, self.digest, self.authority)


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one source says of one record of its own: its claim, and the fields where it is not withdrawn."""

    kind: str
    source: str
    source_record_id: str
    claim: Claim
    received_at: str
    fields: dict[str, Any]

    @property
    def key(self) -> ContributionKey:
        return (self.kind, self.source, self.source_record_id)

    @classmethod
    def of(cls, sent: Submission) -> "Contribution":
        withdrawn = sent.operation == "withdraw"
        claim = Claim(sent.source_version, withdrawn, sent.event_id(), sent.authority, sent.record_id)
        fields = {} if withdrawn else sent.fields
        return cls(sent.kind, sent.source, sent.source_record_id, claim, sent.received_at, fields)

    def ref(self) -> SourceRef:
        claim = self.claim
        return SourceRef(self.source, self.source_record_id, claim.source_version, claim.authority, self.received_at)


@dataclass(frozen=True, slots=True)
class SameAs:
    """A person's decision on whether two record ids name one thing; the data of a same-as event.

    `left` < `right`, both of one kind. `version` orders decisions on the same pair (microseconds since 1970);
    `undone` leaves the pair as if nobody had decided. `decided_at` is RFC 3339, UTC.
    """

    left: str
    right: str
    decision: SameAsDecision
    version: int
    decided_by: str
    decided_at: str

    @property
    def key(self) -> tuple[str, str]:
        return (self.left, self.right)

    def rank(self) -> tuple[int, str, str, str]:
        return (self.version, self.decision, self.decided_by, self.decided_at)

    def event_id(self) -> str:
        return _event_id(self)

    def to_bytes(self) -> bytes:
        return orjson.dumps(self)


@dataclass(frozen=True, slots=True)
class Preference:
    """A steward's decision on which source to believe about one field of a record; the data of a preference event.

    It settles a conflict while that source has a value. `source` is None where the decision is undone.
    """

    record_id: str
    field: str
    source: str | None
    source_record_id: str | None
    version: int
    decided_by: str
    decided_at: str

    @property
    def key(self) -> tuple[str, str]:
        return (self.record_id, self.field)

    def rank(self) -> tuple[int, str, str, str, str]:
        return (self.version, self.source or "", self.source_record_id or "", self.decided_by, self.decided_at)

    def event_id(self) -> str:
        return _event_id(self)

    def to_bytes(self) -> bytes:
        return orjson.dumps(self)


class _Ranked(Protocol):
    @property
    def key(self) -> tuple[str, str]: ...

    def rank(self) -> Any: ...


_Decision = TypeVar("_Decision", bound=_Ranked)


def newest(decisions: Iterable[_Decision]) -> dict[tuple[str, str], _Decision]:
    """The newest decision of each key."""
    kept: dict[tuple[str, str], _Decision] = {}
    for decision in decisions:
        other = kept.get(decision.key)
        if other is None or decision.rank() > other.rank():
            kept[decision.key] = decision
    return kept


def kind_of(record_id: str) -> str:
    """The kind that a record id begins with (hub.kernel.identifiers.record_id)."""
    return record_id.rpartition("-")[0]


def _event_id(decision: SameAs | Preference) -> str:
    return short_digest(canonical_json(decision))
