"""The command line where it meets processes and ports: the folder's lock, taken ports, the counting process."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.cli import environment
from app.cli.main import main
from app.cli.serve import end_with
from hub.auth.tokens import AccessFile
from hub.runtime.lock import Busy, FolderLock, is_busy
from tests.waiting import PATIENCE_SECONDS, wait_until


def test_no_hub_is_told_as_such(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        assert main(["search", "x", "--url", url, "--data", str(tmp_path), "--lang", "en"], {}) == 3
    assert f"No hub answers at {url}" in capsys.readouterr().err


def test_a_folder_has_one_process_at_a_time(tmp_path: Path) -> None:
    hold = (
        "import sys, pathlib; from hub.runtime.lock import FolderLock; lock = FolderLock(pathlib.Path(sys.argv[1])); "
    )
    hold += "print('held', flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", hold, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    assert is_busy(tmp_path)
    with pytest.raises(Busy):
        FolderLock(tmp_path)
    process.kill()
    process.communicate()
    with FolderLock(tmp_path):
        assert is_busy(tmp_path)
    assert not is_busy(tmp_path)
    assert not is_busy(tmp_path / "absent")
    assert not (tmp_path / "absent").exists()


def test_a_taken_port_is_not_shared() -> None:
    with environment.listening("127.0.0.1", 0) as first, pytest.raises(OSError, match="in use"):
        environment.listening("127.0.0.1", first.getsockname()[1])


def test_the_doctor_finds_open_keys_a_clock_gone_back_and_a_taken_port(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    AccessFile(tmp_path)
    with environment.listening("127.0.0.1", 0) as taken:
        port = str(taken.getsockname()[1])
        (tmp_path / "operator.token").chmod(0o644)
        os.utime(tmp_path / "access.json", (4e9, 4e9))
        code = _doctor(tmp_path, port)
    told = capsys.readouterr().out
    assert code == 1
    assert "✗ mode of operator.token is 0644" in told
    assert "✗ the clock is" in told
    assert f"port 127.0.0.1:{port} is taken" in told.replace("\n", "")
    assert "✓ mode of access.json is 0600" in told


def test_the_doctor_is_content_with_a_folder_yet_to_be_made(tmp_path: Path) -> None:
    with environment.listening("127.0.0.1", 0) as free:
        port = str(free.getsockname()[1])
    assert _doctor(tmp_path / "new", port) == 0
    assert not (tmp_path / "new").exists()


def _doctor(folder: Path, port: str) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUB_PORT", port)
        return main(["doctor", "--data", str(folder), "--lang", "en"], {})


@pytest.mark.parametrize("stopped_before", [False, True])
def test_the_server_ends_with_the_counting_process_unless_it_was_stopped_first(stopped_before: bool) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    server = SimpleNamespace(should_exit=stopped_before)
    ended = end_with(process, cast(Any, server))
    assert not ended.is_set()
    process.communicate(b"\n")
    wait_until(lambda: server.should_exit)
    assert ended.wait(0.0 if stopped_before else PATIENCE_SECONDS) is not stopped_before
