"""Stewards: people who settle conflicts and join duplicates. Their decisions are events, as all that curation reads."""

from collections.abc import Sequence
from dataclasses import dataclass

from hub.kernel.access import Principal
from hub.kernel.contributions import Contribution, Preference, SameAs, SameAsDecision, values_digest
from hub.kernel.problems import Refusal, refusal
from hub.kernel.records import Record
from hub.kernel.sources import Sources
from hub.ports.records import RecordStore, WeakKey
from schemas.http.curation import PAGE_LIMIT
from schemas.kind import kind_named, kinds
from schemas.rights import may_settle
from services.curation.core.authority import judged
from services.curation.core.components import MEMBERS_LIMIT, path_between
from services.curation.core.merge import statements_of
from services.curation.core.stewarding import Group, Pair, canonical, may_be_joined, of_one_kind, undecided_pairs
from services.curation.decisions import DecisionLog

GROUP_MEMBERS = 12
"""Of a group of records that share a name, as many are compared at once; when those are decided, WIDE_MEMBERS."""
WIDE_MEMBERS = 64
SMALLEST_KEY = -(2**63)
PAGES_READ = 20
"""Pages of conflicts that one page looks through at most, since all of them may be for others to settle."""
GROUPS_READ = 500
"""Groups that one page reads at most, since all of their pairs may have been decided."""


