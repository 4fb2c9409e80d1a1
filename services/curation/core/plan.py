"""What a batch of events changes: from what the store knows and what was said, to what the store shall know.

The resulting records depend on the set of events alone, not on their order, repetition or division into batches; only
versions, times and outcomes tell how they came.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hub.kernel.contributions import (
    Claim,
    Contribution,
    ContributionKey,
    Preference,
    SameAs,
    kind_of,
    newest,
)
from hub.kernel.records import Record, Submission
from hub.ports.records import Changes, Effect, Outcome, WeakKey
from schemas.kind import kind_named
from services.curation.core.components import Component, components
from services.curation.core.merge import NOTHING, Merged, merged
from services.curation.core.weak import weak_keys


@dataclass(frozen=True, slots=True)
class Statements:
    """A batch of events, folded: (event id, what it says) of each, and the newest of what they say of one thing."""

    submissions: Sequence[tuple[str, Contribution]] = ()
    same_as: Sequence[tuple[str, SameAs]] = ()
    preferences: Sequence[tuple[str, Preference]] = ()


@dataclass(slots=True)
class Known:
    """What the store knows of everything that a batch touches.

    `claims` are those of the submissions' keys; the rest is that of every id in `ids`, which reach all that is joined.
    """

    claims: Mapping[ContributionKey, Claim] = field(default_factory=dict)
    same_as: Iterable[SameAs] = ()
    preferences: Iterable[Preference] = ()
    contributions: Iterable[Contribution] = ()
    records: Mapping[str, Record] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)


def folded(events: Iterable[tuple[str, Submission | SameAs | Preference]]) -> Statements:
    """Sort the events by what they are."""
    submissions: list[tuple[str, Contribution]] = []
    same_as: list[tuple[str, SameAs]] = []
    preferences: list[tuple[str, Preference]] = []
    for event_id, statement in events:
        if isinstance(statement, Submission):
            submissions.append((event_id, Contribution.of(statement)))
        elif isinstance(statement, SameAs):
            same_as.append((event_id, statement))
        else:
            preferences.append((event_id, statement))
    return Statements(submissions, same_as, preferences)


def accepted(statements: Statements, claims: Mapping[ContributionKey, Claim]) -> dict[ContributionKey, Contribution]:
    """The contributions of the batch that are newer than what the store has."""
    newer: dict[ContributionKey, Contribution] = {}
    for _, contribution in statements.submissions:
        key = contribution.key
        before = newer[key].claim if key in newer else claims.get(key)
        if before is None or contribution.claim.rank() > before.rank():
            newer[key] = contribution
    return newer


def touched(statements: Statements, claims: Mapping[ContributionKey, Claim]) -> set[str]:
    """Every record id that the batch names, and every one that a contribution leaves."""
    ids = {contribution.claim.record_id for _, contribution in statements.submissions}
    ids.update(claim.record_id for claim in claims.values())
    ids.update(record_id for _, decision in statements.same_as for record_id in decision.key)
    ids.update(preference.record_id for _, preference in statements.preferences)
    return {record_id for record_id in ids if record_id is not None}


def planned(statements: Statements, known: Known, now: str) -> Changes:
    """What to store; `now` is RFC 3339 in UTC."""
    newer = accepted(statements, known.claims)
    same_as = _newest_known(known.same_as, (decision for _, decision in statements.same_as))
    preferences = _newest_known(known.preferences, (preference for _, preference in statements.preferences))
    grouped = components(known.ids, same_as.values())
    changes = Changes(
        contributions=list(newer.values()),
        same_as=_new_ones(same_as.values(), known.same_as),
        preferences=_new_ones(preferences.values(), known.preferences),
    )
    by_component = _by_component(known, newer, grouped)
    chosen = _preferences_by_component(preferences.values(), grouped)
    for component in set(grouped.values()):
        canonical = component.canonical
        result = merged(kind_named(kind_of(canonical)), by_component.get(canonical, ()), chosen.get(canonical, ()))
        _compare(changes, known.records, component, result, now)
    _outcomes(changes, statements, known, newer, grouped)
    return changes


def _newest_known(known: Iterable[Any], new: Iterable[Any]) -> dict[tuple[str, str], Any]:
    return newest([*known, *new])


def _new_ones(newest_ones: Iterable[Any], known: Iterable[Any]) -> list[Any]:
    before = set(known)
    return [decision for decision in newest_ones if decision not in before]


def _by_component(
    known: Known, newer: Mapping[ContributionKey, Contribution], grouped: Mapping[str, Component]
) -> dict[str, list[Contribution]]:
    """The contributions to each component, withdrawn ones too, by its canonical id."""
    found: dict[str, list[Contribution]] = {}
    for contribution in (*(one for one in known.contributions if one.key not in newer), *newer.values()):
        record_id = contribution.claim.record_id
        if record_id is not None:
            found.setdefault(grouped[record_id].canonical, []).append(contribution)
    return found


def _preferences_by_component(
    preferences: Iterable[Preference], grouped: Mapping[str, Component]
) -> dict[str, list[Preference]]:
    """Preferences in force, the newest of each field of a component last."""
    found: dict[str, list[Preference]] = {}
    for preference in sorted(preferences, key=Preference.rank):
        found.setdefault(grouped[preference.record_id].canonical, []).append(preference)
    return found


def _compare(changes: Changes, records: Mapping[str, Record], component: Component, result: Merged, now: str) -> None:
    """Note what differs from the stored records of a component."""
    canonical = component.canonical
    for record_id in component.members:
        sole = record_id == canonical
        part = result if sole else NOTHING
        wanted = Record(
            id=record_id,
            kind=kind_of(record_id),
            version=1,
            status="active" if part.sources else "withdrawn",
            created_at=now,
            updated_at=now,
            fields=part.fields,
            provenance=part.provenance,
            sources=part.sources,
            conflicts=part.conflicts,
            same_as=component.others if sole else (),
            replaced_by=None if sole else canonical,
        )
        _note(changes, records.get(record_id), wanted)


def _note(changes: Changes, before: Record | None, wanted: Record) -> None:
    if before is None:
        changes.records.append(wanted)
    elif _differs(before, wanted):
        changes.records.append(replace(wanted, version=before.version + 1, created_at=before.created_at))
    else:
        if (before.sources, before.provenance, before.conflicts) != (
            wanted.sources,
            wanted.provenance,
            wanted.conflicts,
        ):
            same = replace(wanted, version=before.version, created_at=before.created_at, updated_at=before.updated_at)
            changes.refreshed.append(same)
        return
    old, new = _weak(before), _weak(wanted)
    changes.weak_gone.extend((key, wanted.id) for key in old - new)
    changes.weak_new.extend((key, wanted.id) for key in new - old)


def _differs(before: Record, wanted: Record) -> bool:
    """Whether the content differs, and so the version must grow."""
    return (
        before.fields != wanted.fields
        or before.status != wanted.status
        or before.same_as != wanted.same_as
        or before.replaced_by != wanted.replaced_by
    )


def _weak(record: Record | None) -> frozenset[WeakKey]:
    return frozenset() if record is None else weak_keys(kind_named(record.kind), record.fields)


def _outcomes(
    changes: Changes,
    statements: Statements,
    known: Known,
    newer: Mapping[ContributionKey, Contribution],
    grouped: Mapping[str, Component],
) -> None:
    """Tell what became of each event."""
    version_now = {record_id: record.version for record_id, record in known.records.items()}
    changed = {record.id: record.version for record in changes.records}
    version_now.update(changed)
    named = {one.key: one.claim.record_id for _, one in statements.submissions if one.claim.record_id}
    named |= {key: claim.record_id for key, claim in known.claims.items() if claim.record_id}

    def note(event_id: str, record_id: str | None, accepted: bool, stale: bool) -> None:
        canonical = grouped[record_id].canonical if record_id else ""
        effect: Effect = "changed" if accepted and canonical in changed else "stale" if stale else "unchanged"
        changes.outcomes.append(Outcome(event_id, canonical, version_now.get(canonical, 0), effect))

    for event_id, contribution in statements.submissions:
        key, claim = contribution.key, contribution.claim
        current = newer[key].claim if key in newer else known.claims[key]
        stale = claim.rank() < current.rank()
        note(event_id, claim.record_id or named.get(key), key in newer and not stale, stale)
    for event_id, decision in statements.same_as:
        note(event_id, decision.left, decision in changes.same_as, False)
    for event_id, preference in statements.preferences:
        note(event_id, preference.record_id, preference in changes.preferences, False)
