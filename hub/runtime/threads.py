"""Runs workers, each in its own thread, until told to stop."""

import gc
import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from hub.observability import metrics
from hub.observability.edges import ObservedWorker
from hub.ports.worker import Worker

log = logging.getLogger("hub.runtime")
POLL_SECONDS = 0.5
BACK_OFF_SECONDS = (0.1, 0.5, 2.0, 5.0, 15.0)
STOP_SECONDS = 20.0
GARBAGE_AFTER = (50_000, 20, 100)
"""Of gc.set_threshold. Counting references frees nearly all that the hub makes; to look for cycles as often as Python
does by itself takes up to a third of a worker's time, and each look at everything holds all searches up."""


@dataclass(frozen=True, slots=True)
class WorkerState:
    """How a worker does. `error` is the type of its last step's error, empty after a step that went well.

    `failing_seconds` is since the first of the failures in a row, `step_seconds` how long the present step has been
    going on; `lag` are entries that wait, where it is known.
    """

    name: str
    alive: bool
    error: str
    failing_seconds: float
    step_seconds: float
    lag: int | None


class Runtime:
    """The hub's background work. A worker that fails is tried again with growing pauses; its step is repeatable."""

    def __init__(self, workers: Sequence[Worker]) -> None:
        self._workers = [ObservedWorker(worker) for worker in workers]
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._failing_since: dict[str, float] = {}
        self._stepping_since: dict[str, float] = {}
        self.failures: dict[str, str] = {}

    def start(self) -> None:
        gc.set_threshold(*GARBAGE_AFTER)
        for worker in self._workers:
            thread = threading.Thread(target=self._run, args=(worker,), name=worker.name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Let every worker finish its step, then close it."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(STOP_SECONDS)
        for worker in self._workers:
            worker.close()

    def healthy(self) -> bool:
        return not self.failures and all(thread.is_alive() for thread in self._threads)

    def states(self) -> list[WorkerState]:
        """How each worker does, in the order that they were given."""
        now = time.monotonic()
        running = {thread.name for thread in self._threads if thread.is_alive()}
        return [
            WorkerState(
                worker.name,
                worker.name in running,
                self.failures.get(worker.name, ""),
                now - self._failing_since.get(worker.name, now),
                now - self._stepping_since.get(worker.name, now),
                worker.lag,
            )
            for worker in self._workers
        ]

    def _run(self, worker: ObservedWorker) -> None:
        failed = 0
        metrics.WORKER_FAILING.labels(worker.name).set(0)
        while not self._stopping.is_set():
            self._stepping_since[worker.name] = time.monotonic()
            try:
                worker.step(POLL_SECONDS)
            except Exception as error:
                self._fail(worker.name, error, failed)
                failed += 1
            else:
                if failed:
                    failed = 0
                    self._recover(worker.name)

    def _fail(self, name: str, error: Exception, before: int) -> None:
        log.error("worker %s failed; trying again", name, exc_info=error)
        self._stepping_since.pop(name, None)
        self._failing_since.setdefault(name, time.monotonic())
        self.failures[name] = type(error).__name__
        metrics.WORKER_FAILING.labels(name).set(1)
        pause = BACK_OFF_SECONDS[min(before, len(BACK_OFF_SECONDS) - 1)]
        self._stopping.wait(pause)
        metrics.WORKER_BACK_OFF.labels(name).inc(pause)

    def _recover(self, name: str) -> None:
        self._failing_since.pop(name, None)
        self.failures.pop(name, None)
        metrics.WORKER_FAILING.labels(name).set(0)


def drain(workers: Sequence[Worker], *, rounds: int = 1_000_000) -> int:
    """Step the workers in turn, in this thread, until none has anything to do; returns the entries handled."""
    handled = 0
    for _ in range(rounds):
        done = sum(worker.step(0.0) for worker in workers)
        if not done:
            return handled
        handled += done
    raise RuntimeError("the workers are still busy")
