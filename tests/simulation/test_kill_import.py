"""kill -9 at random moments of an import, a hundred seeds: nothing acknowledged is lost, nothing is visible twice."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

SEEDS = 100
PROCESSES = 2


@pytest.mark.timeout(3600)
def test_an_import_survives_being_killed(tmp_path: Path) -> None:
    share = SEEDS // PROCESSES
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.simulation.importing", str(tmp_path), str(number * share), str(share)],
            cwd=Path(__file__).resolve().parents[2],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    told = [process.communicate() for process in running]
    assert [process.returncode for process in running] == [0] * PROCESSES, told
    kills = sum(int(found[1]) for out, _ in told if (found := re.search(r"(\d+) kills", out)))
    assert kills >= SEEDS
