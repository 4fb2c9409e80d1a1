"""`hub serve` and the counting process beside it."""

import subprocess
from pathlib import Path

import pytest

from app.cli import serve
from hub.runtime.settings import Settings

pytestmark = pytest.mark.unit


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
