"""Documents that a catalogue rejects become dead letters, and exactly those."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from hub.kernel.cloudevents import CloudEvent
from hub.kernel.deadletters import dead_letter_topic
from hub.kernel.records import RECORD_CHANGED, RECORDS
from hub.log.sqlite_eventlog import SqliteEventLog
from hub.ports.catalogue import Catalogue, Document, Rejected
from hub.ports.eventlog import Topic
from services.catalog.sink import CatalogueSink
from tests.unit.catalog_records import AT, EXPERT, ORGANISATION, record

pytestmark = pytest.mark.unit


class Picky:
    """Takes everything but experts."""

    def __init__(self) -> None:
        self.stored: list[str] = []

    def apply(self, documents: Iterable[Document]) -> int:
        made = list(documents)
        self.stored += [one.id for one in made if one.kind != "expert"]
        raise Rejected({one.id: "document_parsing_exception: no" for one in made if one.kind == "expert"})


def test_rejected_documents_become_dead_letters_and_the_sink_goes_on(tmp_path: Path) -> None:
    log = SqliteEventLog(tmp_path / "log.db")
    letters = dead_letter_topic(RECORDS)
    log.create_topics([Topic(RECORDS, compacted=True), Topic(letters)])
    made = [record("expert", EXPERT), record("organisation", ORGANISATION)]
    events = [CloudEvent(f"{one.id}/1", "hub", RECORD_CHANGED, one.id, AT, one.to_bytes()) for one in made]
    log.append(RECORDS, [event.as_entry() for event in events])
    catalogue = Picky()
    sink = CatalogueSink(log, cast(Catalogue, catalogue))
    assert sink.step(0) == 2
    assert (catalogue.stored, sink.lag()) == ([made[1].id], 0)
    reader = log.consumer("test", [letters])
    (letter,) = reader.poll(10, 0)
    assert made[0].id.encode() in letter.value
    assert b"document_parsing_exception" in b"".join(value for _, value in letter.headers) + letter.value
    for closing in (reader, sink, log):
        closing.close()


class Breaking:
    """Stores the documents as they come; breaks off once after `breaks_after` of them."""

    def __init__(self) -> None:
        self.stored: list[str] = []
        self.breaks_after = 0

    def apply(self, documents: Iterable[Document]) -> int:
        for one in documents:
            self.stored.append(f"{one.id}/{one.version}")
            if len(self.stored) == self.breaks_after:
                raise ConnectionError("the index is away")
        return len(self.stored)


def test_a_step_takes_several_batches_and_does_all_of_them_again_after_a_failure(tmp_path: Path) -> None:
    log = SqliteEventLog(tmp_path / "log.db")
    log.create_topics([Topic(RECORDS, compacted=True), Topic(dead_letter_topic(RECORDS))])
    versions = [("a", 1), ("b", 2), ("a", 2), ("b", 1), ("c", 1), ("d", 1), ("e", 1)]
    made = [replace(record("organisation", ORGANISATION), id=one, version=version) for one, version in versions]
    events = [CloudEvent(f"{one.id}@{one.version}", "hub", RECORD_CHANGED, one.id, AT, one.to_bytes()) for one in made]
    log.append(RECORDS, [event.as_entry() for event in events])
    catalogue = Breaking()
    sink = CatalogueSink(log, cast(Catalogue, catalogue), batch_rows=2, batches=3)
    catalogue.breaks_after = 4
    with pytest.raises(ConnectionError):
        sink.step(0)
    assert (catalogue.stored, sink.lag()) == (["a/1", "b/2", "a/2", "c/1"], 7)
    catalogue.stored, catalogue.breaks_after = [], 0
    assert sink.step(0) == 6
    assert (sorted(catalogue.stored), sink.lag()) == (["a/2", "b/2", "c/1", "d/1"], 1)
    catalogue.stored = []
    assert sink.step(0) == 1
    assert (catalogue.stored, sink.lag()) == (["e/1"], 0)
    for closing in (sink, log):
        closing.close()
