"""How long-running commands end: at any moment, by each signal, and where SIGINT was ignored from the start."""

import errno
import os
import signal
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.waiting import PATIENCE_SECONDS

BEGIN = """
import signal, sys, time, typer
from app.cli.stopping import until_stopped
def wait():
    while True:
        time.sleep(0.1)
"""
WAITS = "print('ready', flush=True); wait()"
HANGS_UP = f"signal.raise_signal(signal.SIGHUP); {WAITS}"
CLEARS = """
    try:
        print('ready', flush=True); wait()
    finally:
        stop.heed()
        signal.raise_signal(signal.SIGTERM)
        print('cleared up', flush=True)
"""
DROPS = """
    class Finalised:
        def __del__(self):
            signal.raise_signal(signal.SIGINT)  # what Python interrupts here it drops
    Finalised()
    stop.check()
    wait()
"""
TESTS = """
import time
try:
    print("ready", flush=True)
    time.sleep(600)
except KeyboardInterrupt:
    print("put away", flush=True)
    raise SystemExit(2)
"""
HUB = "from app.cli.main import run; run()"
AT_EVENT = """
import os, signal, sys
left = [int(sys.argv.pop(1)), sys.argv.pop(1)]
def at(event, _):
    if event == left[1]:
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGTERM)
from app.cli import up
def began(real=up.until_stopped):
    sys.addaudithook(at)
    return real()
up.until_stopped = began
from app.cli.main import run
run()
"""


def started(body: str, *words: str, ignoring: tuple[signal.Signals, ...] = ()) -> "subprocess.Popen[str]":
    """A program that begins with these signals ignored, as what a shell starts with `&`, or nohup, does, and no others.

    Those that this test run was started with ignored, it would inherit.
    """
    ignored = "signal.signal(signal.SIGHUP, signal.SIG_DFL);"
    ignored += "".join(f"signal.signal({number.value}, signal.SIG_IGN);" for number in ignoring)
    within = f"import os, signal, sys; {ignored} os.execv(sys.executable, [sys.executable, '-c', *sys.argv[1:]])"
    return subprocess.Popen(
        [sys.executable, "-c", within, body, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def run_until_stopped(body: str, by: signal.Signals | None, *ignoring: signal.Signals) -> tuple[int, str]:
    """The exit code, 9 where the block is left by anything but typer's, and what was printed; `by` comes at `ready`."""
    program = f"""{BEGIN}
try:
  with until_stopped() as stop:
{textwrap.indent(textwrap.dedent(body), "    ")}
except typer.Exit as end:
  sys.exit(end.exit_code)
sys.exit(9)
"""
    process = started(program, ignoring=ignoring)
    assert process.stdout is not None
    begin = process.stdout.readline()
    if by:
        process.send_signal(by)
    rest, _ = process.communicate(timeout=PATIENCE_SECONDS)
    return process.returncode, begin + rest


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_signal_ends_the_command_well(by: signal.Signals) -> None:
    assert run_until_stopped(WAITS, by) == (0, "ready\n")


def test_an_interrupt_counts_where_it_was_ignored_from_the_start() -> None:
    assert run_until_stopped(WAITS, signal.SIGINT, signal.SIGINT) == (0, "ready\n")


def test_the_end_of_the_terminal_does_not_count_where_nohup_ignores_it() -> None:
    assert run_until_stopped(HANGS_UP, None) == (0, "")
    assert run_until_stopped(HANGS_UP, signal.SIGTERM, signal.SIGHUP) == (0, "ready\n")


def test_a_second_signal_does_not_break_off_the_clearing_up() -> None:
    assert run_until_stopped(CLEARS, signal.SIGINT) == (0, "ready\ncleared up\n")


def test_an_interrupt_that_python_drops_is_remembered() -> None:
    assert run_until_stopped(DROPS, None)[0] == 0


@pytest.mark.parametrize(
    ("event", "number"), [("import", 1), ("open", 8), ("sqlite3.connect", 1), ("sqlite3.connect", 8)]
)
def test_the_hub_stops_at_any_moment_of_its_start(event: str, number: int, tmp_path: Path) -> None:
    words = [str(number), event, "up", "--port", "0", "--no-sample", "--data", str(tmp_path / "hub"), "--lang", "en"]
    process = started(AT_EVENT, *words)
    output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, output
    assert not (tmp_path / "hub" / "hub.address").exists()


def test_the_hub_stops_by_an_interrupt_that_was_ignored_from_the_start(tmp_path: Path) -> None:
    process = started(HUB, "up", "--port", "0", "--no-sample", "--data", str(tmp_path), ignoring=(signal.SIGINT,))
    assert process.stdout is not None
    while "Ctrl-C" not in process.stdout.readline():
        assert process.poll() is None
    os.kill(process.pid, signal.SIGINT)
    process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0


def test_a_kill_of_the_command_that_installs_and_runs_leaves_nothing_on_the_port(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HUB, "up", "--port", "0", "--no-sample", "--lang", "en", "--data", str(tmp_path)]
    process = started(f"import run; run.run({command!r})")
    assert process.stdout is not None
    while "Ctrl-C" not in process.stdout.readline():
        assert process.poll() is None
    port = int((tmp_path / "hub.address").read_text().rpartition(":")[2])
    process.terminate()
    assert process.wait(PATIENCE_SECONDS) == 0
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED


def test_a_kill_of_a_test_run_lets_the_tests_put_away_what_they_started() -> None:
    tests = [sys.executable, "-c", TESTS]
    runner = f"import os; from tests import run; raise SystemExit(run.run_until_stopped({tests!r}, os.environ))"
    process = started(runner, ignoring=(signal.SIGINT,))
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.terminate()
    rest, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, rest) == (2, "put away\n")
