"""`hub stack up` on the real servers: killed without a word, started again on the same data, stopped in order."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import httpx
import orjson
import pytest

from app.devstack import hold
from app.devstack.kafka import cluster_id
from app.devstack.ports import free_port
from app.devstack.stack import LAYOUT_FILE, Layout, fetch
from tests.servers import had
from tests.summary import RAN_ON
from tests.waiting import PATIENCE_SECONDS, wait_until

COMMAND = [sys.executable, "-c", "from app.cli.main import run; run()", "stack", "up", "--lang", "en", "--folder"]
IGNORING = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
"""Runs a command as a shell without job control runs it with `&`, and a test run that was started so all of its own."""
AT_EVENT = """
import os, signal, sys
left, event = int(sys.argv.pop(1)), sys.argv.pop(1)
def at(name, _):
    global left
    left -= name == event
    if name == event and not left:
        os.kill(os.getpid(), signal.SIGTERM)
from app.devstack.stack import Stack
def start(self, on_step, real=Stack.start):
    sys.addaudithook(at)
    return real(self, on_step)
Stack.start = start
from app.cli.main import run
run()
"""
"""The command, which is asked to end at the n-th event of that name while the servers start."""


class Started:
    """The command as a process, once it has told its environment."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", IGNORING, *COMMAND, str(folder)],
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

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


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
    """By the name of each server that was started; a start that breaks off may not have come to note one."""
    return {path.stem: int(pid) for path in folder.glob("*/*.lock") if (pid := path.read_text())}


def wait_until_gone(folder: Path) -> None:
    wait_until(lambda: not any(map(hold.is_held, folder.glob("*/*.lock"))))
    for pid in pids(folder).values():
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.timeout(1800)  # two starts of three servers, each of which is waited for up to two minutes
def test_servers_die_with_the_command_and_come_back_with_their_data(folder: Path) -> None:
    had("hub stack", fetched)
    import psycopg
    from kafka import KafkaConsumer, KafkaProducer

    first = Started(folder)
    try:
        assert set(pids(folder)) == {"kafka", "elasticsearch", "postgresql"}
        assert (folder / "stack.env").read_text() == "".join(f"{a}={b}\n" for a, b in first.environment.items())
        with contextlib.closing(KafkaProducer(bootstrap_servers=first.environment["HUB_KAFKA_BOOTSTRAP"])) as producer:
            producer.send("submissions", b"kept").get(timeout=PATIENCE_SECONDS)
        index = f"{first.environment['HUB_ELASTICSEARCH_URL']}/kept/_doc/1"
        assert httpx.put(index, json={"kept": True}, timeout=PATIENCE_SECONDS).status_code == 201
        with psycopg.connect(first.environment["HUB_POSTGRESQL_DSN"]) as sql:
            sql.execute("CREATE TABLE kept AS SELECT 1 AS kept")
            assert sql.execute("SELECT count(*) FROM hub_migrations").fetchone() == (1,)
    finally:
        first.kill()
    wait_until_gone(folder)

    second = Started(folder)
    try:
        assert second.environment == first.environment
        with psycopg.connect(second.environment["HUB_POSTGRESQL_DSN"]) as sql:
            assert sql.execute("SELECT kept FROM kept").fetchone() == (1,)
        found = httpx.get(index, timeout=PATIENCE_SECONDS)
        assert found.json().get("_source") == {"kept": True}, found.text
        consumer = KafkaConsumer(
            "submissions",
            bootstrap_servers=second.environment["HUB_KAFKA_BOOTSTRAP"],
            auto_offset_reset="earliest",
            consumer_timeout_ms=int(PATIENCE_SECONDS * 1_000),
        )
        with contextlib.closing(consumer):
            assert next(consumer).value == b"kept"
            assert len(consumer.partitions_for_topic("submissions")) == 6
        second.process.send_signal(signal.SIGINT)
        rest, _ = second.process.communicate(timeout=PATIENCE_SECONDS)
    finally:
        second.kill()
    assert second.process.returncode == 0, rest
    assert "Traceback" not in second.told + rest
    assert not (folder / "stack.env").exists()
    assert not any(map(hold.is_held, folder.glob("*/*.lock"))), "the command ends after its servers"
    RAN_ON["hub stack"] = "child processes"


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("event", "number"), [("subprocess.Popen", 1), ("subprocess.Popen", 5), ("socket.connect", 6)])
def test_it_stops_at_any_moment_of_a_start_and_starts_again(event: str, number: int, folder: Path) -> None:
    had("hub stack", fetched)
    words = [sys.executable, "-c", AT_EVENT, str(number), event, *COMMAND[3:], str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "Stopping" in done.stdout
    wait_until_gone(folder)
    again = Started(folder)
    again.process.terminate()
    rest, _ = again.process.communicate(timeout=PATIENCE_SECONDS)
    assert again.process.returncode == 0, rest
