"""Topics on Kafka as moves and backups use them: filled without gaps or repeats, and read to where they end."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from itertools import islice
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import KafkaError

from app.operations.log_streams import digest_entries
from app.operations.marker import Series
from app.operations.tables import OnProgress
from hub.kernel.entries import Entry
from hub.log.partitioner import partition_of
from hub.ports.eventlog import EventLog

SEND_ENTRIES = 2_000
QUIET_POLLS = 60
POLL_MS = 500
Offsets = Mapping[int, int]


class Incomplete(RuntimeError):
    """A topic ended before its end, or has other entries than those that were sent."""


class Topics:
    """The topics of one cluster; they must have been created."""

    def __init__(self, log: EventLog, bootstrap: str) -> None:
        self._log = log
        self._bootstrap = bootstrap

    def cluster(self) -> str:
        """The cluster's id, which it keeps for ever."""
        return str(self._ask(lambda admin: admin.describe_cluster()["cluster_id"]))

    def used(self, topics: Iterable[str]) -> list[str]:
        """Those of the topics that ever had an entry."""
        return [topic for topic in topics if sum(self._log.end_offsets(topic).values())]

    def fill(
        self,
        topic: str,
        stream: Callable[[], Iterable[Entry]],
        known: Series | None,
        keep: Callable[[Series], None],
        on_progress: OnProgress,
    ) -> int:
        """Append the stream's entries after those that an earlier try has brought; returns how many there are.

        `stream` can be read twice. `known` is the series of an earlier try, `keep` remembers that of this one.
        """
        digest = digest_entries(stream())
        ends = self._log.end_offsets(topic)
        if known is None or known.sha256 != digest.sha256:
            known = Series(digest.sha256, ends)
            keep(known)
        arrived = _difference(ends, known.base)
        done = sum(arrived.values())
        on_progress(done, digest.count)
        rest = _after(stream(), arrived)
        while batch := list(islice(rest, SEND_ENTRIES)):
            self._log.append(topic, batch)
            done += len(batch)
            on_progress(done, digest.count)
        count = sum(_difference(self._log.end_offsets(topic), known.base).values())
        if count != digest.count:
            raise Incomplete(f"topic {topic} got {count} entries in place of {digest.count}")
        return digest.count

    def read(self, topic: str, start: Offsets, end: Offsets, on_progress: OnProgress) -> Iterator[Entry]:
        """The entries from `start` up to `end`, in order within each partition; what compaction took is passed over."""
        client = KafkaConsumer(bootstrap_servers=self._bootstrap, enable_auto_commit=False, group_id=None)
        try:
            first = client.beginning_offsets([TopicPartition(topic, number) for number in end])
            begin = {part: max(start.get(part.partition, 0), first[part]) for part in first}
            open_parts = {part for part in begin if begin[part] < end[part.partition]}
            if open_parts:
                client.assign(list(open_parts))
                for part in open_parts:
                    client.seek(part, begin[part])
                total = sum(end[part.partition] - begin[part] for part in open_parts)
                yield from _polled(client, open_parts, end, lambda done: on_progress(done, total))
        finally:
            client.close(autocommit=False)

    def end_offsets(self, topic: str) -> Offsets:
        return self._log.end_offsets(topic)

    def position(self, group: str, topic: str) -> Offsets:
        """The offsets from which the group goes on; 0 where it has read nothing."""
        client = KafkaConsumer(bootstrap_servers=self._bootstrap, enable_auto_commit=False, group_id=group)
        try:
            parts = [TopicPartition(topic, number) for number in self._log.end_offsets(topic)]
            return {part.partition: int(client.committed(part) or 0) for part in parts}
        finally:
            client.close(autocommit=False)

    def pass_over(self, group: str, topic: str) -> bool:
        """Let a group that nobody is a member of go on at the end; False where that could not be done."""
        ends = {
            TopicPartition(topic, number): OffsetAndMetadata(offset, "", -1)
            for number, offset in self._log.end_offsets(topic).items()
        }
        try:
            self._ask(lambda admin: admin.alter_group_offsets(group, ends))
        except KafkaError:
            return False
        return True

    def forget_read(self, group: str, topic: str) -> None:
        """Let nobody read again what the group has read; the brokers delete it with the segments that it is in."""
        read = {TopicPartition(topic, number): offset for number, offset in self.position(group, topic).items()}
        self._ask(lambda admin: admin.delete_records({part: offset for part, offset in read.items() if offset}))

    def _ask(self, question: Callable[[KafkaAdminClient], Any]) -> Any:
        with closing(KafkaAdminClient(bootstrap_servers=self._bootstrap)) as admin:
            return question(admin)


def _difference(now: Offsets, base: Offsets) -> dict[int, int]:
    return {part: offset - base.get(part, 0) for part, offset in now.items()}


def _after(stream: Iterable[Entry], arrived: Mapping[int, int]) -> Iterator[Entry]:
    """The entries without the first ones of each partition, which have arrived."""
    skip = dict(arrived)
    for entry in stream:
        part = partition_of(entry.key, len(skip))
        if skip[part] > 0:
            skip[part] -= 1
        else:
            yield entry


def _polled(
    client: KafkaConsumer, unfinished: set[TopicPartition], end: Offsets, on_progress: Callable[[int], None]
) -> Iterator[Entry]:
    done = quiet = 0
    while unfinished:
        batches = client.poll(timeout_ms=POLL_MS, max_records=SEND_ENTRIES)
        for part, records in batches.items():
            for record in records:
                if record.offset < end[part.partition]:
                    headers = tuple((name, bytes(value)) for name, value in record.headers)
                    yield Entry(record.key, record.value, headers)
                    done += 1
        on_progress(done)
        for part in [part for part in unfinished if client.position(part) >= end[part.partition]]:
            unfinished.discard(part)
            client.pause(part)
        quiet = 0 if batches else quiet + 1
        if quiet > QUIET_POLLS:
            raise Incomplete(f"{len(unfinished)} partitions could not be read to their end")
