"""One process at a time works on a data folder."""

import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Self

from hub.sql.sqlite import make_private

LOCK_FILE = "hub.lock"


class Busy(Exception):
    """Another process works on the data folder."""


class FolderLock:
    """Held until released, and released by the system when the process ends, however it ends.

    SQLite's own file lock is used because it is one on every system, on which `fcntl` and `msvcrt` are not.
    """

    def __init__(self, folder: Path, name: str = LOCK_FILE, seconds: float = 0.0) -> None:
        """Take the lock of that name, which is waited for so long; Busy where another holds it still."""
        folder.mkdir(parents=True, exist_ok=True)
        make_private(folder / name)
        self._connection = sqlite3.connect(
            folder / name, timeout=seconds, isolation_level=None, check_same_thread=False
        )
        try:
            self._connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            self._connection.close()
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                raise Busy(str(folder)) from None
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.release()

    def release(self) -> None:
        self._connection.close()


def is_busy(folder: Path) -> bool:
    """Whether another process works on the folder; makes no folder."""
    if not folder.exists():
        return False
    try:
        FolderLock(folder).release()
    except Busy:
        return True
    return False
