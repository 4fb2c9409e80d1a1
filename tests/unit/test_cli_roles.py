"""`hub serve` and the counting process beside it."""

import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.cli import serve
from app.cli.serve import end_with
from hub.runtime.settings import Settings

pytestmark = pytest.mark.unit


def until(true: Any) -> bool:
    deadline = time.monotonic() + 5.0
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)
    return bool(true())


@pytest.mark.parametrize("stopped_before", [False, True])
def test_the_server_ends_with_the_counting_process_unless_it_was_stopped_first(stopped_before: bool) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    server = SimpleNamespace(should_exit=stopped_before)
    ended = end_with(process, cast(Any, server))
    assert not ended.is_set()
    process.communicate(b"\n")
    assert until(lambda: server.should_exit)
    assert ended.wait(0.0 if stopped_before else 5.0) is not stopped_before


def test_the_counting_process_works_in_the_folder_of_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[dict[str, str]] = []

    class Process:
        def __init__(self, _: list[str], env: dict[str, str]) -> None:
            begun.append(env)

        def terminate(self) -> None: ...
        def wait(self, _: float) -> None: ...

    monkeypatch.setattr(subprocess, "Popen", Process)
    with serve._counting(Settings(profile="real", data_dir=tmp_path), True):
        assert begun[0]["HUB_DATA_DIR"] == str(tmp_path)
    with serve._counting(Settings(profile="real"), False) as none:
        assert none is None
    assert len(begun) == 1
