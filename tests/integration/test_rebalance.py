"""A second sink joins the group while the first is in the middle of a bulk: nothing is lost, nothing is there twice."""

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from uuid import uuid4

import pytest

from hub.kernel.cloudevents import CloudEvent
from hub.kernel.records import RECORD_CHANGED, RECORDS, Record, SourceRef
from hub.log.kafka_eventlog import KafkaEventLog
from hub.ports.catalogue import Document
from hub.ports.eventlog import Topic
from services.catalog.adapters.sqlite_catalogue import SqliteCatalogue
from services.catalog.service import CatalogueSink
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.integration
NOW = "2026-11-01T00:00:00.000000Z"
ORGANISATIONS, VERSIONS, PARTITIONS = 400, 3, 4
IDLE_SECONDS = 30.0


class Renamed:
    """The log with the records topic under a name of this test's own, since all tests share one broker."""

    def __init__(self, log: KafkaEventLog, topic: str) -> None:
        self._log = log
        self._topic = topic

    def consumer(self, group: str, topics: Sequence[str]) -> object:
        return self._log.consumer(f"{group}-{self._topic}", [self._topic])

    def append(self, topic: str, entries: Sequence[object]) -> None:
        raise AssertionError(f"nothing is to be buried, but {len(entries)} entries of {topic} were")


class SlowCatalogue:
    """The catalogue, which waits in its first bulk until the group has been given to others too."""

    def __init__(self, catalogue: SqliteCatalogue) -> None:
        self._catalogue = catalogue
        self.in_bulk, self.go_on = threading.Event(), threading.Event()

    def apply(self, documents: Iterable[Document]) -> int:
        self.in_bulk.set()
        assert self.go_on.wait(PATIENCE_SECONDS)
        return self._catalogue.apply(documents)


def published(log: KafkaEventLog, topic: str) -> None:
    log.create_topics([Topic(topic, PARTITIONS, compacted=True)])
    for version in range(1, VERSIONS + 1):
        entries = []
        for number in range(ORGANISATIONS):
            record_id = f"organisation-{number:020}"
            fields = {"name_zh": f"示例单位 {number} 第 {version} 版"}
            source = SourceRef("owner", str(number), version, "owner", NOW)
            record = Record(record_id, "organisation", version, "active", NOW, NOW, fields, {"name_zh": 0}, (source,))
            event = CloudEvent(f"{record_id}@{version}", "hub", RECORD_CHANGED, record_id, NOW, record.to_bytes())
            entries.append(event.as_entry())
        log.append(topic, entries)


def test_a_sink_that_joins_in_the_middle_of_a_bulk(tmp_path: Path, kafka_bootstrap: str) -> None:
    log = KafkaEventLog(kafka_bootstrap, session_seconds=6.0)
    topic = f"{RECORDS}-{uuid4().hex[:8]}"
    published(log, topic)
    catalogue = SqliteCatalogue(tmp_path / "catalogue.db")
    slow = SlowCatalogue(catalogue)
    renamed = Renamed(log, topic)
    first = CatalogueSink(renamed, slow, 150)  # type: ignore[arg-type]
    second = CatalogueSink(renamed, catalogue, 150)  # type: ignore[arg-type]
    working = threading.Thread(target=lambda: first.step(PATIENCE_SECONDS))
    working.start()
    assert slow.in_bulk.wait(PATIENCE_SECONDS)
    joining = threading.Thread(target=lambda: second.step(IDLE_SECONDS))
    joining.start()
    joining.join(2.0)  # the group waits for the first member, which is still in its bulk
    slow.go_on.set()
    working.join()
    ids = [f"organisation-{number:020}" for number in range(ORGANISATIONS)]

    def all_is_applied() -> bool:
        for sink in (first, second) if not joining.is_alive() else (first,):
            sink.step(0.5)
        return set(catalogue.versions(ids).values()) == {VERSIONS} and first.lag() == 0

    wait_until(all_is_applied)
    joining.join()
    assert catalogue.count() == ORGANISATIONS
    assert set(catalogue.versions(ids).values()) == {VERSIONS}
    for closing in (first, second, catalogue, log):
        closing.close()
