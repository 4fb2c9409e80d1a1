"""Runs workers, each in its own thread, until told to stop."""

import logging
import threading
from collections.abc import Sequence

from hub.ports.worker import Worker

log = logging.getLogger("hub.runtime")
POLL_SECONDS = 0.5
BACK_OFF_SECONDS = (0.1, 0.5, 2.0, 5.0, 15.0)
STOP_SECONDS = 20.0


class Runtime:
    """The hub's background work. A worker that fails is tried again with growing pauses; its step is repeatable."""

    def __init__(self, workers: Sequence[Worker]) -> None:
        self._workers = workers
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self.failures: dict[str, str] = {}

    def start(self) -> None:
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

    def _run(self, worker: Worker) -> None:
        failed = 0
        while not self._stopping.is_set():
            try:
                worker.step(POLL_SECONDS)
            except Exception as error:
                log.exception("worker %s failed; trying again", worker.name)
                self.failures[worker.name] = type(error).__name__
                self._stopping.wait(BACK_OFF_SECONDS[min(failed, len(BACK_OFF_SECONDS) - 1)])
                failed += 1
            else:
                if failed:
                    failed = 0
                    self.failures.pop(worker.name, None)


def drain(workers: Sequence[Worker], *, rounds: int = 1_000_000) -> int:
    """Step the workers in turn, in this thread, until none has anything to do; returns the entries handled."""
    handled = 0
    for _ in range(rounds):
        done = sum(worker.step(0.0) for worker in workers)
        if not done:
            return handled
        handled += done
    raise RuntimeError("the workers are still busy")
