"""A data folder is its owner's alone, whatever the umask."""

import os
import stat
from contextlib import suppress
from pathlib import Path

SERVERS = "stack"
"""The folder, within a data folder, of servers that root starts as another user, who must get there."""


def keep_private(folder: Path) -> None:
    """Make the folder where it lacks, and close it and the files in it to all but their owner.

    What belongs to somebody else is left as it is. Nothing is done where modes mean nothing (Windows).
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if os.name == "nt":
        return
    passed = os.geteuid() == 0 and (folder / SERVERS).is_dir()
    _close(folder, 0o711 if passed else 0o700)
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            if stat.S_ISREG(path.lstat().st_mode) and path.lstat().st_mode & 0o077:
                _close(path, 0o600)


def servers_folder(folder: Path) -> Path:
    """The folder of servers within a data folder, made where it lacks."""
    (folder / SERVERS).mkdir(parents=True, exist_ok=True)
    keep_private(folder)
    return folder / SERVERS


def _close(path: Path, mode: int) -> None:
    with suppress(PermissionError, FileNotFoundError):
        if stat.S_IMODE(path.stat().st_mode) & 0o777 != mode:
            path.chmod(mode)
