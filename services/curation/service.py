"""Curation's background work: submissions become records, and records are published."""

import logging
from collections.abc import Iterable, Mapping, Sequence

from hub.kernel.cloudevents import traceparent_of
from hub.kernel.contributions import SameAs
from hub.kernel.deadletters import dead_letter, dead_letter_topic
from hub.kernel.entries import Delivered, Entry
from hub.kernel.records import RECORDS, SUBMISSIONS
from hub.log.batch_worker import BATCH_ROWS, BatchWorker
from hub.ports.clock import Clock, rfc3339
from hub.ports.eventlog import EventLog
from hub.ports.records import Interfered, Outcome, RecordStore, RecordUnit
from services.curation.core.components import reached
from services.curation.core.decode import Malformed, decoded
from services.curation.core.plan import Known, Statements, folded, planned, touched

log = logging.getLogger("hub.curation")
GROUP = "curation"
ATTEMPTS = 20
"""Of a batch that other workers' batches get ahead of, before the step fails and is repeated after a pause."""


class Curation(BatchWorker):
    """The worker that reads submissions and decisions, and is the one writer of records.

    A step's effects are dead letters and one batch of the store; only then is its position committed. Both may be
    repeated: the same events again change nothing.
    """

    name = "curation.merge"

    def __init__(self, event_log: EventLog, store: RecordStore, clock: Clock, batch_rows: int = BATCH_ROWS) -> None:
        super().__init__(event_log, GROUP, [SUBMISSIONS], batch_rows)
        self._store = store
        self._clock = clock

    def handle(self, batch: Sequence[Delivered]) -> None:
        """Make records of the submissions and decisions."""
        events, letters, dead = [], [], []
        traces: dict[str, str] = {}
        for entry in batch:
            event = decoded(entry)
            if isinstance(event, Malformed):
                letters.append(dead_letter(entry, event.code, event.reason))
                if event.event_id:
                    dead.append(Outcome(event.event_id, "", 0, "dead"))
            else:
                events.append(event)
                if trace := traceparent_of(entry.headers):
                    traces[event[0]] = trace
        self._bury(letters)
        self._save(folded(events), dead, traces)

    def _bury(self, letters: list[Entry]) -> None:
        if letters:
            self._log.append(dead_letter_topic(SUBMISSIONS), letters)
            log.warning("%d entries of %s are dead letters", len(letters), SUBMISSIONS)

    def _save(self, statements: Statements, dead: list[Outcome], traces: Mapping[str, str]) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._attempt(statements, dead, traces)
                return
            except Interfered:
                if attempt == ATTEMPTS:
                    raise

    def _attempt(self, statements: Statements, dead: list[Outcome], traces: Mapping[str, str]) -> None:
        with self._store.batch() as unit:
            changes = planned(statements, known(unit, statements), rfc3339(self._clock.now()))
            changes.outcomes += dead
            if traces:
                changes.traces = traces_of(changes.outcomes, traces)
            unit.save(changes)


def traces_of(outcomes: Iterable[Outcome], traces: Mapping[str, str]) -> dict[str, str]:
    """The trace of each changed record, by its id; `traces` are those of events, by their ids.

    Of several events that changed one record in a batch the last one tells.
    """
    return {
        one.record_id: traces[one.event_id] for one in outcomes if one.effect == "changed" and one.event_id in traces
    }


def known(unit: RecordUnit, statements: Statements) -> Known:
    """Read all that the batch touches, and all that is or will be joined to it."""
    claims = unit.claims({contribution.key for _, contribution in statements.submissions})
    ids = touched(statements, claims)
    new = [decision for _, decision in statements.same_as]
    stored: dict[tuple[str, str], SameAs] = {}
    ids |= reached(new)
    unread = ids
    while unread:
        found = unit.same_as(unread)
        stored.update((decision.key, decision) for decision in found)
        unread = reached(found) - ids
        ids |= unread
    return Known(
        claims=claims,
        same_as=tuple(stored.values()),
        preferences=unit.preferences(ids),
        contributions=unit.contributions(ids),
        records=unit.records(ids),
        ids=ids,
    )


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
        """Publish one batch."""
        waiting = self._store.pending(self._batch_rows, timeout)
        if waiting:
            self._log.append(RECORDS, [pending.entry for pending in waiting])
            self._store.published(waiting[-1].number)
        return len(waiting)

    def lag(self) -> int:
        """Events that wait in the outbox, up to hub.ports.records.WAITING_LIMIT and one."""
        return self._store.waiting()

    def close(self) -> None:
        """Nothing is held between steps."""
