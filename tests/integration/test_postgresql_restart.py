"""kill -9 of the PostgreSQL server while workers and readers are at work: it starts again, and nothing is lost."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from app.devstack.postgresql import Postgresql
from hub.kernel.cloudevents import CloudEvent
from hub.kernel.entries import Entry
from hub.kernel.records import RECORDS, SUBMISSIONS, SUBMITTED, Record
from hub.log.sqlite_eventlog import SqliteEventLog
from hub.ports.clock import SystemClock
from hub.ports.eventlog import Topic
from hub.runtime.threads import Runtime
from hub.sql.postgresql import PostgresDatabase
from services.curation.adapters.postgresql_store import PostgresRecordStore
from services.curation.service import Curation, Relay
from tests.conformance.record_samples import name
from tests.unit.curation_memory import AT, submission
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.integration
RECORD_COUNT, VERSIONS = 40, 30


def entry(number: int, version: int) -> Entry:
    said = submission("city", str(number), version, name(number), {"name_zh": f"第 {version} 版"})
    return CloudEvent(said.event_id(), "hub", SUBMITTED, said.subject(), AT, said.to_bytes()).as_entry()


def test_what_was_committed_outlives_the_server_and_workers_go_on(
    tmp_path: Path, killable_postgresql: Postgresql
) -> None:
    server = killable_postgresql
    database = PostgresDatabase(server.dsn)
    store = PostgresRecordStore(database, "hub")
    event_log = SqliteEventLog(tmp_path / "log.db")
    event_log.create_topics([Topic(SUBMISSIONS), Topic(RECORDS)])
    said = [entry(number, version) for version in range(1, VERSIONS + 1) for number in range(RECORD_COUNT)]
    event_log.append(SUBMISSIONS, said[: len(said) // 2])
    curation = Curation(event_log, store, SystemClock(), 10)
    runtime = Runtime([curation, Relay(event_log, store, 7)])
    runtime.start()
    wait_until(lambda: len(store.get([name(0)])) == 1)

    seen = {record.id: record.version for record in store.scan()}
    server.kill()
    event_log.append(SUBMISSIONS, said[len(said) // 2 :])
    wait_until(lambda: "curation.merge" in runtime.failures)
    server.start()
    server.wait()

    after = {record.id: record.version for record in store.scan()}
    assert all(after[record_id] >= version for record_id, version in seen.items())
    wait_until(lambda: curation.lag() == 0 and not runtime.failures and not published_missing(event_log))
    runtime.stop()
    assert {record.version for record in store.scan()} == {VERSIONS}
    assert_in_order(event_log)
    for closing in (store, database, event_log):
        closing.close()


def published(event_log: SqliteEventLog) -> list[tuple[str, int]]:
    reader = event_log.consumer("reader", [RECORDS])
    reader.rewind()
    found = [Record.from_bytes(one.value or b"") for one in reader.poll(100_000, 0.0)]
    reader.close()
    return [(one.id, one.version) for one in found]


def published_missing(event_log: SqliteEventLog) -> int:
    return RECORD_COUNT * VERSIONS - len(set(published(event_log)))


def assert_in_order(event_log: SqliteEventLog) -> None:
    """Each record's versions ascend but for a batch that was published again, and the newest comes last."""
    last: dict[str, int] = {}
    repeats = 0
    for record_id, version in published(event_log):
        assert version <= last.get(record_id, 0) + 1
        repeats += version <= last.get(record_id, 0)
        last[record_id] = version
    assert set(last.values()) == {VERSIONS}
    assert repeats <= 7


def test_readers_and_writers_of_many_threads_find_a_new_connection(killable_postgresql: Postgresql) -> None:
    server = killable_postgresql
    database = PostgresDatabase(server.dsn, 8)
    store = PostgresRecordStore(database, "hub")
    together = threading.Barrier(8)

    def read() -> None:
        with database.read() as sql:
            sql.execute("SELECT 1")
            together.wait(PATIENCE_SECONDS)

    def in_threads(work: Callable[[], object]) -> None:
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    in_threads(read)
    assert list(store.pending(1)) == []
    server.kill()
    server.start()
    server.wait()
    assert store.get([name(1)]) == {}
    assert list(store.pending(1)) == []
    in_threads(read)
    assert not together.broken
    store.close()
    database.close()
