"""The real profile's way of a record on stubs of the servers, fifty seeds: killed, cut off, busy, rebalanced.

Ingest, two curations, the relay and two sinks with the real Elasticsearch catalogue are stepped in random order. Every
call of a store may fail or end its caller, before or after its effect; appends fail after part of their entries; the
index answers 429 and 503, refuses parts of bulk requests, answers too late or not at all; members of a group are
deposed in the middle of a bulk.
"""

import random
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import pytest

from hub.auth.sources import load_sources
from hub.kernel.deadletters import SUFFIX, dead_letter_topic
from hub.kernel.problems import Refusal
from hub.kernel.records import RECORDS, SUBMISSIONS
from hub.ports.catalogue import Document
from hub.ports.clock import ManualClock
from hub.ports.eventlog import EventLog, Topic
from hub.sql.sqlite import StoreFiles
from services.catalog.adapters import elasticsearch_server
from services.catalog.adapters.elasticsearch_catalogue import ElasticsearchCatalogue
from services.catalog.sink import CatalogueSink
from services.catalog.sink import check as reconciled
from services.curation.adapters.sqlite_store import SqliteRecordStore
from services.curation.service import Curation, Relay
from services.ingest.adapters.sql_receipts import SqlReceipts
from services.ingest.adapters.sql_vault import SqlVault
from services.ingest.core.idempotency import LEASE_SECONDS
from services.ingest.core.rows import Limits
from services.ingest.service import Ingest
from tests.faulty_elasticsearch import Choose, FaultyElasticsearch, faulty, in_turn, seldom
from tests.integration.privacy_stores import privacy
from tests.simulation.importing import SENDER, check_history
from tests.simulation.real_faults import newest, rows
from tests.simulation.stubs import Fate, Killed, Member, StubElasticsearch, StubLog, Unreliable

SEEDS, RECORDS_SENT, REQUEST_ROWS = 50, 90, 30
BATCH_ROWS = 8
KILLS, FAILURES, APPEND_FAILURES, HTTP_FAILURES, DEPOSED = 0.02, 0.02, 0.1, 0.15, 0.1
LATE_EVERY = 10
"""Seeds of which one waits for an answer that comes too late."""
STEPS_AT_MOST = 5_000
LIMITS = Limits(batch_rows=BATCH_ROWS)
SinkClass = Callable[..., CatalogueSink]


class World:
    """The servers, and the hub's processes on them, each of which can be composed anew."""

    def __init__(self, folder: Path, index: FaultyElasticsearch, seed: int, sink: SinkClass) -> None:
        self.chance = random.Random(f"stubs {seed}")
        self.fate = Fate(self.chance, KILLS, FAILURES)
        self.index = index
        self.clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
        names = (SUBMISSIONS, RECORDS, dead_letter_topic(SUBMISSIONS), dead_letter_topic(RECORDS))
        self.log = StubLog([Topic(name, partitions=3) for name in names], self._append_fails)
        self.records = SqliteRecordStore(folder / "records.db", "hub")
        self.files = StoreFiles(folder)
        self.receipts = SqlReceipts(self.files.open("receipts"), self.clock)
        self.vault = SqlVault(self.files.open("vault"), folder / "vault.key")
        self.personal, self.audit = privacy(self.files, folder, self.clock)
        self.catalogue = ElasticsearchCatalogue(index.url, request_seconds=0.2)
        self.event_log = cast(EventLog, self.log)
        self.store: Any = Unreliable(self.records, self.fate)
        makers: list[Callable[[], Any]] = [
            lambda: Curation(self.event_log, self.store, self.clock, BATCH_ROWS),
            lambda: Curation(self.event_log, self.store, self.clock, BATCH_ROWS),
            lambda: Relay(self.event_log, self.store, BATCH_ROWS),
            lambda: sink(self.event_log, Deposing(self), BATCH_ROWS, 2),
            lambda: sink(self.event_log, Deposing(self), BATCH_ROWS, 2),
        ]
        self.workers = [(make, make()) for make in makers]
        self.kills = 0

    def ingest(self) -> Ingest:
        stores: list[Any] = [Unreliable(one, self.fate) for one in (self.receipts, self.vault, self.personal)]
        stores.append(self.audit)
        catalogue = cast(Any, self.catalogue)
        return Ingest(self.event_log, *stores, load_sources(), self.records, catalogue, self.clock, LIMITS, "hub")

    def step(self, at: int) -> int:
        """One step of a worker; one that is killed is composed anew, and its membership ends."""
        make, worker = self.workers[at]
        try:
            return int(worker.step(0.0))
        except OSError:
            return 1
        except Killed:
            self.kills += 1
            if member := getattr(worker, "_consumer", None):
                member.close()
            self.workers[at] = (make, make())
            return 1

    def sent(self, body: bytes, key: str) -> bool:
        """Whether the request is acknowledged; a killed or failed one is sent again when its lease is over."""
        try:
            receipt = self.ingest().receive(
                BytesIO(body), "organisation", "owner", SENDER, format_name="ndjson", key=key
            )
            return receipt.progress == "complete"
        except (OSError, Refusal):
            pass
        except Killed:
            self.kills += 1
        self.clock.advance(timedelta(seconds=2 * LEASE_SECONDS))
        return False

    def depose(self) -> None:
        """Some member of the sinks' group is taken for dead, though it may be in the middle of a bulk."""
        members: list[Member] = self.log.groups["catalogue"].members
        if members:
            self.log.groups["catalogue"].change(leaves=self.chance.choice(members))

    def rest(self, choose: Choose) -> None:
        """No more faults but these of the index, until nothing is left to do."""
        self.fate.rest()
        self.index.choose = choose
        for _ in range(STEPS_AT_MOST):
            if not sum(self.step(at) for at in range(len(self.workers))):
                return
        raise AssertionError("the workers do not come to rest")

    def _append_fails(self, topic: str) -> float | None:
        del topic
        failing = self.fate.failures and self.chance.random() < APPEND_FAILURES
        return self.chance.choice((0.0, 0.5, 1.0)) if failing else None

    def close(self) -> None:
        for closing in (self.catalogue, self.records, self.files):
            closing.close()


