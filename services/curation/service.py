"""Curation's background work: submissions become records, and records are published."""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from hub.kernel.cloudevents import traceparent_of
from hub.kernel.contributions import Claim, Contribution, ContributionKey, SameAs
from hub.kernel.deadletters import dead_letter, dead_letter_topic
from hub.kernel.entries import Delivered, Entry
from hub.kernel.records import RECORDS, SUBMISSIONS
from hub.kernel.sources import Sources
from hub.log.batch_worker import BATCH_ROWS, BatchWorker
from hub.ports.clock import Clock
from hub.ports.eventlog import EventLog, TooLarge, check_sizes
from hub.ports.records import Interfered, Outcome, RecordStore, RecordUnit
from hub.ports.tenancies import NoTenancies, Tenancies
from schemas.kind import kind_named
from services.curation.core.components import reached
from services.curation.core.decode import Malformed, decoded
from services.curation.core.identity import identities_of
from services.curation.core.known import Known, Refused, Sent, Statements, folded, touched
from services.curation.core.plan import Rules, planned

log = logging.getLogger("hub.curation")
T = TypeVar("T")
GROUP = "curation"
ATTEMPTS = 20
"""Of a batch that other workers' batches get ahead of, before the step fails and is repeated after a pause."""


class Curation(BatchWorker):
    """The worker that reads submissions and decisions, and is the one writer of records.

    A step's effects are dead letters and one batch of the store; only then is its position committed. Both may be
    repeated: the same events again change nothing.
    """

    name = "curation.merge"

    def __init__(  # noqa: PLR0917 - the composition root's order
        self,
        event_log: EventLog,
        store: RecordStore,
        clock: Clock,
        batch_rows: int = BATCH_ROWS,
        sources: Sources | None = None,
        tenancies: Tenancies | None = None,
    ) -> None:
        super().__init__(event_log, GROUP, [SUBMISSIONS], batch_rows)
        self._store = store
        self._clock = clock
        self._sources = sources or Sources({})
        self._tenancies = tenancies or NoTenancies()
        self._due: bool | None = None

    def step(self, timeout: float) -> int:
        """One batch; records that are to be merged again, since what holds for them has changed, go before."""
        if self._due is None:
            self._store.merge_again(self._sources.fingerprint())
            self._due = True
        if self._due and (merged_again := self._tried(self._settle)):
            return merged_again
        self._due = False
        return super().step(timeout)

    def handle(self, batch: Sequence[Delivered]) -> None:
        """Make records of the submissions and decisions."""
        events, letters, dead = [], [], []
        traces: dict[str, str] = {}
        entries: dict[str, Delivered] = {}
        for entry in batch:
            event = decoded(entry)
            if isinstance(event, Malformed):
                letters.append(dead_letter(entry, event.code, event.reason))
                if event.event_id:
                    dead.append(Outcome(event.event_id, "", 0, "dead"))
            else:
                events.append(event)
                entries[event[0]] = entry
                if trace := traceparent_of(entry.headers):
                    traces[event[0]] = trace
        self._bury(letters)
        refused = self._save(folded(events, self._sources), dead, traces)
        self._bury([dead_letter(entries[event_id], *reason) for event_id, reason in refused.items()])

    def _bury(self, letters: list[Entry]) -> None:
        if letters:
            self._log.append(dead_letter_topic(SUBMISSIONS), letters)
            log.warning("%d entries of %s are dead letters", len(letters), SUBMISSIONS)

    def _settle(self) -> int:
        with self._store.batch() as unit:
            ids = unit.due(self._batch_rows)
            if ids:
                nothing = Statements()
                found = known(unit, nothing, ids)
                unit.save(planned(nothing, found, self._clock.now(), self._rules(), again=True).changes)
                unit.settle(ids)
        return len(ids)

    def _save(self, statements: Statements, dead: list[Outcome], traces: Mapping[str, str]) -> Mapping[str, Refused]:
        return self._tried(lambda: self._attempt(statements, dead, traces))

    def _tried(self, attempt: Callable[[], T]) -> T:
        for number in range(1, ATTEMPTS + 1):
            try:
                return attempt()
            except Interfered:
                if number == ATTEMPTS:
                    raise
        raise AssertionError

    def _rules(self) -> Rules:
        return Rules(self._sources, self._tenancies.verified_codes())

    def _attempt(self, statements: Statements, dead: list[Outcome], traces: Mapping[str, str]) -> Mapping[str, Refused]:
        with self._store.batch() as unit:
            changes, refused = planned(statements, known(unit, statements), self._clock.now(), self._rules())
            changes.outcomes += dead
            if traces:
                changes.traces = traces_of(changes.outcomes, traces)
            unit.save(changes)
        return refused


def traces_of(outcomes: Iterable[Outcome], traces: Mapping[str, str]) -> dict[str, str]:
    """The trace of each changed record, by its id; `traces` are those of events, by their ids.

    Of several events that changed one record in a batch the last one tells.
    """
    return {
        one.record_id: traces[one.event_id] for one in outcomes if one.effect == "changed" and one.event_id in traces
    }


