"""Curated records, read and written; the record store is the truth about them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal, Protocol

from hub.kernel.contributions import Claim, Contribution, ContributionKey, Ownership, Preference, SameAs
from hub.kernel.entries import Entry
from hub.kernel.records import Record

Effect = Literal["changed", "unchanged", "stale", "dead", "claimed"]
WeakKey = int
"""64 bits, signed; records that share one may be the same thing."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one submission event.

    `changed`: it made version `version`; `unchanged`: it said nothing new; `stale`: the source had already said
    something newer; `dead`: it went to the dead-letter topic (`record_id` may be empty); `claimed`: it names a record
    that another organisation holds, and waits for a decision.
    """

    event_id: str
    record_id: str
    version: int
    effect: Effect


class Interfered(RuntimeError):
    """Another batch got ahead of this one, of which nothing was stored; it is to be tried again from its reading on."""


class RecordReader(Protocol):
    """The read side of the record store."""

    def leads_to(self, ids: Collection[str]) -> Mapping[str, str]:
        """The record that each of these ids stands for now, of those that lead to one: its own, one that it was joined
        to, or one that an identifier leads to.
        """
        ...

    def get(self, ids: Collection[str]) -> Mapping[str, Record]:
        """The newest version of each id that exists, withdrawn ones included."""

    def history(self, record_id: str, limit: int = 100) -> list[Record]:
        """Versions of one record, newest first."""

    def outcomes(self, event_ids: Collection[str]) -> Mapping[str, Outcome]:
        """What became of each event that has been curated."""

    def scan(self, kind: str | None = None) -> Iterator[Record]:
        """Every record in the order of its id, withdrawn ones included; bounded memory."""

    def digest(self) -> str:
        """`hub.kernel.canonical.digest_of` the canonical JSON of every record's content()."""


@dataclass(slots=True)
class Changes:
    """All that one batch of events changes.

    `records` are new versions, each of which is to be published; `refreshed` are records of which only sources,
    provenance, conflicts or aliases changed, which is no new version. `aliases` are the records that each identifier
    leads to, `aliases_before` those that it led to when they were read. A claim of `ownership` that is already known
    stays as it is, unless there is a decision about it. An outcome that is already known stays as it is.
    `traces` maps the ids of new versions to the W3C traceparent that their events shall carry, of those that have one.
    """

    contributions: list[Contribution] = field(default_factory=list)
    same_as: list[SameAs] = field(default_factory=list)
    preferences: list[Preference] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    refreshed: list[Record] = field(default_factory=list)
    weak_new: list[tuple[WeakKey, str]] = field(default_factory=list)
    weak_gone: list[tuple[WeakKey, str]] = field(default_factory=list)
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    aliases_before: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ownership: list[Ownership] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    traces: Mapping[str, str] = field(default_factory=dict)


class RecordUnit(Protocol):
    """One atomic batch; what it reads stays true until it is saved."""

    def claims(self, keys: Collection[ContributionKey]) -> Mapping[ContributionKey, Claim]:
        """What is known of each of these records of sources."""

    def same_as(self, ids: Collection[str]) -> Sequence[SameAs]:
        """The newest decision of each pair that has one of these ids in it, undone ones included."""

    def preferences(self, ids: Collection[str]) -> Sequence[Preference]:
        """The newest preference of each field of these records, undone ones included."""

    def contributions(self, ids: Collection[str]) -> Sequence[Contribution]:
        """Every source's contribution to these records; withdrawn ones may be left out."""

    def unplaced(self, keys: Collection[ContributionKey]) -> Sequence[Contribution]:
        """Those of these contributions that are part of no record, and not withdrawn."""
        ...

    def aliases(self, ids: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        """The records that each of these ids of identifiers leads to, of those that lead somewhere."""
        ...

    def ownership(self, keys: Collection[ContributionKey]) -> Sequence[Ownership]:
        """The claims that these contributions make, decided ones included."""
        ...

    def records(self, ids: Collection[str]) -> Mapping[str, Record]:
        """The newest version of each id that exists."""

    def due(self, limit: int) -> Sequence[str]:
        """Some of the records that are to be merged again, because what holds for them has changed."""
        ...

    def settle(self, ids: Collection[str]) -> None:
        """These records were merged again."""
        ...

    def save(self, changes: Changes) -> None:
        """Store the changes; they last when the batch ends without an error."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A claim with its id, what the claimant says, and the claimed record's id."""

    id: str
    ownership: Ownership
    contribution: Contribution


WAITING_LIMIT = 100_000
"""Events that are counted at most, since whoever looks wants to know that they are many, not how many."""


@dataclass(frozen=True, slots=True)
class Pending:
    """One record event that waits to be published; `number` grows with the order of saving."""

    number: int
    entry: Entry


class RecordStore(RecordReader, Protocol):
    """The record store as curation uses it: it is the only writer."""

    def batch(self) -> AbstractContextManager[RecordUnit]:
        """Begin a batch: stored when the block ends, nothing stored when it raises.

        Batches that touch the same records exclude each other, whoever runs them; instead of waiting, reading, saving
        or the end of the block may raise Interfered.
        """

    def pending(self, limit: int, timeout: float = 0.0) -> Sequence[Pending]:
        """The oldest record events that wait, in order; waits up to `timeout` seconds for one."""

    def waiting(self) -> int:
        """How many events wait to be published; more than WAITING_LIMIT are told as one more than that."""

    def published(self, up_to: int) -> None:
        """Forget the record events up to this number."""

    def conflicts(self, after: str, limit: int, kind: str | None = None) -> Sequence[Record]:
        """Records with conflicts in the order of their ids, those after `after`."""

    def alike(self, after: WeakKey | None, limit: int, members: int) -> Sequence[tuple[WeakKey, tuple[str, ...]]]:
        """Groups of active records that share a weak key, in its order; at most `members` ids of each."""

    def decisions(self, ids: Collection[str]) -> Sequence[SameAs]:
        """The newest same-as decision of each pair that has one of these ids in it."""

    def settled(self, ids: Collection[str]) -> Sequence[Preference]:
        """The newest preference of each field of these records."""

    def contributions(self, ids: Collection[str]) -> Sequence[Contribution]:
        """Every source's contribution to these records; withdrawn ones may be left out."""
        ...

    def claims(
        self,
        after: str,
        limit: int,
        organisation: str | None,
        waiting: bool,
        *,
        claimant: str = "",
        unheld: bool = False,
    ) -> Sequence[Claimed]:
        """Claims in the order of their ids, those after `after`: those that the organisation makes or that are made on
        what it holds (None: all), and, with `waiting`, only those that nobody has decided; of one claimant; with
        `unheld`, of records that nobody held when they were claimed.
        """
        ...

    def contested(self, ids: Collection[str]) -> frozenset[str]:
        """Those of the records on which claims of several organisations wait."""
        ...

    def claim(self, claim_id: str) -> Claimed | None:
        """One of them."""
        ...

    def merge_again(self, fingerprint: str) -> bool:
        """Have every record merged again, unless that was done for the same fingerprint; whether it is to be done."""
        ...

    def close(self) -> None: ...
