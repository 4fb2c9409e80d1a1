"""One server process: its life, its log, and how it is waited for."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from app.devstack import hold
from app.devstack.hold import ServerFailed

READY_SECONDS = 600.0
"""A server that ends is told of at once; one that runs may be long in coming on a machine that is busy."""
LOG_BYTES = 16 * 2**20
"""Of a server's log; a larger one is put aside at the next start, in the place of the one before."""
NOBODY = "nobody"


class ServerProcess:
    """A server that ends with this process, however this process ends. One at a time runs on a folder."""

    def __init__(
        self, name: str, command: Sequence[str], folder: Path, environment: Mapping[str, str], cwd: Path | None = None
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        path = lock_of(folder, name)
        lock = hold.take(path)
        try:
            self._keeper = self._kept(command, lock, cwd or folder, environment)
        finally:
            os.close(lock)
        line = self._keeper.stdout.readline() if self._keeper.stdout else b""
        if not line.strip():
            raise ServerFailed(f"{name} could not be started: {self._tail()}")
        self.pid = int(line)
        hold.note(path, self.pid)

    def _kept(
        self, command: Sequence[str], lock: int, cwd: Path, environment: Mapping[str, str]
    ) -> "subprocess.Popen[bytes]":
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "app.devstack.keeper", *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=cwd,
                env={**os.environ, **environment, "PYTHONPATH": os.pathsep.join(sys.path)},
                start_new_session=True,
                pass_fds=(lock,),
            )

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


class Supervised:
    """What the servers have in common: one process at a time, which `start` of the server sets as `_process`."""

    name = "server"

    def __init__(self) -> None:
        self._process: ServerProcess | None = None

    @property
    def pid(self) -> int:
        return self._running().pid

    def stop(self) -> None:
        """End the server, where it has been started; its data stay."""
        if self._process:
            self._process.stop()

    def kill(self) -> None:
        """kill -9 the server and its children."""
        self._running().kill()

    def running(self) -> bool:
        """Whether the server has been started and has not ended."""
        return self._process is not None and self._process.running()

    def _running(self) -> ServerProcess:
        if self._process is None:
            raise ServerFailed(f"{self.name} has not been started")
        return self._process


def lock_of(folder: Path, name: str) -> Path:
    """The file whose lock the server of that name holds while it runs on the folder."""
    return folder / f"{name}.lock"


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
    if closed := next((path for path in folder.absolute().parents if not path.stat().st_mode & 0o001), None):
        raise ServerFailed(f"{NOBODY}, as whom servers run where root starts them, may not enter {closed}")
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
    return [setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
