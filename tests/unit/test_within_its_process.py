"""The guard of this tier refuses what would leave the process of a test."""

import multiprocessing
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.unit.conftest import NotAUnit

UNREACHED = ("127.0.0.1", 9)


def swallowed() -> None:
    try:
        httpx.get("http://127.0.0.1:9")
    except Exception:
        return


@pytest.mark.parametrize(
    "leave",
    [
        lambda: subprocess.run([sys.executable, "-c", ""], check=True),
        lambda: os.system("true"),
        os.fork,
        lambda: multiprocessing.get_context("fork").Process(target=int).start(),
        lambda: socket.create_connection(UNREACHED),
        lambda: socket.socket().connect(UNREACHED),
        lambda: socket.create_server(("127.0.0.1", 0)),
        swallowed,
    ],
    ids=["subprocess", "system", "fork", "multiprocessing", "connection", "connect", "server", "swallowed"],
)
def test_no_process_and_no_socket(leave: Callable[[], Any]) -> None:
    with pytest.raises(NotAUnit, match="tests/integration"):
        leave()
