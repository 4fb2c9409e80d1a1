"""Waiting for what is going to happen. How long decides no verdict: on a machine that is busy everything is late."""

import time
from collections.abc import Callable

PATIENCE_SECONDS = 600.0


def wait_until(holds: Callable[[], object]) -> None:
    """Return once it holds; AssertionError after PATIENCE_SECONDS."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
