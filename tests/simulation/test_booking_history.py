"""Processes that book one store at once and are killed at random (kill -9): what they were told holds."""

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import orjson
import pytest

from hub.kernel.cloudevents import CloudEvent
from hub.log.sqlite_eventlog import SqliteEventLog
from hub.ports.eventlog import Topic
from schemas.events.bookings import ACTIVE, BOOKINGS, Interval
from services.booking.adapters.sqlite_bookings import SqliteBookings
from services.booking.service import BookingRelay
from tests.history import Operation, violations
from tests.waiting import wait_until

pytestmark = pytest.mark.simulation
ROOT = Path(__file__).resolve().parents[2]
PROCESSES = 3
KILLS = 5
OUTCOMES = {"added", "overlap", "changed"}


class Crowd:
    """The processes of one run."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._seed = seed
        self._started = 0
        self._random = random.Random(seed)
        self.running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def start(self, role: str) -> None:
        name = f"p{self._started}"
        self._started += 1
        command = [sys.executable, "-m", "tests.simulation.booking_client", role, str(self._folder), name]
        self.running.append((role, subprocess.Popen([*command, str(self._seed)], cwd=ROOT)))
        if role == "clients":
            history = self._folder / f"{name}.history"
            wait_until(lambda: history.exists() and history.stat().st_size)

    def kill_one(self) -> None:
        """Kill any of them without warning, and start another in its place."""
        role, process = self.running.pop(self._random.randrange(len(self.running)))
        process.kill()
        process.wait()
        self.start(role)

    def kill_all(self) -> None:
        for _, process in self.running:
            process.kill()
        for _, process in self.running:
            process.wait()

    def seen(self) -> bool:
        """Whether the clients have met each of the outcomes."""
        told = b"".join(path.read_bytes() for path in self._folder.glob("*.history"))
        return all(b'"%b"' % outcome.encode() in told for outcome in OUTCOMES)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_overlaps_and_nothing_acknowledged_is_lost(tmp_path: Path, seed: int) -> None:
    event_log = SqliteEventLog(tmp_path / "log.db")
    event_log.create_topics([Topic(BOOKINGS)])
    run(tmp_path, seed)
    store = SqliteBookings(tmp_path / "bookings.db", "hub")
    history = [operation for path in sorted(tmp_path.glob("*.history")) for operation in operations(path)]
    final = {booking.id: booking.active for booking in store.scan()}
    assert violations(history, final) == []
    outcomes = {operation.outcome for operation in history}
    assert outcomes >= OUTCOMES
    relay = BookingRelay(event_log, store)
    while relay.step(0):
        pass
    assert_told(event_log, {booking.id: booking.version for booking in store.scan()})
    store.close()
    event_log.close()


def run(folder: Path, seed: int) -> None:
    crowd = Crowd(folder, seed)
    pauses = random.Random(-seed)
    try:
        for role in ("relay", *["clients"] * PROCESSES):
            crowd.start(role)
        for _ in range(KILLS):
            time.sleep(0.1 + pauses.random() * 0.2)
            crowd.kill_one()
        wait_until(crowd.seen)
    finally:
        crowd.kill_all()


def operations(path: Path) -> Iterator[Operation]:
    """The operations of one process; those that were not answered before it was killed have no response."""
    asked: dict[tuple[str, int], Operation] = {}
    for kind, name, count, moment, *rest in map(orjson.loads, path.read_bytes().splitlines()):
        if kind == "answer":
            seen = tuple((start, end) for start, end in rest[1])
            yield replace(asked.pop((name, count)), responded=moment, outcome=rest[0], seen=seen)
        else:
            booking, instrument, start, end = rest
            asked[name, count] = Operation(kind, booking, instrument, start, end, moment)
    yield from asked.values()


def assert_told(event_log: SqliteEventLog, versions: dict[str, int]) -> None:
    """Every version of every booking was published, in an order in which no two active ones overlap."""
    consumer = event_log.consumer("checker", [BOOKINGS])
    told: dict[str, int] = {}
    active: dict[str, tuple[str, Interval]] = {}
    while batch := consumer.poll(1_000, 0.0):
        for entry in batch:
            event = CloudEvent.from_delivered(entry)
            booking, _, version = event.id.partition("@")
            if int(version) <= told.get(booking, 0):
                continue
            assert int(version) == told.get(booking, 0) + 1
            told[booking] = int(version)
            said = orjson.loads(event.data)
            active.pop(booking, None)
            if said["status"] in ACTIVE:
                span = Interval(*(datetime.fromisoformat(said[name]) for name in ("start", "end")))
                assert not any(event.subject == where and span.overlaps(taken) for where, taken in active.values())
                active[booking] = (event.subject, span)
    consumer.close()
    assert told == versions
