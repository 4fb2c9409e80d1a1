"""Workers that curate side by side on PostgreSQL end where one alone would, and every version is told of in order."""

import random
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from hub.kernel.cloudevents import CloudEvent
from hub.kernel.contributions import PREFERENCE_DECIDED, SAME_AS_DECIDED, Preference, SameAs
from hub.kernel.entries import Entry
from hub.kernel.records import RECORDS, SUBMISSIONS, SUBMITTED, Record, Submission
from hub.log.partitioner import partition_of
from hub.log.sqlite_eventlog import SqliteEventLog
from hub.ports.clock import SystemClock
from hub.ports.eventlog import Topic
from hub.ports.records import Changes, Interfered
from hub.runtime.threads import drain
from hub.sql.postgresql import PostgresDatabase
from services.curation.adapters.postgresql_locks import BUCKETS
from services.curation.adapters.postgresql_store import PostgresRecordStore
from services.curation.core.decode import Statement
from services.curation.service import Curation, Relay
from tests.conformance.record_samples import contribution, name, record, save
from tests.unit.curation_memory import AT, MemoryUnit, curate, preference, same_as, submission
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.integration
WORKERS = 4
TYPES = {Submission: SUBMITTED, SameAs: SAME_AS_DECIDED, Preference: PREFERENCE_DECIDED}


def events(chance: random.Random, count: int) -> list[Statement]:
    """Few records and many changes, most of which reach over partitions.

    A source says one thing of a record under one version, and what it calls by a number is always the same.
    """
    ids = [name(number) for number in range(16)]
    said: list[Statement] = []
    for _ in range(count):
        source, own, version = (
            chance.choice(["national", "city", "web"]),
            str(chance.randrange(16)),
            chance.randrange(9),
        )
        match chance.randrange(10):
            case 0:
                said.append(submission(source, own, version, None))
            case 1:
                left, right = chance.sample(ids, 2)
                said.append(same_as(left, right, version, chance.choice(["joined", "undone"])))
            case 2:
                said.append(preference(chance.choice(ids), "name_zh", source, own, version))
            case _:
                fields = {"name_zh": "甲乙丙"[(version + int(own)) % 3], "name_en": "ABC"[version % 3]}
                said.append(submission(source, own, version, ids[int(own)], fields))
    return said


def entry(said: Statement) -> Entry:
    subject = said.subject() if isinstance(said, Submission) else said.left if isinstance(said, SameAs) else ""
    subject = subject or said.record_id or ""  # type: ignore[union-attr]
    return CloudEvent(said.event_id(), "hub", TYPES[type(said)], subject, AT, said.to_bytes()).as_entry()


@contextmanager
def log_of(path: Path, entries: Sequence[Entry]) -> Iterator[SqliteEventLog]:
    event_log = SqliteEventLog(path)
    event_log.create_topics([Topic(SUBMISSIONS), Topic(RECORDS)])
    event_log.append(SUBMISSIONS, entries)
    yield event_log
    event_log.close()


def work_off(path: Path, entries: Sequence[Entry], dsn: str, batch: int) -> None:
    """One process's worker on one partition, with connections of its own."""
    database = PostgresDatabase(dsn, 1)
    store = PostgresRecordStore(database, "hub")
    with log_of(path, entries) as event_log:
        drain([Curation(event_log, store, SystemClock(), batch)])
    database.close()


def relayed(event_log: SqliteEventLog, store: PostgresRecordStore, done: threading.Event) -> list[tuple[str, int]]:
    """What a relay that works meanwhile publishes, in its order."""
    relay = Relay(event_log, store, 50)
    while not done.is_set() or relay.step(0.0):
        relay.step(0.01)
    found = event_log.consumer("reader", [RECORDS]).poll(100_000, 0.0)
    published = [Record.from_bytes(one.value or b"") for one in found]
    return [(one.id, one.version) for one in published]


def living(found: Iterable[Record]) -> list[dict[str, object]]:
    """What records say, but for those that were withdrawn, perhaps before anybody could see them."""
    return sorted((one.content() for one in found if one.fields or one.replaced_by), key=lambda one: str(one["id"]))


