"""What a batch says, and what the store knows of everything that it touches."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from hub.kernel.contributions import (
    Claim,
    ClaimDecided,
    Contribution,
    ContributionKey,
    Ownership,
    Preference,
    SameAs,
)
from hub.kernel.records import Record, Submission
from hub.kernel.sources import Sources
from hub.kernel.versions import form_of
from schemas.kind import kind_named

Statement = Submission | SameAs | Preference | ClaimDecided


class Refused(NamedTuple):
    """Why a submission is a dead letter: a stable code, and a sentence in English that quotes no field values."""

    code: str
    reason: str


class Sent(NamedTuple):
    """A submission: its event id, what it says, the id that its record shall have where it is new, and the ids that its
    identifiers stand for; where it has none of its own, that id is taken for one.
    """

    event_id: str
    contribution: Contribution
    proposal: str | None
    identities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statements:
    """A batch of events, sorted by what they are, each with its event id."""

    submissions: Sequence[Sent] = ()
    same_as: Sequence[tuple[str, SameAs]] = ()
    preferences: Sequence[tuple[str, Preference]] = ()
    decided: Sequence[tuple[str, ClaimDecided]] = ()


@dataclass(slots=True)
class Known:
    """What the store knows of everything that a batch touches.

    `claims` are those of the submissions' keys; `contributions` those to every id in `ids`, which reach all that is
    joined, and those of the keys that belong to no record; `aliases` are the records that identifiers lead to.
    """

    claims: Mapping[ContributionKey, Claim] = field(default_factory=dict)
    same_as: Iterable[SameAs] = ()
    preferences: Iterable[Preference] = ()
    contributions: Iterable[Contribution] = ()
    records: Mapping[str, Record] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ownership: Iterable[Ownership] = ()


def folded(events: Iterable[tuple[str, Statement]], sources: Sources) -> Statements:
    """Sort the events by what they are; sources are known by the ids that stay when they are renamed."""
    submissions: list[Sent] = []
    same_as: list[tuple[str, SameAs]] = []
    preferences: list[tuple[str, Preference]] = []
    decided: list[tuple[str, ClaimDecided]] = []
    for event_id, statement in events:
        if isinstance(statement, Submission):
            submissions.append(_sent(event_id, statement, sources))
        elif isinstance(statement, SameAs):
            same_as.append((event_id, statement))
        elif isinstance(statement, Preference):
            preferences.append((event_id, statement))
        else:
            decided.append((event_id, statement))
    return Statements(submissions, same_as, preferences, decided)


def _sent(event_id: str, submission: Submission, sources: Sources) -> Sent:
    contribution = Contribution.of(submission, sources.key_of(submission.source), event_id)
    proposal = submission.record_id
    if not contribution.claim.withdrawn:
        identities = kind_named(submission.kind).identities(submission.fields)
        return Sent(event_id, contribution, proposal, identities or ((proposal,) if proposal else ()))
    return Sent(event_id, contribution, proposal, (proposal,) if proposal else ())


def touched(statements: Statements, known: Known) -> set[str]:
    """Every record id that the batch is about, as far as it can be told from what is `known`."""
    ids = {sent.proposal for sent in statements.submissions if _is_new(sent, known.claims)}
    ids.update(claim.record_id for claim in known.claims.values())
    ids.update(record_id for found in known.aliases.values() for record_id in found)
    ids.update(record_id for _, decision in statements.same_as for record_id in decision.key)
    ids.update(preference.record_id for _, preference in statements.preferences)
    ids.update(decided.record_id for _, decided in statements.decided)
    return {record_id for record_id in ids if record_id is not None}


def _is_new(sent: Sent, claims: Mapping[ContributionKey, Claim]) -> bool:
    claim = claims.get(sent.contribution.key)
    return claim is None or claim.record_id is None


def refused(before: Contribution | None, sent: Contribution) -> Refused | None:
    """Whether what the source said before keeps this from being taken."""
    if before is None:
        return None
    old, new = before.claim, sent.claim
    if form_of(old.source_version) != form_of(new.source_version):
        return Refused("version-form", "the source's versions of this record are counts and times; one form is taken")
    same = old.source_version == new.source_version and not (old.withdrawn or new.withdrawn)
    if same and before.fields != sent.fields:
        return Refused("same-version", "the source has said something else of this record under the same version")
    return None
