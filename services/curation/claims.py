"""Claims on records: who sees them, and who decides whether a claimed record is the claimant's."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hub.kernel.access import Principal
from hub.kernel.contributions import ClaimDecided, ClaimDecision
from hub.kernel.problems import Refusal, refusal
from hub.kernel.records import Record
from hub.ports.names import Names
from hub.ports.records import Claimed, RecordStore
from hub.text.language import Bilingual
from schemas.http.claims import AT_ONCE, ClaimsQuery, NewClaimDecisions
from schemas.http.curation import PAGE_LIMIT
from schemas.rights import oversees
from services.curation.decisions import DecisionLog

DECIDING = frozenset({"manager", "approver", "steward"})
"""Roles in the organisation that holds a record which decide about claims on it."""


class Seen(NamedTuple):
    """A claim as somebody sees it."""

    claimed: Claimed
    record: Record
    may_decide: bool
    may_give_up: bool
    contested: bool

    @property
    def claimant(self) -> str:
        return self.claimed.ownership.key[2]


@dataclass(frozen=True, slots=True)
class ClaimsPage:
    """Claims in the order of their ids, what their two sides are called; `next` is the `after` of the next page."""

    claims: tuple[Seen, ...]
    names: Mapping[str, Bilingual]
    next: str | None


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of each of several claims, by its id; `next` is the `after` of those that are left."""

    claims: Mapping[str, ClaimDecided | Refusal]
    next: str | None


class Claims:
    """Shows claims to those whom they concern, and writes decisions to the log, as stewards' are."""

    def __init__(self, written: DecisionLog, store: RecordStore, names: Names) -> None:
        self._written = written
        self._store = store
        self._names = names

    def page(self, by: Principal, query: ClaimsQuery) -> ClaimsPage:
        """Claims that the caller's organisation makes or that are made on what it holds; overseers see all."""
        size = max(1, min(query.limit, PAGE_LIMIT))
        organisation = None if _oversees(by) else by.organisation
        waiting, kept = query.state == "waiting", {"claimant": query.claimant, "unheld": query.unheld}
        read = self._store.claims(query.after, size, organisation, waiting, **kept)  # type: ignore[arg-type]
        seen = self._seen(read, by)
        sides = {side for one in seen for side in (one.claimant, one.record.holder or "")} - {""}
        return ClaimsPage(tuple(seen), self._names.of(sides), read[-1].id if len(read) == size else None)

    def decide(self, claim_id: str, decision: ClaimDecision, by: Principal, reason: str = "") -> ClaimDecided:
        """Decide a claim, or decide it anew. Refusal: 404 where it does not concern the caller, 403 where it is for
        others to decide.
        """
        claimed = self._store.claim(claim_id)
        seen = next(iter(self._seen([claimed], by)), None) if claimed else None
        if seen is None or not (_oversees(by) or by.organisation in {seen.record.holder, seen.claimant}):
            raise _unknown(claim_id)
        if not (seen.may_decide or (decision == "refused" and seen.may_give_up)):
            raise refusal("not-yours-to-decide", "curation.holder-decides", "", "id", 403)
        return self._decide(seen.claimed, decision, by, reason)

    def decide_many(self, orders: NewClaimDecisions, by: Principal) -> Decided:
        """Decide claims that the caller oversees, on records that nobody holds and no other organisation claims.

        Each by itself: what is refused of one is no matter to the others.
        """
        if orders.claimant:
            read = self._store.claims(orders.after, AT_ONCE, None, True, claimant=orders.claimant, unheld=True)
            ids = [claimed.id for claimed in read]
        else:
            ids = list(dict.fromkeys(orders.claims))
            read = [claimed for one in ids if (claimed := self._store.claim(one))]
        overseen = {seen.claimed.id: seen for seen in self._seen(read, by) if seen.may_decide}
        named = overseen if orders.claimant else ids
        decided = {one: self._tried(one, overseen.get(one), orders, by) for one in named}
        return Decided(decided, ids[-1] if orders.claimant and len(ids) == AT_ONCE else None)

    def _tried(
        self, claim_id: str, seen: Seen | None, orders: NewClaimDecisions, by: Principal
    ) -> ClaimDecided | Refusal:
        if seen is None:
            return _unknown(claim_id)
        if seen.record.holder:
            return refusal("held", "curation.claim-held", claim_id, "claims", 409)
        if seen.contested:
            return refusal("contested", "curation.claim-contested", claim_id, "claims", 409)
        return self._decide(seen.claimed, orders.decision, by, orders.reason)

    def _decide(self, claimed: Claimed, decision: ClaimDecision, by: Principal, reason: str) -> ClaimDecided:
        before = claimed.ownership.decided
        version, at = self._written.next_version(before.version if before else 0)
        record_id, why = claimed.ownership.record_id, reason.strip()
        decided = ClaimDecided(record_id, *claimed.ownership.key, decision, version, by.name, at, why)
        detail = f"{decision} {claimed.ownership.key[2]}"
        self._written.append(decided, record_id, by, f"{detail}: {why}" if why else detail)
        return decided

    def _seen(self, read: Sequence[Claimed], by: Principal) -> list[Seen]:
        ids = {claimed.ownership.record_id for claimed in read}
        contested = self._store.contested(ids)
        seen = []
        for claimed, record in zip(read, self._standing(read), strict=True):
            claimant = claimed.ownership.key[2]
            deciding = bool(by.roles & DECIDING)
            if by.organisation in (record.holder, claimant) or oversees(by, record):
                may_decide = oversees(by, record) or (deciding and by.organisation == record.holder)
                gives_up = deciding and by.organisation == claimant
                seen.append(Seen(claimed, record, may_decide, gives_up, claimed.ownership.record_id in contested))
        return seen

    def _standing(self, read: Sequence[Claimed]) -> Iterable[Record]:
        """The record that stands for the claimed one of each."""
        records = self._store.get({claimed.ownership.record_id for claimed in read})
        joined = self._store.get({record.replaced_by for record in records.values() if record.replaced_by})
        for claimed in read:
            record = records[claimed.ownership.record_id]
            yield joined.get(record.replaced_by or "", record)


def _unknown(claim_id: str) -> Refusal:
    return refusal("unknown-claim", "curation.unknown-claim", claim_id, "id", 404)


def _oversees(by: Principal) -> bool:
    return bool(by.roles & {"operator", "agency"})
