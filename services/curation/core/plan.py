"""What a batch of events changes: from what the store knows and what was said, to what the store shall know.

Which contributions make one record, and what it says, depends on what was said; only which of several ids a record
keeps, and versions, times and outcomes, tell how it came.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from hub.kernel.contributions import Contribution, Preference, kind_of, newest
from hub.kernel.records import Record
from hub.kernel.sources import Sources
from hub.kernel.versions import latest_version
from hub.ports.clock import rfc3339
from hub.ports.records import Changes, Effect, Outcome, WeakKey
from schemas.kind import kind_named
from services.curation.core.authority import judged
from services.curation.core.components import Component
from services.curation.core.known import Known, Refused, Sent, Statements
from services.curation.core.merge import NOTHING, merged
from services.curation.core.placement import Placed, Placement
from services.curation.core.weak import identifier_key, weak_keys

Result = Placed | Refused


class Planned(NamedTuple):
    """What to store, and which submissions are dead letters, by their event ids."""

    changes: Changes
    refused: Mapping[str, Refused]


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds beside what was said: the register of sources, and the credit codes of verified organisations."""

    sources: Sources = field(default_factory=lambda: Sources({}))
    codes: Mapping[str, str] = field(default_factory=dict)


def planned(statements: Statements, known: Known, now: datetime, rules: Rules, *, again: bool = False) -> Planned:
    """What becomes of the batch; every record of `known.ids` is merged anew.

    With `again` what is known is taken as if it was said now: identifiers, holders and weak keys are worked out anew.
    """
    same_as = _newest_known(known.same_as, (decision for _, decision in statements.same_as))
    preferences = _newest_known(known.preferences, (preference for _, preference in statements.preferences))
    placement = Placement(known, same_as.values(), rules.sources, rules.codes)
    if again:
        placement.take_again(known.contributions)
    latest = latest_version(now)
    results = [_taken(placement, sent, latest) for sent in statements.submissions]
    decided = [placement.decide(decision) for _, decision in statements.decided]
    changes = Changes(
        contributions=[placement.said[key] for key in placement.changed],
        same_as=[*_new_ones(same_as.values(), known.same_as), *placement.joins],
        preferences=_new_ones(preferences.values(), known.preferences),
        aliases={alias: placement.leads.aliases[alias] for alias in placement.leads.new},
        aliases_before={alias: known.aliases.get(alias, ()) for alias in placement.leads.new},
        ownership=[placement.ownership[place] for place in placement.new_ownership],
    )
    _Merging(changes, placement, known, rfc3339(now), rules.sources).run(preferences.values(), again)
    if again:
        changes.weak_new.extend((key, record.id) for record in known.records.values() for key in _weak(record))
    _offer(changes, placement)
    outcomes = _Outcomes(changes, placement, known)
    outcomes.of_submissions(statements.submissions, results)
    outcomes.of_decisions(statements, decided)
    refused = zip(statements.submissions, results, strict=True)
    return Planned(changes, {sent.event_id: result for sent, result in refused if isinstance(result, Refused)})


def _taken(placement: Placement, sent: Sent, latest: int) -> Result:
    version = sent.contribution.claim.source_version
    if version > latest and version > _latest_at_arrival(sent.contribution):
        return Refused("future-version", "the source's version is a time more than a day ahead")
    return placement.take(sent)


def _latest_at_arrival(contribution: Contribution) -> int:
    """Rows may have arrived later than now: the hub's own versions never go back, even when its clock is set back."""
    try:
        return latest_version(datetime.fromisoformat(contribution.received_at).astimezone(UTC))
    except (ValueError, OverflowError):
        return 0


def _newest_known(known: Iterable[Any], new: Iterable[Any]) -> dict[tuple[str, str], Any]:
    return newest([*known, *new])


def _new_ones(newest_ones: Iterable[Any], known: Iterable[Any]) -> list[Any]:
    before = set(known)
    return [decision for decision in newest_ones if decision not in before]


