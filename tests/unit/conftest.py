"""A unit test starts no process, and connects or binds no socket; one that does belongs to another tier."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest

REFUSED = {
    "subprocess.Popen",
    "os.system",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.exec",
    "socket.connect",
    "socket.bind",
    "socket.getaddrinfo",
}
"""Events of the interpreter's audit, which are raised however the call was made."""
_guarding = False


class NotAUnit(BaseException):
    """Past whatever `except Exception` the code under test has."""


def _guard(event: str, _: tuple[Any, ...]) -> None:
    if _guarding and event in REFUSED:
        raise NotAUnit(f"a unit test called {event}; its place is tests/integration")


sys.addaudithook(_guard)


@pytest.fixture(autouse=True)
def within_its_process() -> Iterator[None]:
    global _guarding  # noqa: PLW0603  a hook cannot be taken away, so it is switched
    _guarding = True
    try:
        yield
    finally:
        _guarding = False
