"""Usage at work: machines' reports go to the log, what the log says is counted, and the indicators are told."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from hub.kernel.access import Principal
from hub.kernel.cloudevents import CloudEvent, Envelope
from hub.kernel.deadletters import dead_letter, dead_letter_topic
from hub.kernel.entries import Delivered, Entry
from hub.kernel.problems import Problem, Refusal, expecting, refusal
from hub.kernel.records import Record
from hub.log.batch_worker import BATCH_ROWS, BatchWorker
from hub.ports.clock import Clock, rfc3339
from hub.ports.eventlog import EventLog
from hub.ports.records import RecordReader
from hub.text.messages import bilingual
from schemas.events.usage import RUN_RECORDED, TELEMETRY, USAGE, USAGE_COUNTED, MonthUsage
from schemas.kind import kinds
from schemas.kinds.instrument import DEFAULT_TIME_ZONE
from schemas.rights import REPORTERS, acts_for
from schemas.views.references import aliases
from schemas.views.visibility import PUBLIC, layout, visible
from services.usage.core.facts import SOURCES, Fact, Malformed, decoded
from services.usage.core.intervals import month_at, months_between, zone_named
from services.usage.core.requests import Question, read_question, read_runs
from services.usage.ports import Indicators, UsageStore

log = logging.getLogger("hub.usage")
GROUP = "usage-counter"
FULL = Malformed("month-full", "the instrument has as many runs and bookings in a month as are counted")

_OWNER = bilingual("usage.not-allowed")


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was written to the log: the source of the events, and the id of each in the order of the request."""

    instrument: str
    source: str
    ids: tuple[str, ...]


class Recorder:
    """Takes the reports of instruments' machines. `event_source` stands for an operator who speaks for no source."""

    def __init__(self, event_log: EventLog, records: RecordReader, clock: Clock, event_source: str) -> None:
        self._log = event_log
        self._records = records
        self._clock = clock
        self._event_source = event_source

    def record(self, instrument_id: str, body: Any, principal: Principal) -> Recorded:
        """Write the runs of a request, all or none; they are durable when it returns.

        Raises Refusal: 401, 403, 404 for an unknown instrument, 422 with the problems of every run.
        """
        record = self._allowed(instrument_id, principal)
        now = self._clock.now()
        runs = read_runs(body, record.id, (instrument_id, record.id, *record.same_as), now)
        source = self._source(record, principal)
        envelope = Envelope(source, RUN_RECORDED, rfc3339(now))
        entries = [envelope.entry(event_id, record.id, run.to_bytes()) for event_id, run in runs]
        self._log.append(TELEMETRY, entries)
        return Recorded(record.id, source, tuple(event_id for event_id, _ in runs))

    def _allowed(self, instrument_id: str, principal: Principal) -> Record:
        if not principal.roles:
            status = 403 if principal.account else 401
            raise Refusal(Problem("not-allowed", _OWNER, field="Authorization"), status=status)
        record = _current(self._records, instrument_id)
        kind = kinds().get(record.kind) if record else None
        if record is None or kind is None or not kind.bookable:
            problem = expecting("unknown-instrument", "usage.unknown-instrument", instrument_id, "instrument")
            raise Refusal(problem, status=404)
        if not acts_for(principal, record, REPORTERS):
            raise Refusal(Problem("not-allowed", _OWNER, field="Authorization"), status=403)
        return record

    def _source(self, record: Record, principal: Principal) -> str:
        """One source of an organisation has one id for a run, whoever of it sends the run again."""
        own = (
            f"{one.source}/{one.organisation}".rstrip("/")
            for one in record.sources
            if one.authority == "owner"
            and one.organisation == principal.organisation
            and (one.organisation or principal.may_submit_for(one.source))
        )
        return next((f"{self._event_source}/{speaker}" for speaker in own), self._event_source)


class CountingStore(Protocol):
    """A store that counts by itself, as the embedded one does."""

    def apply(self, facts: Iterable[Fact]) -> Sequence[Fact]:
        """Take the facts in and renew the indicators, all in one step; returns those that there is no room for."""


