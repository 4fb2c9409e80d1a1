"""Submissions through the embedded log, curation and its store to the records topic."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.composition import compose
from app.health import dead_letters
from app.operations.doctor.checks import examine
from hub.kernel.cloudevents import CloudEvent
from hub.kernel.deadletters import dead_letter_topic
from hub.kernel.entries import Entry
from hub.kernel.records import RECORDS, SUBMISSIONS, SUBMITTED, Record, Submission
from hub.kernel.sources import Source, Sources
from hub.log.sqlite_eventlog import SqliteEventLog
from hub.ports.clock import ManualClock
from hub.ports.eventlog import Topic
from hub.runtime.manifest import RECORD_STORE
from hub.runtime.settings import Settings
from hub.runtime.threads import drain
from hub.text.language import Bilingual
from services.curation.adapters.sqlite_store import SqliteRecordStore
from services.curation.service import Curation, Relay
from tests.conformance.record_samples import record, save
from tests.integration.labs import LAB, running
from tests.waiting import wait_until

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


def test_a_record_that_cannot_be_published_is_a_dead_letter_and_the_others_go_on(tmp_path: Path) -> None:
    event_log = SqliteEventLog(tmp_path / "log.db")
    event_log.create_topics([Topic(RECORDS, compacted=True), Topic(dead_letter_topic(RECORDS))])
    store = SqliteRecordStore(tmp_path / "records.db", "hub")
    large = record(2, fields={"name_zh": "大" * 400_000})
    save(store, record(1), large, record(3))
    relay = Relay(event_log, store)
    drain([relay])
    consumer = event_log.consumer("reader", [RECORDS])
    published = [Record.from_bytes(found.value or b"").id for found in consumer.poll(10, 0)]
    assert published == [record(1).id, record(3).id]
    letters = event_log.consumer("letters", [dead_letter_topic(RECORDS)])
    (letter,) = letters.poll(10, 0)
    assert (letter.key, dict(letter.headers)["reason_code"]) == (large.id.encode(), b"too-large")
    assert list(store.pending(10)) == []
    assert dead_letters(event_log) == {dead_letter_topic(RECORDS): 1}
    for closing in (consumer, letters, relay, store, event_log):
        closing.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("large", [(1,), (2, 3), (4,)])
def test_a_record_that_cannot_be_published_holds_up_nobody_and_is_named_by_doctor_and_readiness(
    large: tuple[int, ...], tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path)
    hub = compose(settings)
    poison = {number: {"name_zh": "大" * 400_000} for number in large}
    save(
        hub.get(RECORD_STORE), *(record(number, fields=poison.get(number, {"name_zh": "小"})) for number in range(1, 5))
    )
    hub.close()
    letters = dead_letter_topic(RECORDS)
    with running(tmp_path) as site:
        lab = site.caller(*LAB)
        lab.registered({"_id": "after", "name_zh": "之后"})
        wait_until(lambda: site.readiness()["checks"]["store event_log"].get("dead_letters") == {letters: len(large)})
        assert site.client.get("/readyz").status_code == 200, "it goes on serving"
        assert lab.get("search", q="小").json()["total"] == 4 - len(large)
    amiss = [finding.what.en for finding in examine(settings) if not finding.fine]
    assert f"{len(large)} dead letters of {RECORDS} (too-large {len(large)})" in amiss


def test_what_a_source_may_not_say_is_kept_with_its_reason_and_the_others_go_on(tmp_path: Path) -> None:
    again = entry(1, 1, "另一个名字")
    _, published, dead = curated(tmp_path, [entry(1, 1, "甲"), again, entry(2, 1, "乙")], 10)
    assert (sorted(found.fields["name_zh"] for found in published), dead) == (["乙", "甲"], 1)


def test_what_is_stored_is_merged_again_when_the_register_of_sources_changes(tmp_path: Path) -> None:
    event_log = SqliteEventLog(tmp_path / "log.db")
    event_log.create_topics([Topic(SUBMISSIONS), Topic(dead_letter_topic(SUBMISSIONS))])
    event_log.append(SUBMISSIONS, [entry(1, 1, "省", "zj"), entry(1, 1, "校", "campus")])
    store = SqliteRecordStore(tmp_path / "records.db", "hub")
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    names, authorities = [], []
    for authority in ("harvested", "national", "national"):
        source = Source("zj", Bilingual("省", "province"), authority)  # type: ignore[arg-type]
        worker = Curation(event_log, store, clock, 1, Sources({"zj": source}))
        drain([worker])
        worker.close()
        (found,) = store.scan()
        names.append((found.fields["name_zh"], found.version))
        authorities.append(sorted(one.authority for one in found.sources))
    first = names[0][1]
    assert names == [("校", first), ("省", first + 1), ("省", first + 1)]
    assert authorities[0] == ["harvested", "owner"]
    assert authorities[1:] == [["national", "owner"]] * 2
    store.close()
    event_log.close()


def test_what_cannot_be_read_is_kept_and_does_not_hold_up_the_rest(tmp_path: Path) -> None:
    _, published, dead = curated(tmp_path, [Entry(b"k", b"{"), entry(1, 1, "甲")], 10)
    assert dead == 1
    assert [record.fields["name_zh"] for record in published] == ["甲"]
