"""`hub stack up` on the real servers: killed without a word, started again on the same data, stopped in order."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import httpx
import orjson
import pytest

from app.devstack import hold
from app.devstack.kafka import cluster_id
from app.devstack.process import free_port
from app.devstack.stack import LAYOUT_FILE, Layout, fetch
from tests.servers import RAN_ON, had

GONE_SECONDS = 15.0
STOP_SECONDS = 40.0
COMMAND = [sys.executable, "-c", "from app.cli.main import run; run()", "stack", "up", "--lang", "en", "--folder"]


class Started:
    """The command as a process, once it has told its environment."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, str(folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self.environment: dict[str, str] = {}
        self.told = ""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.told += line
            if setting := re.fullmatch(r"\s+(HUB_\w+)=(\S+)\n", line):
                self.environment[setting[1]] = setting[2]
            if "Ctrl-C" in line:
                return
        raise AssertionError(self.told)


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that the servers' own user can reach, which pytest's private ones are not."""
    made = Path(tempfile.mkdtemp(prefix="hub-stack-"))
    made.chmod(0o755)
    # Ports of its own, for the usual ones may be those of a stack that somebody works with.
    layout = Layout(cluster_id(), (free_port(),), (free_port(),), free_port(), free_port())
    (made / LAYOUT_FILE).write_bytes(orjson.dumps(asdict(layout)))
    yield made
    shutil.rmtree(made, ignore_errors=True)


def fetched() -> bool:
    fetch()
    return True


def pids(folder: Path) -> dict[str, int]:
    return {path.stem: int(path.read_text()) for path in folder.glob("*/*.lock")}


def wait_until_gone(folder: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while any(map(hold.is_held, folder.glob("*/*.lock"))):
        assert time.monotonic() < deadline, "the servers still run"
        time.sleep(0.05)
    for pid in pids(folder).values():
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.timeout(900)  # two starts of three servers, each of which is waited for up to two minutes
def test_servers_die_with_the_command_and_come_back_with_their_data(folder: Path) -> None:
    had("hub stack", fetched)
    import psycopg
    from kafka import KafkaConsumer, KafkaProducer

    first = Started(folder)
    try:
        assert set(pids(folder)) == {"kafka", "elasticsearch", "postgresql"}
        assert (folder / "stack.env").read_text() == "".join(f"{a}={b}\n" for a, b in first.environment.items())
        with contextlib.closing(KafkaProducer(bootstrap_servers=first.environment["HUB_KAFKA_BOOTSTRAP"])) as producer:
            producer.send("submissions", b"kept").get(timeout=20)
        index = f"{first.environment['HUB_ELASTICSEARCH_URL']}/kept/_doc/1"
        assert httpx.put(index, json={"kept": True}, timeout=60.0).status_code == 201
        with psycopg.connect(first.environment["HUB_POSTGRESQL_DSN"]) as sql:
            sql.execute("CREATE TABLE kept AS SELECT 1 AS kept")
            assert sql.execute("SELECT count(*) FROM hub_migrations").fetchone() == (1,)
    finally:
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
    wait_until_gone(folder, GONE_SECONDS)

    second = Started(folder)
    try:
        assert second.environment == first.environment
        with psycopg.connect(second.environment["HUB_POSTGRESQL_DSN"]) as sql:
            assert sql.execute("SELECT kept FROM kept").fetchone() == (1,)
        found = httpx.get(index, timeout=60.0)
        assert found.json().get("_source") == {"kept": True}, found.text
        consumer = KafkaConsumer(
            "submissions",
            bootstrap_servers=second.environment["HUB_KAFKA_BOOTSTRAP"],
            auto_offset_reset="earliest",
            consumer_timeout_ms=20_000,
        )
        with contextlib.closing(consumer):
            assert next(consumer).value == b"kept"
            assert len(consumer.partitions_for_topic("submissions")) == 6
    finally:
        second.process.send_signal(signal.SIGINT)
        rest, _ = second.process.communicate(timeout=STOP_SECONDS)
    assert second.process.returncode == 0, rest
    assert "Traceback" not in second.told + rest
    assert not (folder / "stack.env").exists()
    wait_until_gone(folder, 1.0)
    RAN_ON["hub stack"] = "child processes"
