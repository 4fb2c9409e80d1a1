"""A member of a Kafka consumer group behind the port's vocabulary."""

from collections.abc import Iterable, Sequence
from time import monotonic
from typing import Any

from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition

from hub.kernel.entries import Delivered
from hub.ports.eventlog import Fenced

JOIN_SECONDS = 60.0
CLOSE_MS = 5_000


class KafkaLogConsumer:
    """hub.ports.eventlog.Consumer; belongs to one thread at a time. Positions are committed by hand."""

    def __init__(
        self, client: KafkaConsumer, partitions: Sequence[TopicPartition], evicted: tuple[type[Exception], ...]
    ) -> None:
        self._client = client
        self._partitions = list(partitions)
        self._evicted = evicted

    def poll(self, limit: int, timeout: float) -> list[Delivered]:
        entries: list[Delivered] = []
        for records in self._client.poll(timeout_ms=int(timeout * 1_000), max_records=limit).values():
            entries += [
                Delivered(
                    record.topic,
                    record.partition,
                    record.offset,
                    record.key,
                    record.value,
                    tuple((name, bytes(value)) for name, value in record.headers),
                )
                for record in records
            ]
        return entries

    def commit(self, done: Iterable[Delivered]) -> None:
        reached: dict[TopicPartition, int] = {}
        for entry in done:
            part = TopicPartition(entry.topic, entry.partition)
            reached[part] = max(reached.get(part, 0), entry.offset + 1)
        if not reached:
            return
        self._join()
        if not set(reached) <= self._client.assignment():
            raise Fenced("the group has given these partitions to another member")
        try:
            self._client.commit({part: OffsetAndMetadata(offset, "", -1) for part, offset in reached.items()})
        except self._evicted as error:
            raise Fenced(str(error)) from error

    def rewind(self) -> None:
        self._join()
        self._client.seek_to_beginning(*self._client.assignment())

    def lag(self) -> int:
        """See the port; entries that compaction took away are still counted, as Kafka's own tools do."""
        ends: dict[TopicPartition, int] = self._client.end_offsets(self._partitions)
        starts: dict[TopicPartition, int] = self._client.beginning_offsets(self._partitions)
        total = 0
        for part in self._partitions:
            stored: Any = self._client.committed(part)
            total += ends[part] - max(starts[part], stored if stored is not None else 0)
        return total

    def close(self) -> None:
        """Leave the group, so that another member may go on."""
        self._client.close(autocommit=False, timeout_ms=CLOSE_MS)

    def _join(self) -> None:
        """Become a member of the group; what the join happens to fetch is fetched again by the next poll."""
        deadline = monotonic() + JOIN_SECONDS
        while not self._client.assignment():
            for part, records in self._client.poll(timeout_ms=200).items():
                self._client.seek(part, records[0].offset)
            if monotonic() > deadline:
                raise Fenced("the group gave this member no partition")
