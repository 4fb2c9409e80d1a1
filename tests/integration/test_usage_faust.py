"""The real Faust worker on a real Kafka: killed twice, once with the loss of its disk, it counts every event once."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest

from hub.kernel.cloudevents import CloudEvent
from hub.kernel.entries import Delivered, Entry
from hub.kernel.records import RECORD_CHANGED, RECORDS, Record
from hub.log.kafka_eventlog import KafkaEventLog
from schemas.events.bookings import BOOKING_CHANGED, BOOKINGS, Booking
from schemas.events.usage import RUN_RECORDED, TELEMETRY, USAGE, MonthUsage, Run
from schemas.topics import topics
from services.usage.core.facts import SOURCES, Fact, Malformed, decoded
from services.usage.faust_app import APP_ID
from tests.unit.usage_oracle import Rows, expected
from tests.waiting import wait_until

pytestmark = pytest.mark.integration
START = datetime(2026, 2, 27, tzinfo=UTC)
PLACE = {"place": {"division": "330825"}, "owner": {"uscc": "12100000470095016Q"}}
Sent = tuple[str, Entry]


class Worker:
    """`python -m services.usage` as a child process."""

    def __init__(self, bootstrap: str, folder: Path) -> None:
        self.folder = folder
        environment = {**os.environ, "HUB_KAFKA_BOOTSTRAP": bootstrap, "HUB_DATA_DIR": str(folder)}
        folder.mkdir(exist_ok=True)
        with (folder / "worker.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "services.usage"], env=environment, stdout=log, stderr=log
            )

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def running(self) -> bool:
        return self._process.poll() is None


class Reader:
    """What the usage topic says of this test's instruments."""

    def __init__(self, log: KafkaEventLog, instruments: Sequence[str]) -> None:
        self._consumer = log.consumer(f"test-{uuid4().hex}", [USAGE])
        self._instruments = instruments
        self._rows = Rows()
        self.seen = 0

    def read(self) -> dict[str, MonthUsage]:
        for entry in self._consumer.poll(5_000, 0.2):
            row = MonthUsage.from_bytes(CloudEvent.from_delivered(entry).data)
            if row.instrument_id in self._instruments:
                self.seen += 1
                self._rows.put(row)
        return self._rows.told()

    def waits_for(self, wanted: dict[str, MonthUsage], worker: Worker) -> None:
        wait_until(lambda: self.read() == wanted or not worker.running())
        assert self.read() == wanted, (worker.folder / "worker.log").read_text()[-3_000:]

    def close(self) -> None:
        self._consumer.close()


@pytest.fixture
def log(kafka_bootstrap: str) -> Iterator[KafkaEventLog]:
    log = KafkaEventLog(kafka_bootstrap)
    log.create_topics(topics(4))
    yield log
    log.close()


def event(topic: str, kind: str, key: str, event_id: str, data: bytes) -> Sent:
    return topic, CloudEvent(event_id, "hub.test", kind, key, "2026-03-01T00:00:00Z", data).as_entry()


def runs(instrument: str, random: Random, count: int) -> Iterator[Sent]:
    """Runs of whole hours over some seven weeks, some of them corrected, some of them sent twice."""
    for number in range(count):
        first = START + timedelta(hours=random.randrange(50 * 24))
        one = Run(instrument, first, first + timedelta(hours=random.randint(1, 9)), "internal")
        one = replace(one, user_kind=random.choice(["internal", "external"]))
        moved = replace(one, started_at=one.started_at + timedelta(days=20), ended_at=one.ended_at + timedelta(days=20))
        versions = [one, replace(moved, version=2)] if number % 7 == 0 else [one]
        for said in versions * random.choice([1, 1, 2]):
            yield event(TELEMETRY, RUN_RECORDED, instrument, f"run-{number}", said.to_bytes())


def bookings(instrument: str, random: Random, count: int) -> Iterator[Sent]:
    for number in range(count):
        first = START + timedelta(hours=random.randrange(50 * 24))
        until = first + timedelta(hours=2)
        for version, status in ((1, "requested"), (2, random.choice(["confirmed", "confirmed", "declined"]))):
            booking = Booking(
                f"b{number}-{instrument}", instrument, first, until, "Asia/Shanghai", status, "", "li", "", "", version,  # type: ignore[arg-type]
            )  # fmt: skip
            yield event(BOOKINGS, BOOKING_CHANGED, instrument, f"b{number}@{version}", booking.event_data())


def records(instrument: str) -> Iterator[Sent]:
    for version, zone in ((1, "UTC"), (2, "Asia/Shanghai")):
        record = Record(instrument, "instrument", version, "active", "", "", PLACE | {"time_zone": zone}, {}, ())
        yield event(RECORDS, RECORD_CHANGED, instrument, f"v{version}", record.to_bytes())


def append(log: KafkaEventLog, sent: Sequence[Sent]) -> None:
    for topic in (RECORDS, TELEMETRY, BOOKINGS):
        log.append(topic, [entry for name, entry in sent if name == topic])


def all_is_committed(log: KafkaEventLog) -> None:
    """The worker has nothing left to repeat."""
    group = log.consumer(APP_ID, SOURCES)
    wait_until(lambda: group.lag() == 0)
    group.close()


def wanted(sent: Sequence[Sent]) -> dict[str, MonthUsage]:
    read = (decoded(Delivered(topic, 0, 0, entry.key, entry.value, entry.headers)) for topic, entry in sent)
    facts: list[Fact] = [one for one in read if one is not None and not isinstance(one, Malformed)]
    return expected(facts)


def test_late_repeated_and_disordered_events_count_once_through_kill_9(
    log: KafkaEventLog, kafka_bootstrap: str, tmp_path: Path
) -> None:
    random, instruments = Random(7), [f"instrument-{uuid4().hex[:20]}" for _ in range(6)]
    sent = [
        one
        for instrument in instruments
        for part in (runs(instrument, random, 80), bookings(instrument, random, 20), records(instrument))
        for one in part
    ]
    random.shuffle(sent)
    malformed = event(TELEMETRY, RUN_RECORDED, instruments[0], "bad", b'{"user_kind": "guest"}')
    first, second, last = [malformed, *sent[:600]], sent[600:-40], sent[-40:]
    reader = Reader(log, instruments)
    append(log, first)
    worker = Worker(kafka_bootstrap, tmp_path / "one")
    try:
        wait_until(lambda: (reader.read() and reader.seen >= 200) or not worker.running())
        worker.kill()
        assert reader.seen >= 200, (tmp_path / "one/worker.log").read_text()[-3_000:]

        append(log, second + first[::3])
        worker = Worker(kafka_bootstrap, tmp_path / "one")
        reader.waits_for(wanted(first + second), worker)
        worker.kill()

        shutil.rmtree(tmp_path / "one")  # the disk is gone: the tables come back from their changelog
        append(log, second[::5] + last + last)
        worker = Worker(kafka_bootstrap, tmp_path / "two")
        reader.waits_for(wanted(sent), worker)
        all_is_committed(log)
        reader.waits_for(wanted(sent), worker)
    finally:
        worker.kill()
        reader.close()
    letters = log.consumer(f"test-{uuid4().hex}", ["telemetry.dead-letters"])
    codes: set[bytes] = set()

    def is_told() -> bool:
        found = [letter for letter in letters.poll(1_000, 0.2) if letter.key == instruments[0].encode()]
        codes.update(dict(letter.headers)["reason_code"] for letter in found)
        return bool(codes)

    wait_until(is_told)
    letters.close()
    assert codes == {b"bad-data"}
