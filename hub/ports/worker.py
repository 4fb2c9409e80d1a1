"""Background work in small steps, so that it can be run, paused, counted and killed at any point."""

from typing import Protocol


class Worker(Protocol):
    """One loop of a service."""

    @property
    def name(self) -> str:
        """How logs and metrics call it, such as `catalog.sink`."""

    def step(self, timeout: float) -> int:
        """Do one bounded piece of work, waiting up to `timeout` seconds for it; returns how many entries it handled.

        A step leaves nothing half done: its effects are durable and its position committed, or it will be repeated.
        """

    def close(self) -> None: ...
