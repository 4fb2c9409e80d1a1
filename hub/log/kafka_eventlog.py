"""The event log on Apache Kafka, by kafka-python: idempotent producer, acks of all in-sync replicas, manual commits."""

import contextlib
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import (
    CommitFailedError,
    IllegalGenerationError,
    KafkaTimeoutError,
    RebalanceInProgressError,
    TopicAlreadyExistsError,
    UnknownMemberIdError,
)

from hub.kernel.entries import Entry
from hub.log.kafka_consumer import KafkaLogConsumer
from hub.ports.eventlog import Topic, UnknownTopic, check_sizes

DELIVERY_SECONDS = 60.0
"""After which an append that the brokers did not acknowledge raises; its sender is asked to try again."""
HOUR_MS = 3_600_000
ABANDON_SECONDS = 5.0
EVICTED = (CommitFailedError, IllegalGenerationError, RebalanceInProgressError, UnknownMemberIdError)


class KafkaEventLog:
    """hub.ports.eventlog.EventLog; `replication` is the replication factor of the topics that it creates."""

    def __init__(
        self,
        bootstrap: str,
        *,
        replication: int = 1,
        min_insync: int = 1,
        session_seconds: float = 10.0,
        delivery_seconds: float = DELIVERY_SECONDS,
    ) -> None:
        self._bootstrap = bootstrap
        self._delivery_seconds = delivery_seconds
        self._replication = replication
        self._min_insync = min_insync
        self._session_ms = int(session_seconds * 1_000)
        self._producer = self._new_producer()
        self._producer_lock = threading.Lock()
        self._admin = KafkaAdminClient(bootstrap_servers=bootstrap)
        self._admin_lock = threading.Lock()
        self._partitions: dict[str, int] = {}

    def create_topics(self, topics: Iterable[Topic]) -> None:
        for topic in topics:
            wanted = {
                topic.name: {
                    "num_partitions": topic.partitions,
                    "replication_factor": self._replication,
                    "configs": self._configs(topic),
                }
            }
            with self._admin_lock:
                try:
                    self._admin.create_topics(wanted, wait_for_metadata=True)
                except TopicAlreadyExistsError:
                    continue

    def differences(self, topics: Iterable[Topic]) -> list[str]:
        """See the port; retention and compaction are compared with the broker's own settings of the topic."""
        differences = []
        for topic in topics:
            try:
                partitions = self._known(topic.name, fresh=True)
            except UnknownTopic:
                differences.append(f"topic {topic.name} is missing")
                continue
            if partitions != topic.partitions:
                differences.append(f"topic {topic.name}: partitions is {partitions}, wanted {topic.partitions}")
            differences += self._config_differences(topic)
        return differences

    def append(self, topic: str, entries: Sequence[Entry]) -> None:
        """See the port; at most APPEND_LIMIT entries of at most ENTRY_BYTES_LIMIT bytes each."""
        self._known(topic)
        check_sizes(topic, entries)
        if not entries:
            return
        producer = self._producer
        try:
            sent = [
                producer.send(topic, key=entry.key, value=entry.value, headers=list(entry.headers)) for entry in entries
            ]
            producer.flush(self._delivery_seconds)
            for future in sent:
                future.get(timeout=self._delivery_seconds)
        except Exception:
            self._replace(producer)
            raise

    def consumer(self, group: str, topics: Sequence[str]) -> KafkaLogConsumer:
        parts = [TopicPartition(topic, number) for topic in topics for number in range(self._known(topic))]
        client = KafkaConsumer(
            *topics,
            bootstrap_servers=self._bootstrap,
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=self._session_ms,
            heartbeat_interval_ms=max(1_000, self._session_ms // 4),
            max_poll_interval_ms=600_000,
            fetch_max_wait_ms=500,
            max_partition_fetch_bytes=8 * 2**20,
            fetch_max_bytes=32 * 2**20,
        )
        return KafkaLogConsumer(client, parts, EVICTED)

    def end_offsets(self, topic: str) -> Mapping[int, int]:
        parts = [TopicPartition(topic, number) for number in range(self._known(topic))]
        with closing(KafkaConsumer(bootstrap_servers=self._bootstrap)) as client:
            return {part.partition: offset for part, offset in client.end_offsets(parts).items()}

    def close(self) -> None:
        """See the port; consumers must have been closed."""
        try:
            self._producer.close(timeout=self._delivery_seconds)
        except KafkaTimeoutError:
            _abandon(self._producer)
        self._admin.close()

    def _new_producer(self) -> KafkaProducer:
        return KafkaProducer(
            bootstrap_servers=self._bootstrap,
            acks="all",
            enable_idempotence=True,
            compression_type=None,
            linger_ms=5,
            batch_size=512 * 1_024,
            max_request_size=2 * 2**20,
            delivery_timeout_ms=int(self._delivery_seconds * 1_000),
            request_timeout_ms=int(min(30.0, self._delivery_seconds / 2) * 1_000),
            max_block_ms=int(self._delivery_seconds * 1_000),
        )

    def _replace(self, failed: KafkaProducer) -> None:
        """Go on with another producer: one whose batch expired waits for that batch for ever (kafka-python 3.0.12).

        What others have in the failed one fails too and is sent again by whoever sent it.
        """
        with self._producer_lock:
            if self._producer is not failed:
                return
            self._producer = self._new_producer()
        # Closing waits for what will never come, so it has a thread of its own.
        threading.Thread(target=_abandon, args=(failed,), name="kafka.abandoned", daemon=True).start()

    def _configs(self, topic: Topic) -> dict[str, str]:
        configs = {
            "cleanup.policy": "compact" if topic.compacted else "delete",
            "retention.ms": "-1" if topic.retention_hours is None else str(int(topic.retention_hours * HOUR_MS)),
            "min.insync.replicas": str(self._min_insync),
        }
        if topic.compacted and topic.retention_hours is not None:
            configs["cleanup.policy"] = "compact,delete"
        return configs

    def _config_differences(self, topic: Topic) -> list[str]:
        with self._admin_lock:
            answer: Any = self._admin.describe_configs([_resource(topic.name)], config_filter="all")
        real = _values(answer, topic.name)
        differences = []
        compacted = "compact" in real.get("cleanup.policy", "")
        if compacted != topic.compacted:
            differences.append(f"topic {topic.name}: compacted is {compacted}, wanted {topic.compacted}")
        milliseconds = int(real.get("retention.ms", "-1"))
        hours = None if milliseconds < 0 else milliseconds / HOUR_MS
        if hours != topic.retention_hours:
            differences.append(f"topic {topic.name}: retention_hours is {hours}, wanted {topic.retention_hours}")
        return differences

    def _known(self, topic: str, *, fresh: bool = False) -> int:
        """How many partitions the topic has; UnknownTopic where there is none."""
        if fresh or topic not in self._partitions:
            with self._admin_lock:
                described = self._admin.describe_topics([topic]) if topic in self._admin.list_topics() else []
            if not described:
                raise UnknownTopic(topic)
            self._partitions[topic] = len(described[0]["partitions"])
        return self._partitions[topic]


def _abandon(producer: KafkaProducer) -> None:
    """Close a producer whatever waits in it: its sender first, since `close` would wait for that, and raise."""
    with contextlib.suppress(Exception):
        producer._sender.force_close()
        producer._sender.join(ABANDON_SECONDS)
        producer.close(timeout=ABANDON_SECONDS)


def _resource(topic: str) -> Any:
    from kafka.admin import ConfigResource, ConfigResourceType

    return ConfigResource(ConfigResourceType.TOPIC, topic)


def _values(answer: Any, topic: str) -> dict[str, str]:
    """The settings in kafka-python's answer: {type: {name: {key: {value: …}}}}."""
    for named in answer.values():
        if topic in named:
            return {key: str(data["value"]) for key, data in named[topic].items()}
    return {}
