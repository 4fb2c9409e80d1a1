"""Dead letters at work: listed, looked at, and replayed to the topics that they were read from."""

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from time import monotonic

import orjson

from hub.kernel.deadletters import dead_letter_topic, revived
from hub.kernel.entries import Delivered, Entry
from hub.kernel.records import RECORDS
from hub.ports.eventlog import Consumer, EventLog
from hub.ports.records import RecordReader
from schemas.events.usage import USAGE
from schemas.topics import contracts

READER = "dead-letters.reader"
"""A group that never commits: it reads from the start each time."""
REPLAYER = "dead-letters.replay"
BATCH = 500
POLL_SECONDS = 0.5
QUIET_SECONDS = 30.0
"""After which letters that do not come are left: another member of the group has them."""

TOPICS: tuple[str, ...] = tuple(contract.topic.name for contract in contracts() if not contract.dead_letters)
"""The topics that have dead letters."""
REPLAYABLE: tuple[str, ...] = tuple(name for name in TOPICS if name != USAGE)
"""Indicators are counted anew from their sources; an old one could be the last that its compacted topic keeps."""


@dataclass(frozen=True, slots=True)
class Count:
    """The dead letters of a topic: all that are kept, those that were not replayed, and how many have each reason."""

    topic: str
    kept: int
    waiting: int
    reasons: Mapping[str, int]


@dataclass(slots=True)
class Replayed:
    """What a replay did with the letters of a topic.

    `replayed`: appended to the topic again; `outdated`: records of which there is a newer version; `foreign`: entries
    that are no dead letters of the topic; `left`: letters that wait for a next replay.
    """

    topic: str
    replayed: int = 0
    outdated: int = 0
    foreign: int = 0
    left: int = 0


class DeadLetters:
    """The dead letters of one log. `records` tells whether a record that is a letter has a newer version meanwhile."""

    def __init__(self, log: EventLog, records: RecordReader) -> None:
        self._log = log
        self._records = records

    def count(self, topic: str) -> Count:
        """How many there are and why."""
        reasons: Counter[str] = Counter()
        for letter in self._all(topic):
            reasons[reason_code(letter)] += 1
        with closing(self._log.consumer(group_of(topic), [dead_letter_topic(topic)])) as replayer:
            waiting = replayer.lag() if topic in REPLAYABLE else 0
        return Count(topic, reasons.total(), waiting, dict(reasons.most_common()))

    def newest(self, topic: str, limit: int) -> list[Delivered]:
        """The last `limit` letters of a topic, oldest first."""
        return list(deque(self._all(topic), maxlen=limit))

    def letter(self, topic: str, partition: int, offset: int) -> Delivered | None:
        """The letter at a place; None where there is none."""
        letters = (letter for letter in self._all(topic) if (letter.partition, letter.offset) == (partition, offset))
        return next(letters, None)

    def replay(self, topic: str, limit: int | None = None, *, again: bool = False) -> Replayed:
        """Append letters to the topic that they came from, as they were, and remember how far that went.

        Letters that become dead again meanwhile wait for the next replay. `again` begins with the first that is kept.
        What an interruption left half done is done again; every effect is repeatable. Raises Fenced where another
        replay of the topic is at work, ValueError for a topic whose letters are not replayed.
        """
        if topic not in REPLAYABLE:
            raise ValueError(f"the dead letters of {topic} are not replayed")
        done = Replayed(topic)
        with closing(self._log.consumer(group_of(topic), [dead_letter_topic(topic)])) as consumer:
            total = self._kept(topic) if again else consumer.lag()
            if total and again:
                consumer.rewind()
            for batch in _read(consumer, total if limit is None else min(limit, total)):
                self._revive(batch, done)
                consumer.commit(batch)
            done.left = consumer.lag()
        return done

    def _revive(self, batch: Sequence[Delivered], done: Replayed) -> None:
        entries: list[Entry] = []
        for letter in batch:
            try:
                topic, entry = revived(letter)
            except (KeyError, UnicodeDecodeError):
                topic, entry = "", Entry(b"", None)
            if topic == done.topic:
                entries.append(entry)
            else:
                done.foreign += 1
        fresh = self._up_to_date(entries) if done.topic == RECORDS else entries
        done.outdated += len(entries) - len(fresh)
        if fresh:
            self._log.append(done.topic, fresh)
            done.replayed += len(fresh)

    def _up_to_date(self, entries: Sequence[Entry]) -> list[Entry]:
        """A compacted topic keeps the last entry of each key, so that no older version may be appended as that."""
        ids = {entry.key.decode(errors="replace") for entry in entries}
        known = {record_id: record.version for record_id, record in self._records.get(ids).items()}
        return [entry for entry in entries if _version(entry) >= known.get(entry.key.decode(errors="replace"), 0)]

    def _kept(self, topic: str) -> int:
        with closing(self._log.consumer(READER, [dead_letter_topic(topic)])) as reader:
            return reader.lag()

    def _all(self, topic: str) -> Iterator[Delivered]:
        with closing(self._log.consumer(READER, [dead_letter_topic(topic)])) as reader:
            for batch in _read(reader, reader.lag()):
                yield from batch


def group_of(topic: str) -> str:
    """The consumer group whose position is how far the topic's letters were replayed."""
    return f"{REPLAYER}.{topic}"


def reason_code(letter: Delivered) -> str:
    return headers_of(letter).get("reason_code", "-")


def headers_of(letter: Delivered) -> dict[str, str]:
    """The headers as text."""
    return {name: value.decode(errors="replace") for name, value in letter.headers}


def _read(consumer: Consumer, wanted: int) -> Iterator[Sequence[Delivered]]:
    """So many entries in batches; fewer where nothing comes for QUIET_SECONDS."""
    heard = monotonic()
    while wanted > 0 and monotonic() < heard + QUIET_SECONDS:
        batch = consumer.poll(min(BATCH, wanted), POLL_SECONDS)
        if batch:
            wanted -= len(batch)
            yield batch
            heard = monotonic()


def _version(entry: Entry) -> int:
    """Of the record in an entry; 0 where none can be read."""
    try:
        version = orjson.loads(entry.value or b"").get("version")
    except (orjson.JSONDecodeError, AttributeError):
        return 0
    return version if type(version) is int else 0
