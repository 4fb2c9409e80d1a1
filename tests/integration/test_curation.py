"""Submissions through the embedded log, curation and its store to the records topic."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.kernel.cloudevents import CloudEvent
from hub.kernel.deadletters import dead_letter_topic
from hub.kernel.entries import Entry
from hub.kernel.records import RECORDS, SUBMISSIONS, SUBMITTED, Record, Submission
from hub.log.sqlite_eventlog import SqliteEventLog
from hub.ports.clock import ManualClock
from hub.ports.eventlog import Topic
from hub.runtime.threads import drain
from services.curation.adapters.sqlite_store import SqliteRecordStore
from services.curation.service import Curation, Relay

pytestmark = pytest.mark.integration
NOW = "2026-01-01T00:00:00.000000Z"


def entry(number: int, version: int, name: str, source: str = "owner") -> Entry:
    record_id = f"organisation-{number:020}"
    said = Submission(
        "organisation", source, str(number), version, "upsert", "owner", record_id, {"name_zh": name}, NOW
    )  # fmt: skip
    return CloudEvent(said.event_id(), "hub", SUBMITTED, said.subject(), NOW, said.to_bytes()).as_entry()


def curated(folder: Path, entries: list[Entry], batch: int) -> tuple[str, list[Record], int]:
    """The store's digest, the published records and the number of dead letters."""
    event_log = SqliteEventLog(folder / "log.db")
    letters = dead_letter_topic(SUBMISSIONS)
    event_log.create_topics([Topic(SUBMISSIONS), Topic(RECORDS, compacted=True), Topic(letters)])
    event_log.append(SUBMISSIONS, entries)
    store = SqliteRecordStore(folder / "records.db", "hub")
    workers = [
        Curation(event_log, store, ManualClock(datetime(2026, 1, 1, tzinfo=UTC)), batch),
        Relay(event_log, store, batch),
    ]
    drain(workers)
    consumer = event_log.consumer("reader", [RECORDS])
    published = [Record.from_bytes(found.value or b"") for found in consumer.poll(1_000, 0)]
    dead = sum(event_log.end_offsets(letters).values())
    digest = store.digest()
    for closing in (consumer, *workers, store, event_log):
        closing.close()  # type: ignore[attr-defined]
    return digest, published, dead


def test_records_are_versioned_published_and_the_same_in_any_order(tmp_path: Path) -> None:
    entries = [entry(number, version, f"单位 {number} 第 {version} 版") for version in (1, 2) for number in range(20)]
    one, published, _ = curated(tmp_path / "one", entries, 7)
    assert len({record.id for record in published}) == 20
    last = {record.id: record for record in published}
    assert all(record.version == 2 and record.fields["name_zh"].endswith("第 2 版") for record in last.values())
    other, again, _ = curated(tmp_path / "other", [*reversed(entries), *entries], 3)
    assert one == other
    assert all(record.version == 1 for record in again)


def test_what_cannot_be_read_is_kept_and_does_not_hold_up_the_rest(tmp_path: Path) -> None:
    _, published, dead = curated(tmp_path, [Entry(b"k", b"{"), entry(1, 1, "甲")], 10)
    assert dead == 1
    assert [record.fields["name_zh"] for record in published] == ["甲"]
