"""What the worker of this thread is doing, noted by the log that it reads and writes, told by the runtime."""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from hub.kernel.cloudevents import traceparent_of
from hub.kernel.entries import Delivered, Entry

TRACES_LIMIT = 16
"""Traces of one batch that are followed; further ones of the same batch are left out."""


@dataclass(slots=True)
class Work:
    """A worker's step. `began` is when there was something to do, by the performance counter; 0 before."""

    worker: str
    began: float = 0.0
    began_at: int = 0
    traces: set[str] = field(default_factory=set)

    def begin(self) -> None:
        """There is something to do; the first call of a step counts."""
        if not self.began:
            self.began, self.began_at = time.perf_counter(), time.time_ns()

    def note(self, entries: Iterable[Delivered | Entry]) -> None:
        """The traces that the entries belong to."""
        traces = {trace for entry in entries if (trace := traceparent_of(entry.headers))}
        self.traces.update(sorted(traces - self.traces)[: TRACES_LIMIT - len(self.traces)])


class _Local(threading.local):
    work: Work | None = None


_local = _Local()


def current() -> Work | None:
    """The work of this thread; None where it is no worker's."""
    return _local.work


def set_current(work: Work | None) -> None:
    _local.work = work
