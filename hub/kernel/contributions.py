"""What curation keeps of the events it has read: each a value of which the newest wins, in whatever order they came.

`newest` of two values with the same key is their maximum in a total order, so keeping the newest is commutative,
associative and idempotent. So is `updated`, which does the same field by field.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, TypeVar

import orjson

from hub.kernel.canonical import canonical_json, short_digest
from hub.kernel.records import Authority, SourceRef, Submission

SAME_AS_DECIDED = "cn.research-hub.same-as.v1"
PREFERENCE_DECIDED = "cn.research-hub.preference.v1"
CLAIM_DECIDED = "cn.research-hub.claim.v1"

SameAsDecision = Literal["joined", "separate", "undone"]
ClaimDecision = Literal["accepted", "joined", "refused"]
"""`accepted`: the claimant holds the record from now on; `joined`: what it says belongs to the record, whose holder
stays; `refused`: it stays out."""
BY_IDENTIFIER = "hub"
"""Who decided that two records are one, where a shared identifier did; any decision of a person is newer."""
ContributionKey = tuple[str, str, str, str]
"""Kind, source, the organisation that speaks, and the source's own record id."""
Said = tuple[int, bool, str]
"""How new a statement is: its source version, whether it was a withdrawal, its event id."""


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

    def mark(self) -> Said:
        return (self.source_version, self.withdrawn, self.digest)


@dataclass(frozen=True, slots=True)
class Older:
    """What of a contribution was not said by its newest statement, which named only some fields.

    `fields` tells when each was said that the newest statement left out; what was said before `floor`, the last
    withdrawal or statement of the whole, counts no more.
    """

    floor: Said | None = None
    fields: Mapping[str, Said] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one source says of one record of its own: its claim, and the fields where it is not withdrawn.

    A field that is None is stated to be empty. `older` is None where the newest statement told the whole.
    """

    kind: str
    source: str
    source_record_id: str
    claim: Claim
    received_at: str
    fields: dict[str, Any]
    organisation: str = ""
    older: Older | None = None

    @property
    def key(self) -> ContributionKey:
        return (self.kind, self.source, self.organisation, self.source_record_id)

    @classmethod
    def of(cls, sent: Submission, source: str = "", event_id: str = "") -> "Contribution":
        """`source` is the id under which what the source says is kept, `event_id` that of the submission."""
        withdrawn = sent.operation == "withdraw"
        digest = event_id or sent.event_id()
        return cls(
            sent.kind,
            source or sent.source,
            sent.source_record_id,
            Claim(sent.source_version, withdrawn, digest, sent.authority, sent.record_id),
            sent.received_at,
            {} if withdrawn else sent.fields,
            sent.organisation,
            None if withdrawn or sent.complete else Older(),
        )

    def ref(self) -> SourceRef:
        claim = self.claim
        return SourceRef(
            self.source,
            self.source_record_id,
            claim.source_version,
            claim.authority,
            self.received_at,
            self.organisation,
        )

    def at(self, record_id: str | None) -> "Contribution":
        """The same as part of that record, or of none."""
        claim = self.claim
        if claim.record_id == record_id:
            return self
        moved = Claim(claim.source_version, claim.withdrawn, claim.digest, claim.authority, record_id)
        return replace(self, claim=moved)


def updated(before: Contribution | None, sent: Contribution) -> Contribution:
    """What the source says by both statements, whichever came first; as part of the record that `before` belongs to.

    A field has the newest value that was said of it; a withdrawal, or a statement of the whole, ends all before it.
    """
    if before is None:
        return sent
    record_id = before.claim.record_id
    newer, older = (sent, before) if sent.claim.rank() > before.claim.rank() else (before, sent)
    if newer.older is None:
        return newer.at(record_id)
    floors = (newer.older.floor, older.claim.mark() if older.older is None else older.older.floor)
    floor = max((mark for mark in floors if mark is not None), default=None)
    fields: dict[str, Any] = {}
    when: dict[str, Said] = {}
    for contribution in (older, newer):
        for name, since in _times(contribution).items():
            if (floor is None or since >= floor) and since >= when.get(name, since):
                fields[name], when[name] = contribution.fields[name], since
    now = newer.claim.mark()
    kept = {name: since for name, since in when.items() if since != now}
    return replace(newer, fields=fields, older=Older(floor, kept)).at(record_id)


def _times(contribution: Contribution) -> dict[str, Said]:
    """When each field was said."""
    own = contribution.older.fields if contribution.older else {}
    return {name: own.get(name, contribution.claim.mark()) for name in contribution.fields}


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

    It holds while the values that it was made on (`decided_on`, by `values_digest`) are those that sources of the
    highest authority state; one from before there was that holds while its source has a value. `source` is None where
    the decision is undone.
    """

    record_id: str
    field: str
    source: str | None
    source_record_id: str | None
    version: int
    decided_by: str
    decided_at: str
    organisation: str = ""
    decided_on: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return (self.record_id, self.field)

    def rank(self) -> tuple[int, str, str, str, str, str]:
        speaker = (self.source or "", self.organisation, self.source_record_id or "")
        return (self.version, *speaker, self.decided_by, self.decided_at)

    def event_id(self) -> str:
        return _event_id(self)

    def to_bytes(self) -> bytes:
        return orjson.dumps(self)


@dataclass(frozen=True, slots=True)
class ClaimDecided:
    """What became of a claim; the data of a claim event, which belongs to the record that is claimed."""

    record_id: str
    kind: str
    source: str
    organisation: str
    source_record_id: str
    decision: ClaimDecision
    version: int
    decided_by: str
    decided_at: str
    reason: str = ""

    @property
    def key(self) -> ContributionKey:
        """Of the contribution that claims."""
        return (self.kind, self.source, self.organisation, self.source_record_id)

    def event_id(self) -> str:
        return _event_id(self)

    def to_bytes(self) -> bytes:
        return orjson.dumps(self)


@dataclass(frozen=True, slots=True)
class Ownership:
    """A claim: a row of an owner's that names by an identifier a record which another organisation holds.

    It changes nothing there until it is decided: `decided` is None while it waits.
    """

    key: ContributionKey
    record_id: str
    holder: str
    claimed_at: str
    decided: ClaimDecided | None = None


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


def values_digest(values: Iterable[Any]) -> str:
    """Equal for equal sets of values."""
    return short_digest(canonical_json(sorted({canonical_json(value).decode() for value in values})))


def _event_id(decision: SameAs | Preference | ClaimDecided) -> str:
    return short_digest(canonical_json(decision))
