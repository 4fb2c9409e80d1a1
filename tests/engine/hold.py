"""An engine for a whole run of the tests, prepared by a process beside them and ended with them, however they end."""

import os
import subprocess
import sys
import threading
from types import TracebackType

ENGINE, SERVERS, ALL, FAILED = "engine", "servers", "all", "failed"
"""How far the process beside has come, a line each: the engine's address follows the first, those of the servers that
the tests share and what their images are the second, a reason the last.
"""
SHARE = "shared"
"""What the process beside is told where it is to start servers for all tests."""
SHARED = "HUB_TESTS_SERVERS"
"""Where tests find the second step's detail as it is, a JSON object by the servers' names."""
_TOLD_IN = {ENGINE: "DOCKER_HOST", SERVERS: SHARED}


class HeldEngine:
    """`python -m tests.engine hold` for the time of a block; with `shares` there are servers that all tests share."""

    def __init__(self, *, shares: bool = False) -> None:
        command = [sys.executable, "-m", "tests.engine", "hold", *([SHARE] if shares else [])]
        # In a group of its own: Ctrl-C reaches the tests alone, and the engine ends when they have.
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        self._found: dict[str, str] = {}
        self._steps = {step: threading.Event() for step in (ENGINE, SERVERS, ALL)}
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> "HeldEngine":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait()

    def environment(self, step: str) -> dict[str, str]:
        """How tests find the engine, once it has come that far; as they are where it cannot be had."""
        self._steps[step].wait()
        return {**os.environ, **self._found}

    def _listen(self) -> None:
        for line in self._process.stdout or ():
            step, _, detail = line.rstrip("\n").partition(" ")
            if detail and step in _TOLD_IN:
                self._found[_TOLD_IN[step]] = detail
            if step in self._steps:
                self._steps[step].set()
        for event in self._steps.values():
            event.set()
