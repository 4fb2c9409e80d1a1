"""The hub's stages as processes that live through a benchmark: each handles as many entries as it is asked to."""

import gc
import multiprocessing
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection
from typing import NamedTuple

from bench.common import Took, took
from bench.real.running import PATIENCE_SECONDS, PeerFailed
from hub.kernel.entries import Entry
from hub.kernel.records import RECORDS, SUBMISSIONS
from hub.log.kafka_consumer import KafkaLogConsumer
from hub.log.kafka_eventlog import KafkaEventLog
from hub.ports.clock import SystemClock
from hub.ports.worker import Worker
from hub.runtime.threads import GARBAGE_AFTER
from hub.sql.postgresql import PostgresDatabase
from services.catalog.adapters.elasticsearch_catalogue import ElasticsearchCatalogue
from services.catalog.manifest import SINK_BATCHES
from services.catalog.sink import CatalogueSink
from services.curation.adapters.postgresql_store import PostgresRecordStore
from services.curation.service import Curation, Relay

Handle = Callable[[int], int]
"""Handles at least so many entries; returns how many it made or stored."""


class Where(NamedTuple):
    """The servers, and the name that this run's topics, group and catalogue have."""

    bootstrap: str
    dsn: str
    url: str
    name: str


class OwnTopics(KafkaEventLog):
    """A run's own topics and group in the place of the hub's."""

    def __init__(self, bootstrap: str, group: str, topics: Mapping[str, str]) -> None:
        super().__init__(bootstrap)
        self._group = group
        self._topics = topics

    def consumer(self, group: str, topics: Sequence[str]) -> KafkaLogConsumer:
        return super().consumer(f"{self._group}-{group}", [self._topics.get(topic, topic) for topic in topics])

    def append(self, topic: str, entries: Sequence[Entry]) -> None:
        super().append(self._topics.get(topic, topic), entries)


def topics(name: str) -> dict[str, str]:
    """A run's topics by the hub's names of them."""
    return {topic: f"{name}-{topic}" for topic in (SUBMISSIONS, RECORDS)}


def curation(where: Where) -> Handle:
    """Curation and, in a second thread, its relay; the tables must be there."""
    store = PostgresRecordStore(PostgresDatabase(where.dsn), "bench")
    log = OwnTopics(where.bootstrap, where.name, topics(where.name))
    worker, relay = Curation(log, store, SystemClock()), Relay(log, store)

    def handle(rows: int) -> int:
        published, curated = 0, threading.Event()

        def publish() -> None:
            nonlocal published
            while True:
                last = curated.is_set()
                done = relay.step(0.2)
                published += done
                if last and not done:
                    return

        publishing = threading.Thread(target=publish)
        publishing.start()
        try:
            stepped(worker, rows)
        finally:
            curated.set()
            publishing.join()
        return published

    return handle


def sink(where: Where) -> Handle:
    """The catalogue's worker."""
    log = OwnTopics(where.bootstrap, where.name, topics(where.name))
    worker = CatalogueSink(log, ElasticsearchCatalogue(where.url, where.name), batches=SINK_BATCHES)
    return lambda rows: stepped(worker, rows)


def stepped(worker: Worker, rows: int) -> int:
    """Step until so many entries are handled; PeerFailed where nothing comes for PATIENCE_SECONDS."""
    done, until = 0, time.monotonic() + PATIENCE_SECONDS
    while done < rows:
        came = worker.step(0.5)
        done += came
        if came:
            until = time.monotonic() + PATIENCE_SECONDS
        elif time.monotonic() > until:
            raise PeerFailed(f"{worker.name}: {done:,} of {rows:,}, and no more for {PATIENCE_SECONDS:.0f} s")
    return done


class Stage:
    """A process with one of the functions above."""

    def __init__(self, make: Callable[[Where], Handle], where: Where) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other, make, where), daemon=True)
        self._process.start()
        other.close()

    def begin(self, rows: int) -> None:
        """Let it handle so many entries."""
        self._pipe.send(rows)

    def ended(self) -> tuple[int, Took]:
        """What `begin` asked for is done: what came of it, and what it took; PeerFailed where the process died."""
        try:
            done, wall, cpu = self._pipe.recv()
        except EOFError:
            raise PeerFailed("a stage ended; its error is above") from None
        return done, Took(wall, cpu)

    def handled(self, rows: int) -> tuple[int, Took]:
        """Both."""
        self.begin(rows)
        return self.ended()

    def close(self) -> None:
        self._process.kill()
        self._process.join()


def _serve(pipe: "Connection[tuple[int, float, float], int]", make: Callable[[Where], Handle], where: Where) -> None:
    gc.set_threshold(*GARBAGE_AFTER)
    handle = make(where)
    while True:
        try:
            rows = pipe.recv()
        except EOFError:  # whoever asked is gone
            return
        done: list[int] = []
        spent = took(lambda rows=rows, done=done: done.append(handle(rows)))  # type: ignore[misc]
        pipe.send((done[0], *spent))
