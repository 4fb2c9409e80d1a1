"""One server process: its life, its log, and how it is waited for."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

READY_SECONDS = 120.0
NOBODY = "nobody"


class ServerFailed(RuntimeError):
    """The server ended, or did not answer in time; the message has the end of its log."""


class ServerProcess:
    """A server that ends with this process, however this process ends."""

    def __init__(
        self, name: str, command: Sequence[str], folder: Path, environment: Mapping[str, str], cwd: Path | None = None
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        with self.log.open("ab") as log:
            self._keeper = subprocess.Popen(
                [sys.executable, "-m", "hub.stack.keeper", *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=cwd or folder,
                env={**os.environ, **environment, "PYTHONPATH": os.pathsep.join(sys.path)},
                start_new_session=True,
            )
        line = self._keeper.stdout.readline() if self._keeper.stdout else b""
        if not line.strip():
            raise ServerFailed(f"{name} could not be started: {self._tail()}")
        self.pid = int(line)

    def wait_for(self, answers: Callable[[], bool], seconds: float = READY_SECONDS) -> None:
        """Return when the server answers; raise ServerFailed where it ends first or takes too long."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._keeper.poll() is not None:
                raise ServerFailed(f"{self.name} ended with {self._keeper.returncode}: {self._tail()}")
            if answers():
                return
            time.sleep(0.1)
        raise ServerFailed(f"{self.name} did not answer within {seconds:.0f} s: {self._tail()}")

    def running(self) -> bool:
        return self._keeper.poll() is None

    def stop(self, seconds: float = 30.0) -> None:
        """Ask the server to end, and see that it does."""
        if self._keeper.stdin and not self._keeper.stdin.closed:
            self._keeper.stdin.close()
        try:
            self._keeper.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """kill -9 the server and its children, as a crash would."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._keeper.wait(10.0)
        if self._keeper.stdin and not self._keeper.stdin.closed:
            self._keeper.stdin.close()

    def _tail(self) -> str:
        return self.log.read_bytes()[-2_000:].decode(errors="replace") if self.log.exists() else ""


def free_port() -> int:
    """A port of the loopback interface that is free just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def accepts(port: int) -> bool:
    """Whether somebody listens on that port of the loopback interface."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def unprivileged(folder: Path) -> list[str]:
    """The words that start a command as a user that is not root, to whom the folder is given.

    Elasticsearch and PostgreSQL refuse to run as root. Empty where this process is not root.
    """
    if not is_root():
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise ServerFailed("running as root needs setpriv (util-linux) to start servers as another user")
    user = pwd.getpwnam(NOBODY)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
    return [setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
