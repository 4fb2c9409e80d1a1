"""Whether this machine can run a hub on a data folder, before anything is opened."""

import os
import shutil
import socket
import sqlite3
from pathlib import Path

from hub.ports.personal import KeysLocked
from hub.text.language import Bilingual
from hub.text.messages import bilingual
from services.ingest.ports.vault import VaultLocked

FREE_BYTES = 512 * 2**20
SQLITE = (3, 35, 0)
UNUSABLE = (KeysLocked, VaultLocked, ValueError, sqlite3.Error)
"""What opening a data folder raises where what it has cannot be used."""


def old_sqlite() -> Bilingual | None:
    """Why Python's SQLite will not do; None where it will."""
    if sqlite3.sqlite_version_info >= SQLITE:
        return None
    least = ".".join(map(str, SQLITE))
    return bilingual("cli.environment.sqlite-too-old-needed", sqlite_version=sqlite3.sqlite_version, least=least)


def unwritable(folder: Path) -> Bilingual | None:
    """Why nothing can be written into the folder, or into the one that it would be made in; makes nothing."""
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir():
        return bilingual("cli.environment.no-folder-choose-another", there=there)
    if not os.access(there, os.W_OK | os.X_OK):
        return bilingual("cli.environment.may-not-written-change", there=there)
    return None


def free_bytes(folder: Path) -> int:
    """Free space where the folder is or would be made."""
    there = folder.absolute()
    while not there.exists():
        there = there.parent
    return shutil.disk_usage(there).free


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens on the address; OSError where it cannot be had. A port of 0 takes any free one."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    bound = socket.socket(family, kind, protocol)
    try:
        if os.name != "nt":  # on Windows the option would share the port with whoever has it
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(2048)
    except OSError:
        bound.close()
        raise
    bound.set_inheritable(True)
    return bound


def reached_at(host: str) -> str:
    """The host name by which this machine, and where possible others, reach what listens on `host`."""
    if host not in ("0.0.0.0", "::", ""):  # noqa: S104 - compared, not bound
        return f"[{host}]" if ":" in host else host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: the system only chooses the address it would send from
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"
