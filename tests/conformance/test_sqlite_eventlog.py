"""The SQLite event log: the suite of the port, and what is its own."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.log.partitioner import murmur2
from hub.log.sqlite_eventlog import SqliteEventLog
from hub.log.sqlite_log_upkeep import LogUpkeep
from hub.ports.clock import ManualClock
from hub.ports.eventlog import EventLog, Fenced, Topic
from tests.conformance.eventlog import EventLogConformance, Open, drain, entry, values
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.conformance

CHILD = """
import sys
from pathlib import Path
from hub.log.sqlite_eventlog import SqliteEventLog
from hub.kernel.entries import Entry
log, n = SqliteEventLog(Path(sys.argv[1])), 0
while n < int(sys.argv[2]):
    log.append("t", [Entry(b"child", str(n + i).encode()) for i in range(10)])
    n += 10
    print(n, flush=True)
"""


class TestSqliteEventLog(EventLogConformance):
    adapter = "SqliteEventLog"
    capabilities = frozenset({"atomic-append", "compaction-on-demand"})

    @pytest.fixture
    def open_log(self, tmp_path: Path) -> Open:
        return lambda: SqliteEventLog(tmp_path / "log.db")

    def compact(self, log: EventLog) -> None:
        assert isinstance(log, SqliteEventLog)
        upkeep = LogUpkeep(log, step_entries=2)
        while upkeep.round():
            pass


START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def log(tmp_path: Path, clock: ManualClock) -> Iterator[SqliteEventLog]:
    log = SqliteEventLog(tmp_path / "log.db", clock)
    log.create_topics([Topic("t"), Topic("short", retention_hours=24.0), Topic("compacted", compacted=True)])
    yield log
    log.close()


def test_murmur2_is_the_one_of_kafkas_clients() -> None:
    published = {
        b"21": -973932308,
        b"foobar": -790332482,
        b"a-little-bit-long-string": -985981536,
        b"a-little-bit-longer-string": -1486304829,
        b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
        b"abc": 479470107,
    }
    assert {key: murmur2(key) for key in published} == {key: value & 0xFFFFFFFF for key, value in published.items()}


def test_the_newest_member_takes_over_and_the_older_one_is_fenced(log: SqliteEventLog) -> None:
    log.append("t", [entry("a", str(n)) for n in range(4)])
    old = log.consumer("g", ["t"])
    got = drain(old, 4)
    old.commit(got[:1])
    new = log.consumer("g", ["t"])
    assert old.lag() == new.lag() == 3
    assert values(drain(new, 3)) == ["1", "2", "3"]
    with pytest.raises(Fenced):
        old.commit(got)
    assert old.poll(10, 0.0) == []
    assert new.lag() == 3
    new.close()
    assert values(drain(old, 3)) == ["1", "2", "3"]
    old.close()


def test_retention_drops_old_entries_that_every_group_has_read(log: SqliteEventLog, clock: ManualClock) -> None:
    log.append("short", [entry("a", str(n)) for n in range(5)])
    consumer = log.consumer("g", ["short"])
    consumer.commit(drain(consumer, 5)[:3])
    clock.advance(timedelta(hours=12))
    log.append("short", [entry("a", "young")])
    clock.advance(timedelta(hours=13))
    upkeep = LogUpkeep(log, clock)
    assert upkeep.round() == 3
    assert upkeep.round() == 0
    late = log.consumer("late", ["short"])
    assert values(drain(late, 3)) == ["3", "4", "young"]
    assert late.lag() == 3
    assert consumer.lag() == 3


def test_a_tombstone_goes_once_it_is_old(log: SqliteEventLog, clock: ManualClock) -> None:
    tombstone = entry("a")
    log.append("compacted", [entry("a", "1"), entry("b", "1"), type(tombstone)(b"a", None)])
    upkeep = LogUpkeep(log, clock)
    while upkeep.round():
        pass
    reader = log.consumer("early", ["compacted"])
    assert [(item.key, item.value) for item in drain(reader, 2)] == [(b"b", b"1"), (b"a", None)]
    clock.advance(timedelta(hours=25))
    while upkeep.round():
        pass
    reader.rewind()
    assert [(item.key, item.value) for item in drain(reader, 1)] == [(b"b", b"1")]
    assert reader.poll(10, 0.0) == []
    log.append("compacted", [entry("a", "again")])
    assert values(drain(reader, 1)) == ["again"]


def test_entries_of_another_process_arrive(log: SqliteEventLog, tmp_path: Path) -> None:
    consumer = log.consumer("g", ["t"])
    assert consumer.poll(1, 0.0) == []
    with _child(tmp_path, 50) as child:
        assert values(drain(consumer, 50)) == [str(n) for n in range(50)]
        assert child.wait(PATIENCE_SECONDS) == 0


def test_what_was_acknowledged_survives_a_kill(log: SqliteEventLog, tmp_path: Path) -> None:
    with _child(tmp_path, 10**9) as child:
        assert child.stdout is not None
        acknowledged = [int(child.stdout.readline()) for _ in range(30)][-1]
        child.kill()
        acknowledged = max([acknowledged, *(int(line) for line in child.stdout.read().split())])
    end = log.end_offsets("t")[0]
    assert end >= acknowledged
    assert end % 10 == 0
    consumer = log.consumer("g", ["t"])
    got = drain(consumer, end)
    assert values(got) == [str(n) for n in range(end)]
    assert [item.offset for item in got] == list(range(end))


def _child(folder: Path, entries: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", CHILD, str(folder / "log.db"), str(entries)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
