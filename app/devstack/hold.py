"""Who runs on a server's folder: a lock that the server itself holds, so that it ends with it, however that comes.

A file with a process id may outlive its process, and the id may by then be another's. A lock of the system (flock) that
the server inherits is released when the last of its processes is gone, and not before.
"""

import contextlib
import fcntl
import os
import signal
import time
from pathlib import Path


class ServerFailed(RuntimeError):
    """The server ended, or did not answer in time; the message has the end of its log."""


class JdkMissing(ServerFailed):
    """There is no JDK on this machine that Elasticsearch could run on."""


LEFT_OVER_SECONDS = 15.0  # what a server whose owner has died gets: the keeper's grace, and some
STEP_SECONDS = 0.1


def take(path: Path) -> int:
    """The lock's file descriptor, for the server to inherit; ServerFailed where a server holds it."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise ServerFailed(f"{path.stem} runs on {path.parent} already") from None
    os.ftruncate(lock, 0)
    return lock


def note(path: Path, pid: int) -> None:
    """Keep the id of the process that holds the lock, which leads its process group."""
    path.write_text(f"{pid}\n")


def is_held(path: Path) -> bool:
    """Whether a server runs on the folder; changes nothing."""
    if not path.exists():
        return False
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def end_left_over(path: Path, seconds: float = LEFT_OVER_SECONDS) -> None:
    """Wait until the server of an owner that has died is gone, and kill it where it does not go by itself.

    Only for a folder that has no living owner. ServerFailed where even that does not end it.
    """
    if _gone(path, seconds):
        return
    pid = path.read_text().strip()
    if pid.isdigit():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(int(pid), signal.SIGKILL)
    if not _gone(path, LEFT_OVER_SECONDS):
        raise ServerFailed(f"{path.stem} of an earlier start still runs on {path.parent}, as process {pid or '?'}")


def _gone(path: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while is_held(path):
        if time.monotonic() > deadline:
            return False
        time.sleep(STEP_SECONDS)
    return True
