"""Claims on records: who sees them, and who decides whether a claimed record is the claimant's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hub.kernel.access import Principal
from hub.kernel.cloudevents import CloudEvent
from hub.kernel.contributions import CLAIM_DECIDED, ClaimDecided, ClaimDecision
from hub.kernel.problems import refusal
from hub.kernel.records import SUBMISSIONS, Record
from hub.ports.clock import Clock, rfc3339
from hub.ports.eventlog import EventLog
from hub.ports.records import Claimed, RecordStore
from schemas.http.curation import PAGE_LIMIT
from schemas.rights import oversees

DECIDING = frozenset({"manager", "approver", "steward"})
"""Roles in the organisation that holds a record which decide about claims on it."""


class Seen(NamedTuple):
    """A claim as somebody sees it."""

    claimed: Claimed
    record: Record
    may_decide: bool


@dataclass(frozen=True, slots=True)
class ClaimsPage:
    """Claims in the order of their ids; `next` is the `after` of the next page."""

    claims: tuple[Seen, ...]
    next: str | None


class Claims:
    """Shows claims to those whom they concern, and writes decisions to the log, as stewards' are."""

    def __init__(self, event_log: EventLog, store: RecordStore, clock: Clock, event_source: str) -> None:
        self._log = event_log
        self._store = store
        self._clock = clock
        self._event_source = event_source

    def page(self, by: Principal, after: str = "", limit: int = 20, *, waiting: bool = True) -> ClaimsPage:
        """Claims that the caller's organisation makes or that are made on what it holds; overseers see all."""
        size = max(1, min(limit, PAGE_LIMIT))
        organisation = None if _oversees(by) else by.organisation
        found = self._store.claims(after, size, organisation, waiting)
        seen = self._seen(found, by)
        return ClaimsPage(tuple(seen), found[-1].id if len(found) == size else None)

    def decide(self, claim_id: str, decision: ClaimDecision, by: Principal) -> ClaimDecided:
        """Decide a claim, or decide it anew. Refusal: 404 where it does not concern the caller, 403 where it is for
        others to decide.
        """
        claimed = self._store.claim(claim_id)
        seen = next(iter(self._seen([claimed], by)), None) if claimed else None
        if claimed is None or seen is None or not (_oversees(by) or by.organisation in _concerned(seen)):
            raise refusal("unknown-claim", "curation.unknown-claim", claim_id, "id", 404)
        gives_up = decision == "refused" and by.organisation == claimed.ownership.key[2] and bool(by.roles & DECIDING)
        if not (seen.may_decide or gives_up):
            raise refusal("not-yours-to-decide", "curation.holder-decides", "", "id", 403)
        kind, source, organisation, source_record_id = claimed.ownership.key
        now = self._clock.now()
        before = claimed.ownership.decided
        version = max(int(now.timestamp() * 1_000_000), before.version + 1 if before else 0)
        record_id, speaker = claimed.ownership.record_id, (kind, source, organisation, source_record_id)
        decided = ClaimDecided(record_id, *speaker, decision, version, by.name, rfc3339(now))
        data = decided.to_bytes()
        event = CloudEvent(decided.event_id(), self._event_source, CLAIM_DECIDED, record_id, rfc3339(now), data)
        self._log.append(SUBMISSIONS, [event.as_entry()])
        return decided

    def _seen(self, found: Sequence[Claimed], by: Principal) -> list[Seen]:
        records = self._store.get({one.ownership.record_id for one in found})
        joined = self._store.get({record.replaced_by for record in records.values() if record.replaced_by})
        seen = []
        for claimed in found:
            record = records[claimed.ownership.record_id]
            record = joined.get(record.replaced_by or "", record)
            if by.organisation in (record.holder, claimed.ownership.key[2]) or oversees(by, record):
                seen.append(Seen(claimed, record, _may_decide(by, record)))
        return seen


def _concerned(seen: Seen) -> tuple[str | None, str]:
    return (seen.record.holder, seen.claimed.ownership.key[2])


def _oversees(by: Principal) -> bool:
    return bool(by.roles & {"operator", "agency"})


def _may_decide(by: Principal, record: Record) -> bool:
    """Whoever holds the record decides, and who oversees it."""
    return oversees(by, record) or (by.organisation == record.holder and bool(by.roles & DECIDING))