def known(unit: RecordUnit, statements: Statements, ids: Collection[str] = ()) -> Known:
    """Read all that the batch touches, and these records, and all that is or will be joined to them."""
    keys = {sent.contribution.key for sent in statements.submissions}
    deciding = {decided.key for _, decided in statements.decided}
    learned = Known(claims=unit.claims(keys | deciding))
    learned.aliases = unit.aliases({alias for sent in statements.submissions for alias in sent.identities})
    _read(
        unit, learned, touched(statements, learned) | reached(decision for _, decision in statements.same_as) | set(ids)
    )
    if ids:
        _lead(
            unit,
            learned,
            {alias for one in learned.contributions for alias in kind_named(one.kind).identities(one.fields)},
        )
    waiting = {key for key, claim in learned.claims.items() if claim.record_id is None}
    if waiting:
        learned.contributions = [*learned.contributions, *unit.unplaced(waiting)]
    if waiting or deciding:
        learned.ownership = unit.ownership(waiting | deciding)
    _look_further(unit, learned, statements.submissions, deciding)
    withdrawn = [_withdrawn(key, claim) for key, claim in learned.claims.items() if claim.withdrawn]
    learned.contributions = [*learned.contributions, *withdrawn]
    return learned


def _read(unit: RecordUnit, learned: Known, ids: set[str]) -> None:
    """Add what is known of these records and of all that is joined to them."""
    stored: dict[tuple[str, str], SameAs] = {}
    fresh = unread = ids - learned.ids
    while unread:
        decisions = unit.same_as(unread)
        stored.update((decision.key, decision) for decision in decisions)
        unread = reached(decisions) - fresh - learned.ids
        fresh = fresh | unread
    learned.ids |= fresh
    learned.same_as = {decision.key: decision for decision in (*learned.same_as, *stored.values())}.values()
    learned.preferences = [*learned.preferences, *unit.preferences(fresh)]
    learned.contributions = [*learned.contributions, *unit.contributions(fresh)]
    learned.records = {**learned.records, **unit.records(fresh)}


def _look_further(
    unit: RecordUnit, learned: Known, submissions: Sequence[Sent], deciding: Collection[ContributionKey]
) -> None:
    """Read what an identifier leads to that a row and what its source said before make up together, and what those of
    rows lead to whose claims are decided.
    """
    newest = {each.key: each for each in learned.contributions}
    further = {alias for key in deciding if key in newest for alias in identities_of(newest[key])}
    for sent in submissions:
        before = newest.get(sent.contribution.key)
        if before and sent.contribution.older:
            both = replace(before, fields=before.fields | sent.contribution.fields)
            further.update(identities_of(both))
            newest[before.key] = both
    _lead(unit, learned, further - {alias for sent in submissions for alias in sent.identities})


def _lead(unit: RecordUnit, learned: Known, further: set[str]) -> None:
    """Add what these identifiers lead to."""
    if further and (aliases := unit.aliases(further)):
        learned.aliases = {**learned.aliases, **aliases}
        _read(unit, learned, {record_id for ids in aliases.values() for record_id in ids})


def _withdrawn(key: ContributionKey, claim: Claim) -> Contribution:
    kind, source, organisation, source_record_id = key
    return Contribution(kind, source, source_record_id, claim, "", {}, organisation)


class Relay:
    """The worker that publishes new record versions in the order in which they were made.

    A crash between publishing and forgetting publishes some again; consumers know a repeat by its version.
    """

    name = "curation.relay"

    def __init__(self, event_log: EventLog, store: RecordStore, batch_rows: int = 2_000) -> None:
        self._log = event_log
        self._store = store
        self._batch_rows = batch_rows

    def step(self, timeout: float) -> int:
        """Publish one batch; a record that the log does not take becomes a dead letter, and the others go on."""
        waiting = self._store.pending(self._batch_rows, timeout)
        if waiting:
            entries = [pending.entry for pending in waiting]
            try:
                self._log.append(RECORDS, entries)
            except TooLarge:
                self._append_singly(entries)
            self._store.published(waiting[-1].number)
        return len(waiting)

    def _append_singly(self, entries: Sequence[Entry]) -> None:
        letters = []
        taken = []
        for entry in entries:
            try:
                check_sizes(RECORDS, [entry])
                taken.append(entry)
            except TooLarge as error:
                letters.append(_unrelayed(entry, str(error)))
        if letters:
            self._log.append(dead_letter_topic(RECORDS), letters)
            log.error("%d records are too large for %s, and are dead letters", len(letters), RECORDS)
        self._log.append(RECORDS, taken)

    def lag(self) -> int:
        """Events that wait in the outbox, up to hub.ports.records.WAITING_LIMIT and one."""
        return self._store.waiting()

    def close(self) -> None:
        """Nothing is held between steps."""


def _unrelayed(entry: Entry, reason: str) -> Entry:
    """A dead letter without the record, which is too large for it and stands in the record store."""
    found = Delivered(RECORDS, 0, 0, entry.key, b"{}", entry.headers)
    return dead_letter(found, "too-large", reason)
