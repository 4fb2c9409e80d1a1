"""The key by which the hub knows again what it has handed out, such as cursors; a data folder has one."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from hub.auth.tokens import write_private

SIGNING_KEY = "signing.key"


def signing_key(folder: Path) -> bytes:
    """32 random bytes, made by the first process that asks and readable by the folder's owner alone."""
    path = folder / SIGNING_KEY
    if not path.exists():
        own = folder / f"{SIGNING_KEY}.{os.getpid()}.{secrets.token_hex(4)}"
        write_private(own, secrets.token_bytes(32))
        with suppress(FileExistsError):  # another process was first
            os.link(own, path)
        own.unlink()
    return path.read_bytes()
