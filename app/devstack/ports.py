"""Ports of the loopback interface: whether one is free, and which are promised to servers that have yet to listen."""

import os
import secrets
import socket

from app.devstack import hold
from app.devstack.cache import cache_folder
from app.devstack.hold import ServerFailed

LISTENED = range(20_000, 32_768)
"""What free ports are chosen from: no system's usual services, nor what it gives to outgoing connections (RFC 6335
leaves those from 49152; Linux takes them from 32768), one of which could take a port between its choice and its use."""


class Claims:
    """Ports that no other process that claims its own will choose, until they are released or this process ends."""

    def __init__(self) -> None:
        self._locks: list[int] = []

    def claim(self, wanted: int) -> int:
        """The port where it is free and nobody's, else another."""
        port = wanted
        while not (is_free(port) and self._locked(port)):
            port = free_port()
        return port

    def release(self) -> None:
        while self._locks:
            os.close(self._locks.pop())

    def _locked(self, port: int) -> bool:
        folder = cache_folder() / "ports"
        folder.mkdir(exist_ok=True)
        try:
            self._locks.append(hold.take(folder / f"{port}.lock"))
        except ServerFailed:
            return False
        return True


def is_free(port: int) -> bool:
    """Whether a server could listen on that port just now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port that is free just now."""
    while not is_free(port := secrets.choice(LISTENED)):
        pass
    return port


def accepts(port: int) -> bool:
    """Whether somebody listens on that port."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0
