"""A hub moved from SQLite to Kafka, Elasticsearch and PostgreSQL by processes that are killed on the way."""

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.operations.kafka_topics import Topics
from app.operations.marker import Series
from app.operations.move import move, opened
from app.operations.sqlite_tables import Folder
from app.operations.tables import TABLES, Refused, Row, digest_rows
from hub.kernel.entries import Entry
from hub.kernel.records import RECORDS, SUBMISSIONS
from hub.log.partitioner import partition_of
from hub.runtime.manifest import CATALOGUE, RECORD_STORE
from hub.runtime.settings import Settings
from schemas.events.bookings import BOOKINGS
from schemas.events.usage import TELEMETRY
from services.catalog.sink import check
from tests.integration.moving_hub import (
    Live,
    Servers,
    environment_of,
    fill,
    instrument,
    looked_at,
    revealed,
    silent,
    tomorrow,
)
from tests.waiting import wait_until

pytestmark = pytest.mark.integration


@pytest.fixture
def servers(kafka_bootstrap: str, elasticsearch_url: str, database: str) -> Iterator[Servers]:
    """Servers as if they were new, which they are afterwards too."""
    there = Servers(kafka_bootstrap, elasticsearch_url, database)
    there.wipe()
    yield there
    there.wipe()


MOVER = """
import os, signal, sys
import app.operations.kafka_topics, app.operations.move, psycopg
from hub.log.kafka_eventlog import KafkaEventLog
from app.cli.main import main

def dies(function, at):
    calls = 0
    def counting(*arguments, **named):
        nonlocal calls
        calls += 1
        done = function(*arguments, **named)
        if calls == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return done
    return counting

where = sys.argv.pop(1)
app.operations.kafka_topics.SEND_ENTRIES = 7
if where == "table":
    psycopg.Copy.write_row = dies(psycopg.Copy.write_row, 60)
elif where == "topic":
    KafkaEventLog.append = dies(KafkaEventLog.append, 3)
elif where == "catalogue":
    app.operations.move.check = dies(app.operations.move.check, 1)
sys.exit(main(sys.argv[1:], {}))
"""


class BrokenLog:
    """Kafka's partitions in memory; of the append that it breaks off at, each partition keeps some first entries."""

    def __init__(self, partitions: int, breaks: list[int]) -> None:
        self.kept: list[list[Entry]] = [[] for _ in range(partitions)]
        self._breaks = breaks

    def end_offsets(self, _: str) -> dict[int, int]:
        return {number: len(kept) for number, kept in enumerate(self.kept)}

    def append(self, _: str, entries: list[Entry]) -> None:
        room = {number: self._breaks.pop() for number in range(len(self.kept)) if self._breaks}
        for entry in entries:
            number = partition_of(entry.key, len(self.kept))
            if room.get(number, 1_000) > 0:
                self.kept[number].append(entry)
                room[number] = room.get(number, 1_000) - 1
        if room and min(room.values()) < 900:
            raise OSError("the broker went away")


@given(st.lists(st.integers(0, 40), max_size=200), st.integers(1, 5), st.lists(st.integers(0, 30), max_size=30))
def test_a_topic_is_filled_without_gaps_or_repeats_whatever_arrived_before(
    keys: list[int], partitions: int, breaks: list[int]
) -> None:
    entries = [Entry(b"key-%d" % key, b"%d" % number) for number, key in enumerate(keys)]
    log = BrokenLog(partitions, breaks)
    log.kept[0].append(Entry(b"", b"of an earlier hub"))
    topics, known = Topics(log, ""), list[Series]()  # type: ignore[arg-type]
    for _ in range(50):
        try:
            count = topics.fill("t", lambda: entries, known[-1] if known else None, known.append, lambda *_: None)
            break
        except OSError:
            continue
    assert count == len(entries)
    arrived = [entry for kept in log.kept for entry in kept][1:]
    placed = [
        entry for number in range(partitions) for entry in entries if partition_of(entry.key, partitions) == number
    ]
    assert arrived == placed


def test_equal_rows_have_equal_digests_and_others_have_others() -> None:
    assert digest_rows([("a", 1, None)]) == digest_rows([("a", True, None)])
    unlike: list[list[Row]] = [
        [("ab", "c")],
        [("a", "bc")],
        [("ab",), ("c",)],
        [(b"ab", "c")],
        [("ab", None)],
        [("ab", "c"), ()],
    ]
    assert len({digest_rows(rows) for rows in unlike}) == len(unlike)


def moves(settings: Settings, *words: str, dies: str = "") -> int:
    """`hub move` as a process of its own; its exit code, or minus the signal that ended it."""
    command = [sys.executable, "-c", MOVER, dies, "move", "--data", str(settings.data_dir), "--lang", "en", *words]
    done = subprocess.run(command, env=environment_of(settings), capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode


def events(settings: Settings, topic: str) -> Counter[str]:
    """How often each event is in the topic, by id."""
    with opened(settings) as target:
        found = target.topics.read(topic, {}, target.topics.end_offsets(topic), lambda done, total: None)
        return Counter(dict(entry.headers)["ce_id"].decode() for entry in found)


def test_everything_arrives_once_though_the_move_is_killed_on_the_way(tmp_path: Path, servers: Servers) -> None:
    folder = tmp_path / "hub"
    with Live(Settings(data_dir=folder)) as live:
        known = fill(live)
        before = looked_at(live, known)
    with Live(Settings(data_dir=folder), works=False) as idle:
        waiting = idle.submit("instrument", "owner", [instrument(n, name_zh=f"晚到质谱仪{n}") for n in range(50, 60)])
    settings = servers.settings(folder)

    assert moves(settings, dies="table") == -signal.SIGKILL
    with pytest.raises(Refused, match="add --resume"):
        move(folder, settings, silent)
    assert moves(settings, "--resume", dies="topic") == -signal.SIGKILL
    assert moves(settings, "--resume", dies="catalogue") == -signal.SIGKILL
    assert moves(settings, "--resume") == 0
    assert move(folder, settings, silent, resume=True).already
    with pytest.raises(Refused, match="other data"):
        move(tmp_path / "other", settings, silent, resume=True)

    with closing(Folder(folder)) as source, opened(settings) as target:
        other = [table.name for table in TABLES if source.digest(table) != target.servers.digest(table)]
        assert other == []
    for topic, count in ((RECORDS, 41), (BOOKINGS, 3), (TELEMETRY, 10), (SUBMISSIONS, 0)):
        found = events(settings, topic)
        assert (len(found), found.total()) == (count, count), topic

    with Live(settings) as live:
        wait_until(lambda: looked_at(live, known) == before)
        assert live.states(waiting) == {"searchable": 10}
        assert revealed(live) == {"13800138000"}
        assert check(live.hub.get(RECORD_STORE), live.hub.get(CATALOGUE)).equal
        taken = {"instrument": known["first"], "start": tomorrow(11), "end": tomorrow(12), "purpose": "again"}
        assert live.post_for_status("bookings", taken) == 409
        live.settled(live.submit("instrument", "owner", [instrument(5, 2, name_zh="搬迁之后")]))
        assert [hit["version"] for hit in live.found("搬迁之后")] == [2]
