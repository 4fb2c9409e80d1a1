"""The catalogue's background work: the records topic becomes documents, and a lost catalogue is rebuilt."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from hub.kernel.cloudevents import CloudEvent
from hub.kernel.deadletters import dead_letter, dead_letter_topic
from hub.kernel.entries import Delivered, Entry
from hub.kernel.problems import quoted
from hub.kernel.records import RECORD_CHANGED, RECORDS, Record
from hub.log.batch_worker import BATCH_ROWS, BatchWorker
from hub.observability import metrics
from hub.ports.catalogue import Catalogue, Document, Rejected
from hub.ports.eventlog import EventLog
from hub.ports.records import RecordReader
from services.catalog.core.projection import digest_of_documents, document

log = logging.getLogger("hub.catalogue")
GROUP = "catalogue"


class CatalogueSink(BatchWorker):
    """The worker that keeps the catalogue up with the records topic.

    A step applies the newest version of each record in its batches and only then commits; both may be repeated, since
    the catalogue takes no version twice. What cannot be read goes to the dead letters of the topic with its reason.
    """

    name = "catalogue.sink"

    def __init__(
        self, event_log: EventLog, catalogue: Catalogue, batch_rows: int = BATCH_ROWS, batches: int = 1
    ) -> None:
        super().__init__(event_log, GROUP, [RECORDS], batch_rows, batches)
        self._catalogue = catalogue

    def handle(self, batch: Sequence[Delivered]) -> None:
        """Apply the newest version of each record; the catalogue takes one document after the other, so that further
        batches are read while it stores the first."""
        newest: dict[str, tuple[Record, Delivered]] = {}
        letters: list[Entry] = []
        try:
            with metrics.applying(newest):
                newer = self._catalogue.apply(self._documents(batch, newest, letters))
            if newer:
                metrics.searchable(arrivals(record for record, _ in newest.values()), time.time())
        except Rejected as error:
            metrics.APPLY_REJECTED.inc(len(error.reasons))
            letters += [dead_letter(newest[one][1], "rejected", reason) for one, reason in error.reasons.items()]
        if letters:
            self._log.append(dead_letter_topic(RECORDS), letters)
            log.warning("%d entries of %s are dead letters", len(letters), RECORDS)

    def _documents(
        self, batch: Sequence[Delivered], newest: dict[str, tuple[Record, Delivered]], letters: list[Entry]
    ) -> Iterator[Document]:
        """Of this batch and of more, as far as they are newer than those in `newest`, where they are kept."""

        def bury(record: Record, reason: str) -> None:
            letters.append(dead_letter(newest[record.id][1], "no-projection", reason))

        while batch:
            latest: dict[str, tuple[Record, Delivered]] = {}
            for record, entry in _readable(batch, letters):
                other = latest.get(record.id) or newest.get(record.id)
                if other is None or record.version > other[0].version:
                    latest[record.id] = (record, entry)
            newest |= latest
            yield from _projected((record for record, _ in latest.values()), bury)
            batch = self.more()


def _readable(batch: Sequence[Delivered], letters: list[Entry]) -> Iterator[tuple[Record, Delivered]]:
    """The records that the entries carry; an entry that carries none becomes a dead letter."""
    for entry in batch:
        try:
            yield decoded(entry), entry
        except Unreadable as error:
            letters.append(dead_letter(entry, error.code, str(error)))


def _projected(records: Iterable[Record], left_out: Callable[[Record, str], None]) -> Iterator[Document]:
    """The documents, one by one; `left_out` is told of each record that has none, and why."""
    for record in records:
        try:
            made = document(record)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            left_out(record, _reason(record, error))
        else:
            yield made


def arrivals(records: Iterable[Record]) -> Iterator[str]:
    """When the newest contribution to each record arrived; a withdrawn one has none left."""
    return (max(source.received_at for source in record.sources) for record in records if record.sources)


class Unreadable(ValueError):
    """An entry that is no record event: a stable code, and a sentence in English that quotes no field values."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def decoded(entry: Delivered) -> Record:
    """The record that an entry carries; raises Unreadable."""
    try:
        event = CloudEvent.from_delivered(entry)
    except (KeyError, ValueError) as error:
        raise Unreadable("no-event", f"a header is missing or no text: {quoted(error)}") from None
    if event.type != RECORD_CHANGED:
        raise Unreadable("unknown-type", f"the event type {quoted(event.type)} is none that the catalogue reads")
    try:
        record = Record.from_bytes(event.data)
        if type(record.version) is not int or type(record.fields) is not dict or event.subject != record.id:
            raise ValueError
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Unreadable("bad-data", f"the data are no record: {type(error).__name__}") from None
    return record


def _reason(record: Record, error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"there is no record kind {quoted(record.kind)}"
    return f"the fields are not as their kind says: {type(error).__name__}"


Progress = Callable[[int], None]


def _ignore_progress(_: int) -> None:
    """Nobody asked to be told."""


def rebuild(records: RecordReader, catalogue: Catalogue, on_progress: Progress = _ignore_progress) -> int:
    """Load the catalogue anew from the record store while it goes on serving; returns how many documents it has.

    `on_progress` is told how many have been read so far. Bounded memory.
    """
    done = 0

    def counted() -> Iterator[Sequence[Document]]:
        nonlocal done
        for batch in documents(records):
            yield batch
            done += len(batch)
            on_progress(done)

    return catalogue.rebuild(counted())


@dataclass(frozen=True, slots=True)
class Check:
    """Whether the catalogue says what the record store says: both digests."""

    expected: str
    actual: str

    @property
    def equal(self) -> bool:
        return self.expected == self.actual


def check(records: RecordReader, catalogue: Catalogue) -> Check:
    """Compare the catalogue with the record store. Both must be at rest."""
    expected = digest_of_documents(document for batch in documents(records) for document in batch)
    return Check(expected, catalogue.digest())


def documents(records: RecordReader) -> Iterator[Sequence[Document]]:
    """The document of every record in the store, in batches of BATCH_ROWS."""
    for batch in _batches(records):
        yield _documents(batch)


def _batches(records: RecordReader) -> Iterator[list[Record]]:
    scanned = records.scan()
    while batch := list(islice(scanned, BATCH_ROWS)):
        yield batch


def _documents(batch: Sequence[Record]) -> list[Document]:
    """A record that cannot be projected is left out, as the sink leaves it out, and told in the log."""
    return list(
        _projected(batch, lambda record, reason: log.warning("%s is not in the catalogue: %s", record.id, reason))
    )