class Deposing:
    """The catalogue as a sink has it: its caller may be killed, and be deposed before it has done its bulk."""

    def __init__(self, world: World) -> None:
        self._world = world

    def apply(self, documents: Iterable[Document]) -> int:
        self._world.fate.strike()
        if self._world.fate.kills and self._world.chance.random() < DEPOSED:
            self._world.depose()
        newer = self._world.catalogue.apply(documents)
        self._world.fate.strike()
        return newer


class CommitsFirst(CatalogueSink):
    """What must not be: the position is stored before the effect."""

    def handle(self, batch: Any) -> None:
        with suppress(Exception):
            self._consumer.commit(batch)
        super().handle(batch)


def lived(folder: Path, seed: int, sink: SinkClass = CatalogueSink) -> int:
    """One seed; returns how often a process was killed. AssertionError where something is lost, twice or different."""
    lines = rows(seed, RECORDS_SENT)
    choose = seldom(seed, HTTP_FAILURES, ("busy", "away", "cut-before", "cut-after", "partly"))
    folder.mkdir()
    with faulty(StubElasticsearch(), choose, late_seconds=0.3) as index:
        world = World(folder, index, seed, sink)
        try:
            for number, start in enumerate(range(0, len(lines), REQUEST_ROWS)):
                body = b"\n".join(lines[start : start + REQUEST_ROWS])
                while not world.sent(body, f"{seed}-{number}"):
                    world.step(world.chance.randrange(len(world.workers)))
                for _ in range(world.chance.randrange(20)):
                    world.step(world.chance.randrange(len(world.workers)))
            world.rest(in_turn("late", path="_bulk") if seed % LATE_EVERY == 0 else in_turn(path="_bulk"))
            check(world, newest(lines))
        finally:
            world.close()
    return world.kills


def check(world: World, wanted: dict[str, int]) -> None:
    records = list(world.records.scan("organisation"))
    ids = [record.sources[0].source_record_id for record in records]
    assert sorted(ids) == sorted(wanted), "a thing is lost, or has two records"
    for record in records:
        thing = record.sources[0].source_record_id
        assert str(record.fields["name_zh"]).endswith(f"第 {wanted[thing]} 版")
        check_history(world.records, record)
    assert reconciled(world.records, cast(Any, world.catalogue)).equal, "the catalogue says something else"
    assert world.catalogue.count() == len(records)
    assert not any(kept for (topic, _), kept in world.log.entries.items() if topic.endswith(SUFFIX))


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stub is back at once."""
    monkeypatch.setattr(elasticsearch_server, "FIRST_PAUSE", 0.001)


def test_fifty_seeds_of_faults(tmp_path: Path) -> None:
    kills = 0
    for seed in range(SEEDS):
        try:
            kills += lived(tmp_path / str(seed), seed)
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise
    print(f"{kills} kills")
    assert kills >= SEEDS, f"only {kills} kills; the moments are no test"


def test_a_sink_that_commits_before_its_effect_is_found_out(tmp_path: Path) -> None:
    def every_seed() -> None:
        for seed in range(SEEDS):
            lived(tmp_path / str(seed), seed, CommitsFirst)

    with pytest.raises(AssertionError, match="the catalogue says something else"):
        every_seed()