@pytest.mark.parametrize("batch", [1, 25])
def test_four_workers_end_where_one_would(tmp_path: Path, database: str, batch: int) -> None:
    said = events(random.Random(batch), 60 * (4 + batch // 3))
    parts: list[list[Entry]] = [[] for _ in range(WORKERS)]
    for one in map(entry, said):
        parts[partition_of(one.key, WORKERS)].append(one)
    postgres = PostgresDatabase(database)
    store, done = PostgresRecordStore(postgres, "hub"), threading.Event()
    with ThreadPoolExecutor(WORKERS + 1) as pool, log_of(tmp_path / "records.db", []) as event_log:
        relaying = pool.submit(relayed, event_log, store, done)
        working = [pool.submit(work_off, tmp_path / str(n), part, database, batch) for n, part in enumerate(parts)]
        try:
            for worker in working:
                worker.result()
        finally:
            done.set()
        published = relaying.result()
    assert living(store.scan()) == living(curate(MemoryUnit(), said).current.values())
    assert len(store.outcomes([one.event_id() for one in said])) == len({one.event_id() for one in said})
    every = {(one.id, version) for one in store.scan() for version in range(1, one.version + 1)}
    assert sorted(published) == sorted(every)
    for record_id in {record_id for record_id, _ in published}:
        versions = [version for published_id, version in published if published_id == record_id]
        assert versions == list(range(1, len(versions) + 1))
        assert len(store.history(record_id, 10_000)) == len(versions)
    assert list(store.pending(10)) == []
    store.close()
    postgres.close()


def bucket(number: int) -> int:
    return partition_of(name(number).encode(), BUCKETS)


def test_batches_of_different_records_run_side_by_side(postgres: PostgresDatabase) -> None:
    store = PostgresRecordStore(postgres, "hub")
    with ThreadPoolExecutor(1) as other, store.batch() as unit:
        unit.save(Changes(records=[record(1)]))
        other.submit(save, store, record(2)).result()
        assert [one.number for one in store.pending(10)] == [2]
    store.published(2)
    assert [one.number for one in store.pending(10)] == [1]
    store.close()


def test_one_relay_works_and_another_takes_over(postgres: PostgresDatabase) -> None:
    first, second = PostgresRecordStore(postgres, "hub"), PostgresRecordStore(postgres, "hub")
    save(first, record(1), record(2))
    assert len(first.pending(10)) == 2
    assert list(second.pending(10, 0.1)) == []
    with postgres.read() as sql:
        sql.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
    one, two = second.pending(10, 10.0)
    with pytest.raises(psycopg.OperationalError):
        first.published(two.number)
    second.published(one.number)
    assert list(first.pending(10)) == []
    second.close()
    assert [waiting.number for waiting in first.pending(10, 10.0)] == [two.number]
    first.close()


def test_what_is_needed_out_of_order_is_waited_for_at_the_next_attempt(postgres: PostgresDatabase) -> None:
    store = PostgresRecordStore(postgres, "hub")
    low, high = sorted((1, 2), key=bucket)
    began = threading.Event()

    def attempt(tries: int) -> int:
        try:
            with store.batch() as unit:
                unit.records([name(high)])
                unit.records([name(low)])
                return tries
        except Interfered:
            began.set()
            return attempt(tries + 1)

    with ThreadPoolExecutor(1) as other:
        with store.batch() as unit:
            unit.records([name(low)])
            second = other.submit(attempt, 1)
            assert began.wait(PATIENCE_SECONDS)
            assert not second.done()
        assert second.result() == 2
    store.close()


@pytest.mark.parametrize("known", [False, True])
def test_a_plan_on_a_claim_that_changed_is_refused(postgres: PostgresDatabase, known: bool) -> None:
    store = PostgresRecordStore(postgres, "hub")
    if known:
        save(store, contributions=[contribution(1, 1)])

    def overtaken() -> None:
        with store.batch() as unit, ThreadPoolExecutor(1) as other:
            unit.claims([contribution(1).key])
            other.submit(save, store, contributions=[contribution(1, 3)]).result()
            unit.save(Changes(contributions=[contribution(1, 2)], records=[record(9)]))

    with pytest.raises(Interfered):
        overtaken()
    with store.batch() as unit:
        assert unit.claims([contribution(1).key])[contribution(1).key].source_version == 3
    assert store.get([name(9)]) == {}
    store.close()
