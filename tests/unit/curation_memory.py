"""A record store in memory that holds curation's plan to the port's contract, and events to feed it with."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from hub.kernel.canonical import canonical_json, digest_of
from hub.kernel.contributions import Claim, Contribution, ContributionKey, Ownership, Preference, SameAs
from hub.kernel.records import Authority, Operation, Record, Submission
from hub.ports.records import Changes, Outcome
from services.curation.core.known import Refused, folded
from services.curation.core.known import Statement as Event
from services.curation.core.plan import Rules, planned
from services.curation.service import known

AT = "2026-01-01T00:00:00.000000Z"
NOW = datetime.fromisoformat(AT)
AUTHORITY: dict[str, Authority] = {"national": "national", "city": "owner", "campus": "owner", "web": "harvested"}


class MemoryUnit:
    """hub.ports.records.RecordUnit over dictionaries; `published` are the record versions in their order."""

    def __init__(self) -> None:
        self.said: dict[ContributionKey, Contribution] = {}
        self.decided: dict[tuple[str, str], SameAs] = {}
        self.preferred: dict[tuple[str, str], Preference] = {}
        self.current: dict[str, Record] = {}
        self.published: list[Record] = []
        self.outcomes: dict[str, Outcome] = {}
        self.weak: set[tuple[int, str]] = set()
        self.led: dict[str, tuple[str, ...]] = {}
        self.claimed: dict[tuple[ContributionKey, str], Ownership] = {}
        self.waiting: list[str] = []
        self.refused: dict[str, Refused] = {}

    def claims(self, keys: Collection[ContributionKey]) -> Mapping[ContributionKey, Claim]:
        return {key: self.said[key].claim for key in keys if key in self.said}

    def same_as(self, ids: Collection[str]) -> Sequence[SameAs]:
        return [one for one in self.decided.values() if {one.left, one.right} & set(ids)]

    def preferences(self, ids: Collection[str]) -> Sequence[Preference]:
        return [one for one in self.preferred.values() if one.record_id in ids]

    def contributions(self, ids: Collection[str]) -> Sequence[Contribution]:
        return [one for one in self.said.values() if one.claim.record_id in ids and not one.claim.withdrawn]

    def unplaced(self, keys: Collection[ContributionKey]) -> Sequence[Contribution]:
        found = [self.said[key] for key in keys if key in self.said]
        return [one for one in found if one.claim.record_id is None and not one.claim.withdrawn]

    def aliases(self, ids: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        return {alias: self.led[alias] for alias in ids if alias in self.led}

    def ownership(self, keys: Collection[ContributionKey]) -> Sequence[Ownership]:
        return [claim for (key, _), claim in self.claimed.items() if key in keys]

    def due(self, limit: int) -> Sequence[str]:
        return self.waiting[:limit]

    def settle(self, ids: Collection[str]) -> None:
        self.waiting = [one for one in self.waiting if one not in ids]

    def records(self, ids: Collection[str]) -> Mapping[str, Record]:
        known = {record_id: self.current[record_id] for record_id in ids if record_id in self.current}
        return {record_id: Record.from_bytes(record.to_bytes()) for record_id, record in known.items()}

    def save(self, changes: Changes) -> None:
        self.said |= {one.key: one for one in changes.contributions}
        self.decided |= {one.key: one for one in changes.same_as}
        self.preferred |= {one.key: one for one in changes.preferences}
        for record in changes.records:
            before = self.current.get(record.id)
            assert record.version == (before.version + 1 if before else 1)
            self.published.append(record)
        self.current |= {record.id: record for record in (*changes.records, *changes.refreshed)}
        for outcome in changes.outcomes:
            self.outcomes.setdefault(outcome.event_id, outcome)
        for alias, ids in changes.aliases.items():
            assert self.led.get(alias, ()) == changes.aliases_before[alias]
            self.led[alias] = ids
        for claim in changes.ownership:
            if claim.decided or (claim.key, claim.record_id) not in self.claimed:
                self.claimed[claim.key, claim.record_id] = claim
        self.weak = (self.weak - set(changes.weak_gone)) | set(changes.weak_new)

    def digest(self) -> str:
        return digest_of(canonical_json(record.content()) for record in self.current.values())


def curate(
    unit: MemoryUnit,
    events: Iterable[Event],
    rules: Rules | None = None,
    at: datetime = NOW,
    again: Collection[str] = (),
) -> MemoryUnit:
    """Curate the events as one batch; `again` are records that are merged again."""
    rules = rules or Rules()
    said = folded(((event.event_id(), event) for event in events), rules.sources)
    changes, refused = planned(said, known(unit, said, again), at, rules, again=bool(again))
    unit.save(changes)
    unit.refused |= refused
    return unit


def submission(
    source: str,
    number: str,
    version: int,
    record_id: str | None,
    fields: Mapping[str, object] | None = None,
    *,
    kind: str = "organisation",
    organisation: str = "",
    complete: bool = True,
) -> Submission:
    """An upsert with these fields, or a withdrawal where there are none, as it comes off the log."""
    operation: Operation = "withdraw" if fields is None else "upsert"
    authority = AUTHORITY[source]
    said = Submission(
        kind,
        source,
        number,
        version,
        operation,
        authority,
        record_id,
        dict(fields or {}),
        AT,
        organisation,
        complete,
    )
    return Submission.from_bytes(said.to_bytes())


def same_as(left: str, right: str, version: int, decision: str = "joined") -> SameAs:
    left, right = sorted((left, right))
    return SameAs(left, right, decision, version, "steward", AT)  # type: ignore[arg-type]


def preference(record_id: str, field: str, source: str | None, number: str | None, version: int) -> Preference:
    return Preference(record_id, field, source, number, version, "steward", AT)