@dataclass(frozen=True, slots=True)
class ConflictPage:
    """Records with conflicts in the order of their ids; `next` is the `after` of the next page."""

    records: tuple[Record, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class DuplicatePage:
    """Pairs that may be one thing; `next` is the `after` of the next page."""

    pairs: tuple[Pair, ...]
    next: WeakKey | None


class Stewardship:
    """Finds what is to be decided, and writes decisions to the log; they are in force once curation has read them."""

    def __init__(self, written: DecisionLog, store: RecordStore, sources: Sources | None = None) -> None:
        self._written = written
        self._store = store
        self._sources = sources or Sources({})

    def conflicts(self, by: Principal, kind: str | None = None, after: str = "", limit: int = 20) -> ConflictPage:
        """Records whose sources disagree with equal authority, of those that the caller may settle.

        A page holds fewer than `limit` with more to follow where PAGES_READ have been looked through. Refusal (400) for
        an unknown kind.
        """
        if kind is not None and kind not in kinds():
            known = ", ".join(kinds())
            raise refusal("unknown-kind", "curation.record-kinds", kind, "kind", 400, known=known)
        size = max(1, min(limit, PAGE_LIMIT))
        settled: list[Record] = []
        for _ in range(PAGES_READ):
            page = self._store.conflicts(after, size, kind)
            settled += [record for record in page if may_settle(by, record)]
            if len(settled) > size:
                return ConflictPage(tuple(settled[:size]), settled[size - 1].id)
            if len(page) < size:
                return ConflictPage(tuple(settled), None)
            after = page[-1].id
            if len(settled) == size:
                break
        return ConflictPage(tuple(settled), after)

    def duplicates(self, by: Principal, after: WeakKey | None = None, limit: int = 20) -> DuplicatePage:
        """Pairs of active records of one name that nobody has decided on, of those that the caller may settle.

        About `limit` of them: the pairs of one group stay on one page, however many they are.
        """
        size = max(1, min(limit, PAGE_LIMIT))
        pairs: list[Pair] = []
        read = 0
        while len(pairs) < size and read < GROUPS_READ:
            groups = self._store.alike(after, size, GROUP_MEMBERS)
            for group, undecided in zip(groups, self._undecided(groups), strict=True):
                found = [pair for pair in undecided if may_settle(by, pair.left) and may_settle(by, pair.right)]
                if pairs and len(pairs) + len(found) > size:
                    return DuplicatePage(tuple(pairs), after)
                pairs += found
                after = group[0]
            if len(groups) < size:
                return DuplicatePage(tuple(pairs), None)
            read += len(groups)
        return DuplicatePage(tuple(pairs), after)

    def prefer(  # noqa: PLR0917 - a decision's own order
        self,
        record_id: str,
        field: str,
        source: str | None,
        source_record_id: str | None,
        by: Principal,
        organisation: str = "",
    ) -> Preference:
        """Believe one source about a field of the record or, with `source` None, undo such a decision.

        Refusal: 403 where the caller may not settle it; 404 for an unknown record; 409 where it was replaced, or where
        there is nothing to undo; 422 for an unknown field, or a source that has no part in the record or no value of
        the field that could be used.
        """
        record = self._to_settle(record_id, "record_id", by)
        if record.replaced_by:
            raise refusal("replaced", "curation.record-replaced", record_id, "record_id", 409, id=record.replaced_by)
        _require_field(record, field)
        _require_source(record, source, source_record_id)
        settled = [one for one in self._store.settled(_stands_for(record)) if one.field == field]
        before = max(settled, key=Preference.rank, default=None)
        if source is None and before is None:
            raise _nothing_to_undo("field", field)
        speaker = (source or "", organisation, source_record_id or "")
        values = [] if source is None else self._values(record, field, speaker)
        version, at = self._written.next_version(before.version if before else 0)
        decided_on = values_digest(values) if values else ""
        said = Preference(record_id, field, source, source_record_id, version, by.name, at, organisation, decided_on)
        chosen = "/".join(filter(None, speaker)) if source else "undone"
        self._written.append(said, record_id, by, f"{field}: {chosen}")
        return said

    def decide(self, left: str, right: str, decision: SameAsDecision, by: Principal) -> SameAs:
        """Say that two records are one thing, that they are not, or undo what was said of the pair.

        Refusal: 403 where the caller may not settle both; 404 for an unknown record; 409 where there is nothing to
        undo, too many would be joined, or other decisions say the opposite; 422 where the records are not two of one
        kind.
        """
        if not of_one_kind(left, right):
            raise refusal("not-a-pair", "curation.not-decided", right, "right")
        left, right = sorted((left, right))
        records = [self._to_settle(left, "left", by), self._to_settle(right, "right", by)]
        before = next((one for one in self._store.decisions([left]) if one.key == (left, right)), None)
        if decision == "undone" and before is None:
            raise _nothing_to_undo("right", right)
        if decision == "joined":
            self._require_room(records)
        if decision != "undone":
            self._require_agreement(records, decision)
        version, at = self._written.next_version(before.version if before else 0)
        said = SameAs(left, right, decision, version, by.name, at)
        self._written.append(said, left, by, f"{decision} {right}")
        return said

    def decisions(self, record_id: str, by: Principal) -> tuple[Sequence[SameAs], Sequence[tuple[Preference, bool]]]:
        """The decisions about the record and what it is joined to; 404 for an unknown one, 403 for others to settle.

        Those on fields each with whether it is in force: it is not once sources say something else.
        """
        asked = self._to_settle(record_id, "record_id", by)
        ids = _stands_for(self._known(canonical(asked), "record_id"))
        pairs = [one for one in self._store.decisions(ids) if one.decision != "undone"]
        newest = {one.field: one for one in sorted(self._store.settled(ids), key=Preference.rank)}
        record = self._known(canonical(asked), "record_id")
        return pairs, [(one, self._holds(record, one)) for one in newest.values() if one.source is not None]

    def _undecided(self, groups: Sequence[Group]) -> list[list[Pair]]:
        """The pairs of each group; of one that is not compared in full the next ones, when its first are decided."""
        found = self._pairs(groups)
        for place, (key, members) in enumerate(groups):
            if len(members) == GROUP_MEMBERS and not found[place]:
                wide = self._store.alike(None if key == SMALLEST_KEY else key - 1, 1, WIDE_MEMBERS)
                found[place] = self._pairs(wide)[0][:GROUP_MEMBERS] if wide else []
        return found

    def _pairs(self, groups: Sequence[Group]) -> list[list[Pair]]:
        ids = {record_id for _, members in groups for record_id in members}
        records = self._store.get(ids)
        decided = self._store.decisions(ids)
        return [undecided_pairs([group], records, decided) for group in groups]

    def _holds(self, record: Record, choice: Preference) -> bool:
        said = self._statements(record, choice.field) if choice.decided_on else []
        return not choice.decided_on or choice.decided_on == values_digest(value for _, value in said)

    def _statements(self, record: Record, field: str) -> list[tuple[Contribution, object]]:
        """What those say of the field whose word counts."""
        kind = kind_named(record.kind)
        contributions = self._store.contributions(_stands_for(record))
        return statements_of(kind, judged(kind, contributions, record.holder, self._sources), field)

    def _values(self, record: Record, field: str, speaker: tuple[str, str, str]) -> list[object]:
        """The values between which a steward decides; Refusal (422) where the speaker states none of them."""
        statements = self._statements(record, field)
        speakers = [(spoke.source, spoke.organisation, spoke.source_record_id) for spoke, _ in statements]
        if speaker not in speakers:
            names = ", ".join("/".join(filter(None, name)) for name in speakers)
            raise refusal("no-such-value", "curation.speakers-of-field", "/".join(speaker), "source", known=names)
        return [value for _, value in statements]

    def _require_agreement(self, records: Sequence[Record], decision: SameAsDecision) -> None:
        """409 where the decision would say the opposite of others, which it names."""
        left, right = records
        ids = {member for record in records for member in _stands_for(self._known(canonical(record), "left"))}
        others = [other for other in self._store.decisions(ids) if other.key != (left.id, right.id)]
        if decision == "separate":
            path = path_between(left.id, right.id, others)
        else:
            joined = [*others, SameAs(left.id, right.id, "joined", 0, "", "")]
            apart = (other for other in others if other.decision == "separate")
            path = next((found for pair in apart if (found := path_between(*pair.key, joined))), ())
        if path:
            names = " – ".join(path)
            raise refusal("decided-otherwise", "curation.decided-otherwise", right.id, "right", 409, path=names)

    def _known(self, record_id: str, name: str) -> Record:
        record = self._store.get([record_id]).get(record_id)
        if record is None:
            raise refusal("unknown-record", "curation.not-decided.id-record-exists", record_id, name, 404)
        return record

    def _to_settle(self, record_id: str, name: str, by: Principal) -> Record:
        """The record of this id; 403 where the one that stands for it is for others to settle."""
        record = self._known(record_id, name)
        if not may_settle(by, self._known(canonical(record), name)):
            raise refusal("not-yours-to-decide", "curation.holder-decides", record_id, name, 403)
        return record

    def _require_room(self, records: Sequence[Record]) -> None:
        stand_for = self._store.get({canonical(record) for record in records})
        if len(stand_for) > 1 and not may_be_joined(list(stand_for.values())):
            raise refusal(
                "too-many-joined",
                "curation.not-decided.most-records-joined-into",
                "",
                "right",
                409,
                limit=MEMBERS_LIMIT,
            )


def _stands_for(record: Record) -> list[str]:
    """The record's id and those joined to it; a decision about any of them is one about the record."""
    return [record.id, *record.same_as]


def _require_field(record: Record, field: str) -> None:
    fields = kind_named(record.kind).model.model_fields
    if field not in fields:
        raise refusal("unknown-field", "curation.not-decided.kind-fields", field, "field", known=", ".join(fields))


def _require_source(record: Record, source: str | None, source_record_id: str | None) -> None:
    if source is None and source_record_id is None:
        return
    speakers = [(one.source, one.source_record_id) for one in record.sources]
    if (source, source_record_id) not in speakers:
        known = ", ".join(f"{one}/{number}" for one, number in speakers)
        raise refusal(
            "unknown-speaker", "curation.record-sources", f"{source}/{source_record_id}", "source", known=known
        )


def _nothing_to_undo(field: str, found: str) -> Refusal:
    return refusal("not-decided", "curation.not-decided.something-was-decided", found, field, 409)
