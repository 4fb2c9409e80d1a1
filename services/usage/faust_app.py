"""Usage on Kafka: a Faust worker that counts what the log says, in RocksDB tables that the log can restore.

One agent with one task reads records, telemetry and bookings, all keyed by the instrument's id and with equally many
partitions, so that whatever bears on an instrument meets in one partition and is handled one after the other. Scaled by
partitions and workers. At least once: an event that comes again writes and sends all that it wrote and sent before,
which replaces it (services.usage.core.counting). Kafka's transactions are not used.
"""

import logging
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from hub.kernel.cloudevents import CloudEvent
from hub.kernel.deadletters import dead_letter, dead_letter_topic
from hub.kernel.entries import Delivered, Entry
from hub.ports.clock import rfc3339
from schemas.events.usage import USAGE, USAGE_COUNTED, MonthUsage
from services.usage.adapters.faust_producer import SureApp
from services.usage.core.counting import MonthFull, absorb, indicators
from services.usage.core.facts import SOURCES, Fact, Malformed, decoded
from services.usage.service import FULL

log = logging.getLogger("hub.usage")
APP_ID = "usage"
SESSION_SECONDS = 10.0
"""A worker that died is replaced, and one that comes back goes on, after as long."""
COMMIT_SECONDS = 2.0
LAST_VALUES = 20_000
LAST_BYTES = 1_024
FAILED = 70  # EX_SOFTWARE of sysexits.h
ROCKSDB = {
    "write_buffer_size": 16 * 2**20,
    "block_cache_size": 32 * 2**20,
    "block_cache_compressed_size": 8 * 2**20,
    "max_open_files": 256,
}


class TableState:
    """services.usage.core.counting.State on a Faust table; only within the handling of an event of its partition.

    A value that this process put last under its key is not put again: it is in the producer's buffer or beyond, and so
    in the changelog before the next position is committed. What an earlier process put may be in its table alone.
    """

    def __init__(self, table: Any) -> None:
        self._table = table
        self._last: dict[bytes, bytes] = {}

    def get(self, key: str) -> Any:
        value = self._table.get(key.encode())
        return None if value is None else orjson.loads(value)

    def put(self, key: str, value: Any) -> None:
        name, data = key.encode(), orjson.dumps(value)
        if self._last.get(name) == data:
            return
        self._table[name] = data
        if len(self._last) >= LAST_VALUES:
            self._last.clear()
        if len(data) <= LAST_BYTES:
            self._last[name] = data
        else:
            self._last.pop(name, None)


def make_app(bootstrap: str, folder: Path, partitions: int, event_source: str, replication: int = 1) -> Any:
    """The Faust application; `partitions` is how many each source topic has, `replication` that of its changelog."""
    app = SureApp(
        APP_ID,
        broker=";".join(f"kafka://{server.strip()}" for server in bootstrap.split(",")),
        store="rocksdb://",
        datadir=str(folder),
        topic_partitions=partitions,
        topic_replication_factor=replication,
        topic_disable_leader=True,
        key_serializer="raw",
        value_serializer="raw",
        consumer_auto_offset_reset="earliest",
        processing_guarantee="at_least_once",
        broker_session_timeout=SESSION_SECONDS,
        broker_heartbeat_interval=SESSION_SECONDS / 4,
        broker_commit_interval=COMMIT_SECONDS,
        producer_linger=0.005,
        web_enabled=False,
        worker_redirect_stdouts=False,
    )
    table = app.Table("state", partitions=partitions, options=dict(ROCKSDB), key_type=bytes, value_type=bytes)
    sources = app.topic(*SOURCES, partitions=partitions, allow_empty=True, key_type=bytes, value_type=bytes)
    counter = Counter(app, TableState(table), event_source)

    @app.agent(sources, concurrency=1, name="usage.counter")
    async def count(stream: Any) -> None:
        async for event in stream.events():
            counter.handle(event.message)

    return app


class Counter:
    """Handles one event at a time: all that follows from it is in the buffer of the producer when `handle` returns."""

    def __init__(self, app: Any, state: TableState, event_source: str) -> None:
        self._state = state
        self._event_source = event_source
        outgoing = [USAGE, *(dead_letter_topic(topic) for topic in SOURCES)]
        self._topics = {name: app.topic(name) for name in outgoing}

    def handle(self, message: Any) -> None:
        """A fault of the worker itself ends it on the spot: Faust would pass over the event and commit its position."""
        try:
            self._handle(_delivered(message))
        except Exception:
            log.exception("%s/%d@%d was not counted", message.topic, message.partition, message.offset)
            os._exit(FAILED)

    def _handle(self, entry: Delivered) -> None:
        found = decoded(entry)
        if isinstance(found, Malformed):
            self._bury(entry, found)
        elif found is not None:
            self._count(entry, found)

    def _count(self, entry: Delivered, fact: Fact) -> None:
        try:
            changed = absorb(self._state, fact)
        except MonthFull:
            self._bury(entry, FULL)
            return
        for instrument, month in sorted(changed):
            self._send(USAGE, self._event(indicators(self._state, instrument, month)))

    def _event(self, row: MonthUsage) -> Entry:
        event_id = f"{row.key()}@{row.record_version}.{row.revision}"
        at = rfc3339(datetime.now(UTC))
        return CloudEvent(event_id, self._event_source, USAGE_COUNTED, row.key(), at, row.to_bytes()).as_entry()

    def _bury(self, entry: Delivered, why: Malformed) -> None:
        self._send(dead_letter_topic(entry.topic), dead_letter(entry, why.code, why.reason))

    def _send(self, topic: str, entry: Entry) -> None:
        self._topics[topic].send_soon(key=entry.key, value=entry.value, headers=list(entry.headers))


def _delivered(message: Any) -> Delivered:
    headers = message.headers.items() if hasattr(message.headers, "items") else message.headers or ()
    return Delivered(
        message.topic,
        message.partition,
        message.offset,
        message.key or b"",
        message.value,
        tuple((name, bytes(value)) for name, value in headers),
    )
