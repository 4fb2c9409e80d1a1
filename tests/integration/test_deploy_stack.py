"""Servers as child processes, with programs of this test's own in their place: locks, left-overs, ports, the JDK."""

import json
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import pytest

from app.cli.main import main
from app.devstack import hold
from app.devstack import stack as stack_module
from app.devstack.hold import ServerFailed
from app.devstack.process import ServerProcess, lock_of
from app.devstack.stack import Stack, read_layout
from tests.waiting import PATIENCE_SECONDS, wait_until

SLEEP = [sys.executable, "-c", "import time; time.sleep(3600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(3600)",
]
POLITE = """
import signal, sys, time
def end(*_):
    print("asked to end", flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
time.sleep(3600)
"""
OWNER = """
import sys, time
from pathlib import Path
from app.devstack.process import ServerProcess
server = ServerProcess("one", [sys.executable, "-c", sys.argv[2]], Path(sys.argv[1]), {})
server.wait_for(lambda: server.log.read_text() == "ready\\n")
print(server.pid, flush=True)
time.sleep(3600)
"""


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_one_server_at_a_time_runs_on_a_folder(tmp_path: Path) -> None:
    server = ServerProcess("one", SLEEP, tmp_path, {})
    path = lock_of(tmp_path, "one")
    assert hold.is_held(path)
    assert int(path.read_text()) == server.pid
    with pytest.raises(ServerFailed, match="one runs on"):
        ServerProcess("one", SLEEP, tmp_path, {})
    server.kill()
    assert not hold.is_held(path)


def test_what_a_server_prints_goes_to_its_log_and_cannot_stop_it(tmp_path: Path) -> None:
    talks = "import sys; sys.stdout.write('x' * 300_000); sys.stdout.flush(); sys.stderr.write('said')"
    server = ServerProcess("one", [sys.executable, "-c", talks], tmp_path, {})
    with pytest.raises(ServerFailed, match="one ended with 0"):
        server.wait_for(lambda: False, seconds=PATIENCE_SECONDS)
    assert server.log.read_bytes() == b"x" * 300_000 + b"said"


def test_a_long_log_is_put_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.devstack.process.LOG_BYTES", 10)
    (tmp_path / "one.log").write_bytes(b"y" * 11)
    ServerProcess("one", SLEEP, tmp_path, {}).kill()
    assert (tmp_path / "one.log.1").read_bytes() == b"y" * 11
    assert (tmp_path / "one.log").read_bytes() == b""


def test_a_server_ends_with_its_owner_however_that_ends(tmp_path: Path) -> None:
    owner = subprocess.Popen([sys.executable, "-c", OWNER, tmp_path, POLITE], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    pid = int(owner.stdout.readline())
    owner.kill()
    owner.wait()
    wait_until(lambda: gone(pid))
    assert (tmp_path / "one.log").read_text() == "ready\nasked to end\n"
    hold.end_left_over(lock_of(tmp_path, "one"))


def test_a_server_that_outlived_its_keeper_is_ended_and_nothing_else(tmp_path: Path) -> None:
    path = lock_of(tmp_path, "one")
    lock = hold.take(path)
    server = subprocess.Popen(STUBBORN, pass_fds=(lock,), start_new_session=True, stdout=subprocess.PIPE)
    os.close(lock)
    assert server.stdout is not None
    server.stdout.readline()
    hold.note(path, server.pid)
    hold.end_left_over(path, seconds=0.2)
    assert server.wait(PATIENCE_SECONDS) == -signal.SIGKILL

    other = subprocess.Popen(SLEEP)
    hold.note(path, other.pid)
    hold.end_left_over(path, seconds=0.2)
    assert other.poll() is None, "the id of a server that is gone may be another process's by now"
    other.kill()
    other.wait()


@pytest.fixture
def no_servers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> type:
    """The class that stands in the place of every server; `lost` are the ports that another program takes first."""

    class Nothing:
        lost: ClassVar[list[socket.socket]] = []
        taken = False

        def __init__(self, folder: Path, port: int = 0, **_: object) -> None:
            self.port = port

        def start(self) -> None: ...
        def wait(self) -> None:
            if self.taken and not self.lost:
                self.lost.append(listening(self.port))
                raise ServerFailed("the port is taken")

        def stop(self) -> None: ...
        def running(self) -> bool:
            return True

    for name in ("Kafka", "Elasticsearch", "Postgresql"):
        monkeypatch.setattr(stack_module, name, Nothing)
    monkeypatch.setenv("HUB_CACHE", str(tmp_path / "cache"))
    return Nothing


def listening(port: int) -> socket.socket:
    return socket.create_server(("127.0.0.1", port))  # also where connections of an earlier server linger


@pytest.mark.usefixtures("no_servers")
def test_ports_are_kept_while_they_are_free_and_the_number_of_brokers_for_ever(tmp_path: Path) -> None:
    answered: list[str] = []
    stack = Stack(tmp_path, 3)
    first = stack.start(answered.append)
    stack.stop()
    assert answered == ["elasticsearch", "kafka-1", "kafka-2", "kafka-3", "postgresql"]
    assert len({*first.ports}) == 8
    assert read_layout(tmp_path) == first
    with listening(first.elasticsearch):
        second = Stack(tmp_path).start(answered.append)
    assert second.kafka == first.kafka
    assert second.elasticsearch != first.elasticsearch
    with pytest.raises(ServerFailed, match="3 Kafka broker"):
        Stack(tmp_path, 1)


@pytest.mark.usefixtures("no_servers")
def test_stacks_that_start_at_one_moment_choose_different_ports(tmp_path: Path) -> None:
    stacks = [Stack(tmp_path / str(number)) for number in range(8)]
    with ThreadPoolExecutor(len(stacks)) as pool:
        layouts = list(pool.map(lambda stack: stack.start(lambda _: None), stacks))
    assert len({port for layout in layouts for port in layout.ports}) == 8 * 4
    for stack in stacks:
        stack.stop()


def test_a_port_that_another_program_took_first_is_chosen_again(tmp_path: Path, no_servers: Any) -> None:
    no_servers.taken = True
    before = Stack(tmp_path)
    layout = before.start(lambda _: None)
    (program,) = no_servers.lost
    with program:
        assert program.getsockname()[1] not in layout.ports
        assert read_layout(tmp_path) == layout
    before.stop()


def test_what_fails_while_the_ports_are_free_is_not_tried_again(tmp_path: Path, no_servers: Any) -> None:
    def fails(_: object) -> None:
        attempts.append(1)
        raise ServerFailed("no memory")

    attempts: list[int] = []
    no_servers.start = fails
    with pytest.raises(ServerFailed, match="no memory"):
        Stack(tmp_path).start(lambda _: None)
    assert len(attempts) == 1


def test_status_does_not_take_another_server_for_the_folders_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        kept = {"cluster": "c", "kafka": [port], "controllers": [port], "elasticsearch": port, "postgresql": port}
        (tmp_path / "stack.json").write_text(json.dumps(kept))
        assert main(["stack", "status", "--folder", str(tmp_path), "--lang", "en"], {}) == 1
    assert capsys.readouterr().out.count("does not run") == 3


def test_prepare_tells_which_servers_it_cannot_reach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HUB_POSTGRESQL_DSN", "postgresql://hub@127.0.0.1:1/hub")
    assert main(["stack", "prepare", "--data", str(tmp_path), "--lang", "en"], {}) == 3
    assert "A server cannot be reached" in capsys.readouterr().err