class _Merging:
    """Merges each record anew, and notes what differs from what is stored."""

    def __init__(self, changes: Changes, placement: Placement, known: Known, now: str, sources: Sources) -> None:
        self._changes = changes
        self._placement = placement
        self._records = known.records
        self._now = now
        self._sources = sources

    def run(self, preferences: Iterable[Preference], again: bool) -> None:
        """What nobody speaks for is left alone where it is merged `again`: nothing was said that could change it."""
        chosen = self._by_root(preferences)
        for component in self._placement.groups.components():
            if not again or self._placement.contributions(component.canonical):
                self._merge(component, chosen.get(component.canonical, ()))

    def _by_root(self, preferences: Iterable[Preference]) -> dict[str, list[Preference]]:
        """Preferences in force, the newest of each field of a record last, with the names that sources have now."""
        found: dict[str, list[Preference]] = {}
        for preference in sorted(preferences, key=Preference.rank):
            source = self._sources.known(preference.source) if preference.source else None
            current = replace(preference, source=source.id) if source else preference
            found.setdefault(self._placement.groups.root(preference.record_id), []).append(current)
        return found

    def _merge(self, component: Component, preferences: Sequence[Preference]) -> None:
        canonical = component.canonical
        kind = kind_named(kind_of(canonical))
        holder = self._placement.holdings.of(canonical)
        contributions = self._placement.contributions(canonical)
        result = merged(kind, judged(kind, contributions, holder, self._sources), preferences)
        for record_id in component.members:
            before = self._records.get(record_id)
            if before is None and not self._placement.is_spoken_of(canonical) and not component.others:
                continue
            sole = record_id == canonical
            part = result if sole else NOTHING
            wanted = Record(
                record_id,
                kind.name,
                1,
                "active" if part.sources else "withdrawn",
                self._now,
                self._now,
                part.fields,
                part.provenance,
                part.sources,
                part.conflicts,
                component.others if sole else (),
                None if sole else canonical,
                holder if sole else self._placement.holdings.own(record_id),
                tuple(sorted(set(self._placement.leads.to(canonical)) - {canonical})) if sole else (),
            )
            _note(self._changes, before, wanted)


def _note(changes: Changes, before: Record | None, wanted: Record) -> None:
    if before is None:
        changes.records.append(wanted)
    elif _content(before) != _content(wanted):
        changes.records.append(replace(wanted, version=before.version + 1, created_at=before.created_at))
    else:
        same = replace(wanted, version=before.version, created_at=before.created_at, updated_at=before.updated_at)
        if same != before:
            changes.refreshed.append(same)
        return
    old, new = _weak(before), _weak(wanted)
    changes.weak_gone.extend((key, wanted.id) for key in old - new)
    changes.weak_new.extend((key, wanted.id) for key in new - old)


def _content(record: Record) -> tuple[Any, ...]:
    """What a version is about: where it differs, the version must grow."""
    return (record.fields, record.status, record.same_as, record.replaced_by, record.holder)


def _weak(record: Record | None) -> frozenset[WeakKey]:
    return frozenset() if record is None else weak_keys(kind_named(record.kind), record.fields)


def _offer(changes: Changes, placement: Placement) -> None:
    """Records that share an identifier, and were not joined by it, are offered to stewards before all others."""
    for alias, ids in placement.leads.aliases.items():
        if len(ids) > 1:
            roots = {placement.groups.root(one) for one in ids}
            pairs = [(identifier_key(alias), one) for one in ids]
            changes.weak_new.extend(pair for pair in pairs if pair[1] in roots and len(roots) > 1)
            changes.weak_gone.extend(pair for pair in pairs if pair[1] not in roots or len(roots) == 1)


class _Outcomes:
    """Tells what became of each event."""

    def __init__(self, changes: Changes, placement: Placement, known: Known) -> None:
        self._changes = changes
        self._placement = placement
        self._changed = {record.id: record.version for record in changes.records}
        self._versions = {record_id: record.version for record_id, record in known.records.items()} | self._changed

    def of_submissions(self, submissions: Sequence[Sent], results: Sequence[Result]) -> None:
        current = self._placement.said
        for sent, result in zip(submissions, results, strict=True):
            if isinstance(result, Refused):
                self._changes.outcomes.append(Outcome(sent.event_id, "", 0, "dead"))
                continue
            contribution = current[result.key]
            record_id = contribution.claim.record_id
            if result.claims:
                self._changes.outcomes.append(Outcome(sent.event_id, result.claims, 0, "claimed"))
            else:
                superseded = sent.contribution.claim.rank() < contribution.claim.rank()
                stale = superseded and (contribution.older is None or not result.is_newer)
                self._note(sent.event_id, record_id, result.is_newer and not stale, stale)

    def of_decisions(self, statements: Statements, decided: Sequence[bool]) -> None:
        for event_id, decision in statements.same_as:
            self._note(event_id, decision.left, decision in self._changes.same_as)
        for event_id, preference in statements.preferences:
            self._note(event_id, preference.record_id, preference in self._changes.preferences)
        for (event_id, claim), new in zip(statements.decided, decided, strict=True):
            self._note(event_id, claim.record_id, new)

    def _note(self, event_id: str, record_id: str | None, is_new: bool, stale: bool = False) -> None:
        canonical = self._placement.groups.root(record_id) if record_id else ""
        effect: Effect = "changed" if is_new and canonical in self._changed else "stale" if stale else "unchanged"
        self._changes.outcomes.append(Outcome(event_id, canonical, self._versions.get(canonical, 0), effect))
