"""The whole hub in a process of its own, and one connection to it that does as little as HTTP allows."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.parse import urlsplit

import orjson

from app.cli.session import ADDRESS_FILE
from hub.auth.tokens import operator_token

START_SECONDS = 120.0
ROOT = Path(__file__).resolve().parents[1]


class Client:
    """One persistent connection, authorised as the operator."""

    def __init__(self, address: str, token: str) -> None:
        parts = urlsplit(address)
        self._connection = HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        self._headers = {"Accept-Language": "zh"} | ({"Authorization": f"Bearer {token}"} if token else {})

    def get(self, path: str) -> Any:
        """The JSON of an answer of 200."""
        return self._asked("GET", path, None, {}, 200)

    def post(self, path: str, body: bytes, status: int, media_type: str = "application/json") -> Any:
        """The JSON of an answer of this status; RuntimeError for any other."""
        return self._asked("POST", path, body, {"Content-Type": media_type}, status)

    def close(self) -> None:
        self._connection.close()

    def _asked(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], status: int) -> Any:
        try:
            answer = self._answer(method, path, body, headers)
        except ConnectionError:  # the server closes a connection that has been idle; nothing was handled
            self._connection.close()
            answer = self._answer(method, path, body, headers)
        content = answer.read()
        if answer.status != status:
            raise RuntimeError(f"{method} {path}: {answer.status} {content[:500]!r}")
        return orjson.loads(content)

    def _answer(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> HTTPResponse:
        self._connection.request(method, path, body, {**self._headers, **headers})
        return self._connection.getresponse()


class Served:
    """A running hub; `client` makes one more connection."""

    def __init__(self, address: str, data: Path) -> None:
        self._address = address
        self._token = operator_token(data) or ""

    def client(self) -> Client:
        return Client(self._address, self._token)


@contextmanager
def served(data: Path) -> Iterator[Served]:
    """`hub up` on the folder, without sample data, on a free port of the loopback interface."""
    run = "from app.cli.main import run; run()"
    command = [sys.executable, "-c", run, "up", "--no-sample", "--port", "0", "--data", str(data)]
    environment = {**os.environ, "HUB_HOST": "127.0.0.1"}
    with (data / "server.out").open("wb") as told:
        process = subprocess.Popen(command, stdout=told, stderr=told, cwd=ROOT, env=environment)
        try:
            yield Served(_address(process, data), data)
        finally:
            process.terminate()
            process.wait(30)


def _address(process: "subprocess.Popen[bytes]", data: Path) -> str:
    file, deadline = data / ADDRESS_FILE, monotonic() + START_SECONDS
    while monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError((data / "server.out").read_text("utf-8", "replace"))
        address = file.read_text("utf-8") if file.exists() else ""
        if address and _answers(address):
            return address
        sleep(0.05)
    raise RuntimeError("the hub did not start")


def _answers(address: str) -> bool:
    client = Client(address, "")
    try:
        client.get("/readyz")
    except (OSError, RuntimeError):
        return False
    finally:
        client.close()
    return True
