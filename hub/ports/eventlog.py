"""The event log: durable, partitioned, ordered within a partition. Kafka's vocabulary throughout."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from hub.kernel.entries import Delivered, Entry

APPEND_LIMIT = 20_000
"""Entries of one append."""
ENTRY_BYTES_LIMIT = 2**20 - 4_096
"""Of one entry with its key and headers: what Kafka takes by default, less what its batches add. One limit for every
log, so that entries can be moved from any to any."""


@dataclass(frozen=True, slots=True)
class Topic:
    """The settings of one topic, as schemas/topics.yaml states them."""

    name: str
    partitions: int = 1
    compacted: bool = False
    retention_hours: float | None = None


class UnknownTopic(LookupError):
    """The topic has not been created."""


class TooLarge(ValueError):
    """More entries in one append, or more bytes in one entry, than the log takes."""


def check_sizes(topic: str, entries: Sequence[Entry]) -> None:
    """Raises TooLarge."""
    if len(entries) > APPEND_LIMIT:
        raise TooLarge(f"{len(entries)} entries in one append to {topic}, at most {APPEND_LIMIT} are taken")
    for entry in entries:
        size = len(entry.key) + len(entry.value or b"") + sum([len(name) + len(value) for name, value in entry.headers])
        if size > ENTRY_BYTES_LIMIT:
            raise TooLarge(f"an entry of {size} bytes for {topic}, at most {ENTRY_BYTES_LIMIT} are taken")


class Fenced(RuntimeError):
    """Another member of the group has taken these partitions over; what was polled will be delivered to it."""


class Consumer(Protocol):
    """A member of a consumer group; the group's position outlives it. It joins at its first poll or commit."""

    def poll(self, limit: int, timeout: float) -> Sequence[Delivered]:
        """Up to `limit` entries after the last ones polled; waits up to `timeout` seconds for the first."""

    def commit(self, done: Iterable[Delivered]) -> None:
        """Store the position after these entries; call it only when their effects are durable.

        Raises Fenced where the group has given the partitions to another member meanwhile.
        """

    def rewind(self) -> None:
        """Go back to the start of every partition, for a rebuild; positions are stored at the next commit."""

    def lag(self) -> int:
        """How many entries lie after the stored position, over all partitions."""

    def close(self) -> None: ...


class EventLog(Protocol):
    """Appends and hands out consumers."""

    def create_topics(self, topics: Iterable[Topic]) -> None:
        """Create what is missing; an existing topic with other settings is left alone (see `differences`)."""

    def differences(self, topics: Iterable[Topic]) -> Sequence[str]:
        """Each difference between the wanted topics and the real ones, in English, one line each."""

    def append(self, topic: str, entries: Sequence[Entry]) -> None:
        """Durable when it returns: survives the process and, on the real log, one broker.

        All entries or none on the embedded log; Kafka may have taken some when it raises, and sending all again is
        safe because every effect is repeatable. Raises UnknownTopic or TooLarge before anything is written.
        """

    def consumer(self, group: str, topics: Sequence[str]) -> Consumer:
        """Join the group; a new group starts at the beginning."""

    def end_offsets(self, topic: str) -> Mapping[int, int]:
        """The offset that the next entry of each partition will get."""

    def close(self) -> None: ...
