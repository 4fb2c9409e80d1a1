"""Entries of the event log: what a producer appends, and what a consumer receives. Kafka's vocabulary throughout."""

from dataclasses import dataclass

Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """What a producer appends. A `value` of None is a tombstone for its key on a compacted topic."""

    key: bytes
    value: bytes | None
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a consumer receives; offset counts from 0 within (topic, partition)."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes | None
    headers: Headers