class UsageCounter(BatchWorker):
    """The worker of the embedded hub that counts usage; on Kafka services.usage.faust_app does.

    A step is one transaction before the position is committed, and may be repeated.
    """

    name = "usage.counter"

    def __init__(self, event_log: EventLog, store: CountingStore, batch_rows: int = BATCH_ROWS) -> None:
        super().__init__(event_log, GROUP, SOURCES, batch_rows)
        self._store = store

    def handle(self, batch: Sequence[Delivered]) -> None:
        """Count the facts in one step of the store."""
        letters: list[tuple[Delivered, Malformed]] = []
        facts: dict[int, tuple[Fact, Delivered]] = {}
        for entry in batch:
            found = decoded(entry)
            if isinstance(found, Malformed):
                letters.append((entry, found))
            elif found is not None:
                facts[id(found)] = (found, entry)
        if facts:
            refused = self._store.apply(fact for fact, _ in facts.values())
            letters += [(facts[id(fact)][1], FULL) for fact in refused]
        self._bury(letters)

    def _bury(self, letters: Sequence[tuple[Delivered, Malformed]]) -> None:
        for topic in sorted({entry.topic for entry, _ in letters}):
            dead = [dead_letter(entry, why.code, why.reason) for entry, why in letters if entry.topic == topic]
            self._log.append(dead_letter_topic(topic), dead)
            log.warning("%d entries of %s are dead letters", len(dead), topic)


class UsageFeed(BatchWorker):
    """The worker that reads the indicators that others counted, from the usage topic into this node's store.

    `node` names the store: each has all indicators, and so a group of its own.
    """

    name = "usage.feed"

    def __init__(self, event_log: EventLog, store: UsageStore, node: str, batch_rows: int = BATCH_ROWS) -> None:
        super().__init__(event_log, f"usage-feed.{node}", [USAGE], batch_rows)
        self._store = store

    def handle(self, batch: Sequence[Delivered]) -> None:
        """Put the rows; of a month that is there more than once, the one that knows most."""
        letters: list[Entry] = []
        newest: dict[str, MonthUsage] = {}
        for entry in batch:
            try:
                row = _counted(entry)
            except (KeyError, ValueError, TypeError) as error:
                letters.append(dead_letter(entry, "bad-data", f"no indicators: {type(error).__name__}"))
                continue
            other = newest.get(row.key())
            if other is None or _knows(row) >= _knows(other):
                newest[row.key()] = row
        self._store.put(list(newest.values()))
        if letters:
            self._log.append(dead_letter_topic(USAGE), letters)


@dataclass(frozen=True, slots=True)
class Answer:
    """The indicators of each month of a question, months without any included."""

    question: Question
    rows: tuple[Indicators, ...]


class UsageQueries:
    """Tells indicators, to everybody: whether shared instruments are used is a public matter."""

    def __init__(
        self, store: UsageStore, records: RecordReader, clock: Clock, time_zone: str = DEFAULT_TIME_ZONE
    ) -> None:
        self._store = store
        self._records = records
        self._clock = clock
        self._time_zone = time_zone

    def ask(self, scope: str | None, wanted: str | None, first: str | None, last: str | None) -> Answer:
        """Raises Refusal: 400 for a question that makes no sense, 404 for an unknown record."""
        now = self._clock.now()
        this_month = month_at(int(now.timestamp()), zone_named(self._time_zone))
        question = read_question(scope, wanted, first, last, this_month=this_month)
        ids = self._ids(question)
        found = self._store.indicators(question.scope, ids, question.first, question.last, now)
        by_month = {row.month: row for row in found}
        months = months_between(question.first, question.last)
        return Answer(question, tuple(by_month.get(month, Indicators(month, 0, 0, 0, 0)) for month in months))

    def _ids(self, question: Question) -> Sequence[str]:
        """Every key by which instruments may refer to the record: by each of its identifiers, and by its name."""
        if question.scope == "county":
            return [question.id]
        record = _current(self._records, question.id)
        if record is None or not _is_of(record, question):
            raise refusal("unknown-id", "usage.unknown-id", question.id, "id", 404)
        ids = [record.id, *record.same_as]
        if question.scope != "instrument":
            kind = kinds()[record.kind]
            ids += aliases(kind, record, visible(layout(kind), record.fields, PUBLIC))
        return ids


def _current(records: RecordReader, record_id: str) -> Record | None:
    """The record, or the one that it was joined to since."""
    record = records.get([record_id]).get(record_id)
    if record is None or not record.replaced_by:
        return record
    return records.get([record.replaced_by]).get(record.replaced_by, record)


def _is_of(record: Record, question: Question) -> bool:
    kind = kinds().get(record.kind)
    if kind is None:
        return False
    return kind.bookable if question.scope == "instrument" else kind.name == question.scope


def _counted(entry: Delivered) -> MonthUsage:
    event = CloudEvent.from_delivered(entry)
    if event.type != USAGE_COUNTED:
        raise ValueError(event.type)
    row = MonthUsage.from_bytes(event.data)
    if row.key() != event.subject:
        raise ValueError(event.subject)
    return row


def _knows(row: MonthUsage) -> tuple[int, int]:
    return row.record_version, row.revision
