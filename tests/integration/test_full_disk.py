"""A disk runs full, under a broker and under an embedded hub: what was acknowledged stays, and it goes on with room."""

import contextlib
import http.client
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka.errors import KafkaError

from app.devstack.kafka import Kafka
from app.devstack.process import is_root
from hub.auth.tokens import operator_token
from hub.kernel.entries import Entry
from hub.log.kafka_eventlog import KafkaEventLog
from hub.ports.eventlog import Topic
from tests.servers import had
from tests.summary import NOT_HAD
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.integration
DISK = "a disk of its own for Kafka"
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


class Program:
    """A client that keeps its connection to a hub."""

    def __init__(self, folder: Path) -> None:
        self._connection = http.client.HTTPConnection((folder / "hub.address").read_text().removeprefix("http://"))
        self._connection.connect()
        self._socket = self._connection.sock
        self._headers = {
            "Authorization": f"Bearer {operator_token(folder)}",
            "Content-Type": "application/json",
            "Accept-Language": "en",
        }

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        self._connection.request(method, path, json.dumps(body), self._headers)
        answer = self._connection.getresponse()
        told = json.loads(answer.read())
        assert self._connection.sock is self._socket, "the connection goes on"
        return answer.status, told

    def submit(self, number: int) -> tuple[int, Any]:
        row = {"_id": f"i-{number}", "name_en": f"Instrument {number}"}
        return self.ask("POST", "/api/v1/submissions/instrument?source=owner", [row])


def fill(folder: Path) -> None:
    with contextlib.suppress(OSError), (folder / "filler").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4_096))


def test_an_embedded_hub_tells_of_a_full_disk_and_goes_on_with_room(small_disk: Path) -> None:
    words = ["up", "--port", "0", "--no-sample", "--lang", "en", "--data", str(small_disk)]
    hub = subprocess.Popen(
        [sys.executable, "-c", "from app.cli.main import run; run()", *words], stdout=subprocess.PIPE, text=True
    )
    try:
        assert hub.stdout is not None
        while "Ctrl-C" not in hub.stdout.readline():
            assert hub.poll() is None
        program = Program(small_disk)
        assert program.submit(0)[0] == 202
        assert program.ask("GET", "/readyz")[0] == 200

        fill(small_disk)
        answers = [program.submit(number) for number in range(1, 40)]
        status, told = next(answer for answer in answers if answer[0] != 202)
        assert (status, told["type"]) == (507, "about:blank#disk-full")
        assert "disk is full" in told["title"]
        wait_until(lambda: program.ask("GET", "/readyz")[0] == 503)
        wait_until(lambda: program.ask("GET", "/readyz")[1]["checks"]["store folder"].get("error") == "disk full")

        (small_disk / "filler").unlink()
        wait_until(lambda: program.ask("GET", "/readyz")[0] == 200)
        assert program.submit(100)[0] == 202
    finally:
        hub.terminate()
        hub.communicate()


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
        got = consumer.poll(5_000, PATIENCE_SECONDS)
        assert got, f"the last batch never came; {len(seen)} entries did"
        seen += [int((entry.value or b"")[:6]) for entry in got]
    assert set(seen) >= {*acknowledged, *again}
    consumer.close()
    log.close()
    node.stop()
