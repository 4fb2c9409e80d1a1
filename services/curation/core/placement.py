"""To which record each contribution belongs, and which records are one, by their identifiers.

A record id is given once: a contribution stays with its record whatever becomes of its identifiers. A new one goes to
the record that an identifier of it leads to, where nothing contradicts; records that come to share an identifier are
joined. An owner's row that names another organisation's record is a claim, and changes nothing until it is decided.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from hub.kernel.contributions import (
    BY_IDENTIFIER,
    ClaimDecided,
    Contribution,
    ContributionKey,
    Ownership,
    SameAs,
    updated,
)
from hub.kernel.identifiers import own_id
from hub.kernel.sources import Sources
from schemas.kind import Kind, kind_named
from services.curation.core.components import MEMBERS_LIMIT, Grouping
from services.curation.core.holding import Holdings
from services.curation.core.identity import RECORDS_LIMIT, contradict, identities_of, too_much
from services.curation.core.known import Known, Refused, Sent, refused
from services.curation.core.leads import Leads


class Placed(NamedTuple):
    """What became of a submission: `is_newer` where it changed what the source says; `claims` is the record that it
    claims, for which it waits.
    """

    key: ContributionKey
    is_newer: bool
    claims: str = ""


class Placement:
    """Takes the statements of a batch in their order. `codes` are the credit codes of verified organisations."""

    def __init__(self, known: Known, same_as: Iterable[SameAs], sources: Sources, codes: Mapping[str, str]) -> None:
        self.said: dict[ContributionKey, Contribution] = {one.key: one for one in known.contributions}
        self.changed: set[ContributionKey] = set()
        self.groups = Grouping(known.ids, same_as)
        self.joins: list[SameAs] = []
        self.ownership: dict[tuple[ContributionKey, str], Ownership] = {
            (one.key, one.record_id): one for one in known.ownership
        }
        self.new_ownership: set[tuple[ContributionKey, str]] = set()
        self._of: dict[str, list[ContributionKey]] = {}
        self._exists = set(known.records)
        self.leads = Leads(known.aliases, known.records.values(), self._exists, self.groups)
        self.holdings = Holdings(known.records.values(), self.groups, sources, codes)
        for contribution in self.said.values():
            if contribution.claim.record_id is not None:
                self._of.setdefault(self.groups.root(contribution.claim.record_id), []).append(contribution.key)

    def contributions(self, root: str) -> list[Contribution]:
        """The live ones to the record that this id stands for."""
        return [one for key in self._of.get(root, ()) if not (one := self.said[key]).claim.withdrawn]

    def is_spoken_of(self, root: str) -> bool:
        """Whether anything was said of the record that this id stands for, be it that it is no more."""
        return bool(self._of.get(root))

    def decide(self, decided: ClaimDecided) -> bool:
        """Put a decision about a claim in force; false where there is no such claim, or a newer decision."""
        place = (decided.key, decided.record_id)
        claim = self.ownership.get(place)
        if claim is None or (claim.decided and claim.decided.version >= decided.version):
            return False
        self.ownership[place] = Ownership(claim.key, claim.record_id, claim.holder, claim.claimed_at, decided)
        self.new_ownership.add(place)
        contribution = self.said.get(decided.key)
        if contribution is None or decided.decision == "refused":
            return True
        root = self.groups.root(decided.record_id)
        if contribution.claim.record_id is None:
            self._put(contribution.at(root))
        else:
            root = self._join(contribution.claim.record_id, root, contribution.received_at)
        if decided.decision == "accepted":
            self.holdings.give(root, decided.organisation)
        if not contribution.claim.withdrawn:
            self.leads.add(identities_of(contribution), self.said[decided.key].claim.record_id or root)
        return True

    def take_again(self, contributions: Iterable[Contribution]) -> None:
        """Work out anew what the identifiers of known contributions lead to, and who holds their records."""
        before = set(self.changed)
        for contribution in list(contributions):
            if contribution.claim.record_id is not None and not contribution.claim.withdrawn:
                self._place(contribution, contribution.claim.record_id, None, identities_of(contribution))
        self.changed = before

    def take(self, submission: Sent) -> Placed | Refused:
        """Put a submission in force."""
        sent = submission.contribution
        before = self.said.get(sent.key)
        if before is not None and before.claim.digest == sent.claim.digest:
            return Placed(sent.key, False, self._waits_for(before))
        if problem := refused(before, sent):
            return problem
        if sent.claim.withdrawn:
            return self._withdraw(before, submission)
        combined = updated(before, sent)
        if combined.claim.withdrawn:
            return self._end(before, combined, submission)
        if combined == before:
            return Placed(sent.key, False, self._waits_for(before))
        if before is None:
            return self._place(combined, None, submission.proposal, submission.identities)
        identities = identities_of(combined) if combined.older else submission.identities
        return self._place(combined, before.claim.record_id, submission.proposal, identities or submission.identities)

    def _waits_for(self, contribution: Contribution) -> str:
        """The record that a contribution claims, where it is part of none for that."""
        if contribution.claim.record_id is not None or contribution.claim.withdrawn:
            return ""
        return next((claim.record_id for claim in self.ownership.values() if claim.key == contribution.key), "")

    def _withdraw(self, before: Contribution | None, submission: Sent) -> Placed | Refused:
        sent = submission.contribution
        by_identity = submission.proposal == sent.source_record_id
        if by_identity and (before is None or (before.claim.record_id is None and before.claim.withdrawn)):
            return self._withdraw_by_identity(sent)
        combined = updated(before, sent.at(None))
        return self._end(before, combined, submission) if combined != before else Placed(sent.key, False)

    def _end(self, before: Contribution | None, combined: Contribution, submission: Sent) -> Placed | Refused:
        """Keep a withdrawal. What it ends may come after it, and is placed all the same: any order ends alike."""
        sent, home = submission.contribution, combined.claim.record_id
        waits = before is not None and any(claim.key == sent.key for claim in self.ownership.values())
        if waits or (sent.claim.withdrawn and (home is not None or submission.proposal is None)):
            self._put(combined)
            return Placed(sent.key, True)
        placed = self._place(combined, home, submission.proposal, submission.identities)
        at = self.said[sent.key].claim.record_id if sent.key in self.said else None
        if at is not None and not sent.claim.withdrawn:
            spoke = [*self.contributions(self.groups.root(at)), sent.at(at)]
            self.holdings.take(kind_named(sent.kind), sent, at, spoke)
        return placed

    def _withdraw_by_identity(self, sent: Contribution) -> Placed | Refused:
        """The source's own record is the one that the identifier leads to."""
        ids = (*self.leads.aliases.get(sent.source_record_id, ()), sent.source_record_id)
        beside = [other for root in sorted(set(map(self.groups.root, ids))) for other in self.contributions(root)]
        own = [other for other in beside if (other.source, other.organisation) == (sent.source, sent.organisation)]
        if len(own) != 1:
            reason = "names by an identifier no record of the source's own" if not own else "names several records"
            return Refused("unknown-withdrawal", f"the withdrawal {reason}")
        self._put(sent.at(None))  # so that it is known when it comes again
        known = replace(sent, source_record_id=own[0].source_record_id)
        combined = updated(own[0], known)
        if combined != own[0]:
            self._put(combined)
        return Placed(known.key, combined != own[0])

    def _place(
        self, contribution: Contribution, home: str | None, proposal: str | None, identities: Collection[str]
    ) -> Placed | Refused:
        """`home` is the record that it is part of, None where it is of none."""
        kind = kind_named(contribution.kind)
        alike = self.leads.alike(identities)
        if home is None and not alike:
            return self._begin(kind, contribution, proposal, identities)
        claimed, joinable = self._judged(kind, contribution, home, alike)
        if home is None and claimed:
            return self._wait(contribution, claimed)
        home = next((alike[other] for other in joinable), None) if home is None else home
        root = "" if home is None else self.groups.root(home)
        if any(self.leads.is_crowded(alias, root) for alias in identities):
            return Refused("too-many-records", f"an identifier of it leads to {RECORDS_LIMIT} other records already")
        if home is None:
            return self._begin(kind, contribution, proposal, identities)
        if problem := too_much(contribution, identities, self.contributions(root), self.leads.to(root)):
            return problem
        self._put(contribution.at(home))
        for other in joinable:
            if self._may_join(kind, root, other):
                root = self._join(home, other, contribution.received_at)
        for other in claimed:
            self._claim(contribution, other)
        self.holdings.take(kind, contribution, home, self.contributions(root))
        self.leads.add(identities, home)
        return Placed(contribution.key, True)

    def _begin(
        self, kind: Kind, contribution: Contribution, proposal: str | None, identities: Collection[str]
    ) -> Placed:
        """A record that was not there."""
        free = proposal is not None and proposal not in self._exists
        record_id = proposal if free and proposal else own_id(*contribution.key)
        self._put(contribution.at(record_id))
        self.holdings.take(kind, contribution, record_id, self.contributions(self.groups.root(record_id)))
        self.leads.add(identities, record_id)
        return Placed(contribution.key, True)

    def _judged(
        self, kind: Kind, contribution: Contribution, home: str | None, alike: Mapping[str, str]
    ) -> tuple[list[str], list[str]]:
        """Of the records that an identifier leads to: those that it claims, and those that it may belong to."""
        mine = self.groups.root(home) if home is not None else ""
        owns = self.holdings.speaks_as_owner(contribution)
        claimed, joinable = [], []
        for root, record_id in alike.items():
            if root == mine:
                continue
            if owns and self.holdings.is_anothers(kind, contribution, root, self.contributions(root)):
                decided = self._decided(contribution, root)
                if decided is not None and decided.decision != "refused":
                    joinable.append(root)
                elif not self._is_given_up(kind, contribution, root):
                    claimed.append(root)
            elif not self._is_other(kind, contribution, root, record_id):
                joinable.append(root)
        return claimed, joinable

    def _is_other(self, kind: Kind, contribution: Contribution, root: str, record_id: str) -> bool:
        """Whether the record cannot be the contribution's for all that leads there by `record_id`.

        Two records of one source are one only by an identifier, not by what it calls them.
        """
        beside = self.contributions(root)
        if not kind.identified(contribution.fields):
            own = (contribution.source, contribution.organisation)
            if any((one.source, one.organisation) == own and one.claim.record_id == record_id for one in beside):
                return True
        return contradict(kind, [contribution], beside)

    def _is_given_up(self, kind: Kind, contribution: Contribution, root: str) -> bool:
        """Whether those who speak for the record name it by none of the contribution's identifiers any more."""
        named = set(kind.identities(contribution.fields))
        beside = self.contributions(root)
        return bool(named and beside) and not any(named & set(identities_of(other)) for other in beside)

    def _decided(self, contribution: Contribution, root: str) -> ClaimDecided | None:
        claims = [self.ownership.get((contribution.key, one)) for one in self.groups.members(root)]
        return next((claim.decided for claim in claims if claim and claim.decided), None)

    def _wait(self, contribution: Contribution, claimed: Sequence[str]) -> Placed:
        self.said[contribution.key] = contribution.at(None)
        self.changed.add(contribution.key)
        for root in claimed:
            self._claim(contribution, root)
        return Placed(contribution.key, True, claimed[0])

    def _claim(self, contribution: Contribution, root: str) -> None:
        place = (contribution.key, root)
        if place not in self.ownership:
            holder = self.holdings.of(root) or ""
            self.ownership[place] = Ownership(contribution.key, root, holder, contribution.received_at)
            self.new_ownership.add(place)

    def _put(self, contribution: Contribution) -> None:
        """Keep the contribution, as part of the record that its claim names."""
        before = self.said.get(contribution.key)
        self.said[contribution.key] = contribution
        self.changed.add(contribution.key)
        record_id = contribution.claim.record_id
        if record_id is not None and (before is None or before.claim.record_id is None):
            self._exists.add(record_id)
            self._of.setdefault(self.groups.join(record_id, record_id), []).append(contribution.key)

    def _may_join(self, kind: Kind, root: str, other: str) -> bool:
        """Whether a shared identifier makes two records one."""
        return (
            root != self.groups.root(other)
            and not self.holdings.differ(root, other)
            and len(self.groups.members(root)) + len(self.groups.members(other)) <= MEMBERS_LIMIT
            and not self.groups.are_apart(root, other)
            and not contradict(kind, self.contributions(root), self.contributions(other))
        )

    def _join(self, left: str, right: str, at: str) -> str:
        """Make two records one."""
        first, second = sorted((self.groups.root(left), self.groups.root(right)))
        if first == second:
            return first
        self.joins.append(SameAs(first, second, "joined", 0, BY_IDENTIFIER, at))
        self.groups.join(first, second)
        self._of.setdefault(first, []).extend(self._of.pop(second, ()))
        self.leads.join(first, second)
        return first
