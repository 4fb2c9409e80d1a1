"""`hub up` as a process of its own, for tests that meet the hub from outside."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from tests.waiting import PATIENCE_SECONDS


class Started:
    """`hub up` as a process, and what it has printed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        command = [sys.executable, "-c", "from app.cli.main import run; run()"]
        self.process = subprocess.Popen(
            [*command, "up", "--port", "0", "--data", str(folder), "--lang", "en"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self.lines: list[str] = []

    def read_until(self, words: str) -> str:
        """The line with these words; a hub that never says them is killed."""
        assert self.process.stdout is not None
        impatience = threading.Timer(PATIENCE_SECONDS, self.process.kill)
        impatience.start()
        try:
            for line in self.process.stdout:
                self.lines.append(line)
                if words in line:
                    return line
        finally:
            impatience.cancel()
        raise AssertionError("".join(self.lines))

    def stop(self, by: signal.Signals) -> int:
        self.process.send_signal(by)
        rest, _ = self.process.communicate(timeout=PATIENCE_SECONDS)
        self.lines.append(rest)
        return self.process.returncode
