"""The broker's disk runs full under a producer: what was acknowledged stays, and it goes on once there is room."""

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka.errors import KafkaError

from app.devstack.kafka import Kafka
from app.devstack.process import is_root
from hub.kernel.entries import Entry
from hub.log.kafka_eventlog import KafkaEventLog
from hub.ports.eventlog import Topic
from tests.servers import NOT_HAD, had

pytestmark = pytest.mark.integration
DISK = "a disk of its own for Kafka"
PATIENCE = 30.0
SMALL, ENOUGH = "48m", "256m"


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system in memory that holds little; it needs the right to mount."""
    folder = Path(tempfile.mkdtemp(prefix="hub-full-"))
    options = ["mount", "-t", "tmpfs", "-o", f"size={SMALL},mode=0755", "tmpfs", str(folder)]
    if not is_root() or subprocess.run(options, check=False, capture_output=True).returncode:
        NOT_HAD[DISK] = "mounting a file system is not allowed here"
        pytest.skip(NOT_HAD[DISK])
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
    folder.rmdir()


def batch(number: int) -> list[Entry]:
    return [Entry(f"key-{i}".encode(), f"{number:06}.{i}".encode() + bytes(8_000)) for i in range(50)]


def appended(log: KafkaEventLog, number: int) -> None:
    """Try again as a worker does; the log must come back by itself."""
    for _ in range(6):
        try:
            log.append("filling", batch(number))
        except KafkaError:
            continue
        return
    pytest.fail("the log did not come back")


def test_nothing_acknowledged_is_lost_when_the_disk_is_full(small_disk: Path) -> None:
    def started() -> Kafka:
        node = Kafka(small_disk / "kafka")
        node.start()
        node.wait()
        return node

    node = had("Kafka", started)
    log = KafkaEventLog(node.bootstrap, delivery_seconds=10.0)
    log.create_topics([Topic("filling")])
    acknowledged, refused = [], None
    for number in range(2_000):
        try:
            log.append("filling", batch(number))
        except KafkaError as error:
            refused = error
            break
        acknowledged.append(number)
    assert refused is not None, "the disk never ran full"
    assert acknowledged
    if node.running():
        node.kill()
    subprocess.run(["mount", "-o", f"remount,size={ENOUGH}", str(small_disk)], check=True)
    node.start()
    node.wait()
    again = range(len(acknowledged), len(acknowledged) + 3)
    for number in again:
        appended(log, number)
    consumer = log.consumer("reader", ["filling"])
    seen: list[int] = []
    while not seen or seen[-1] < again[-1]:
        got = consumer.poll(5_000, PATIENCE)
        assert got, f"the last batch never came; {len(seen)} entries did"
        seen += [int((entry.value or b"")[:6]) for entry in got]
    assert set(seen) >= {*acknowledged, *again}
    consumer.close()
    log.close()
    node.stop()
