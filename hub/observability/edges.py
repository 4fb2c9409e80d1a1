"""The event log and the workers, observed from outside: they are as they were, and what passes is counted."""

import time
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from prometheus_client import Counter, Histogram

from hub.kernel.cloudevents import traced
from hub.kernel.deadletters import SUFFIX
from hub.kernel.entries import Delivered, Entry
from hub.observability import metrics, tracing, work
from hub.ports.eventlog import Consumer, EventLog, Topic
from hub.ports.worker import Worker

LAG_SECONDS = 15.0
"""How often a worker's lag is looked at: on Kafka that is a question to the broker for each partition."""


class ObservedLog:
    """hub.ports.eventlog.EventLog around another; entries that a traced request appends carry its trace."""

    def __init__(self, inner: EventLog) -> None:
        self._inner = inner

    def create_topics(self, topics: Iterable[Topic]) -> None:
        self._inner.create_topics(topics)

    def differences(self, topics: Iterable[Topic]) -> Sequence[str]:
        return self._inner.differences(topics)

    def append(self, topic: str, entries: Sequence[Entry]) -> None:
        at_work = work.current()
        if at_work is not None:
            at_work.begin()
            if tracing.enabled():
                at_work.note(entries)
        elif trace := tracing.current_traceparent():
            entries = [traced(entry, trace) for entry in entries]
        began = time.perf_counter()
        self._inner.append(topic, entries)
        _appended(topic, entries, time.perf_counter() - began)

    def consumer(self, group: str, topics: Sequence[str]) -> Consumer:
        return ObservedConsumer(self._inner.consumer(group, topics))

    def end_offsets(self, topic: str) -> Mapping[int, int]:
        return self._inner.end_offsets(topic)

    def close(self) -> None:
        self._inner.close()


class ObservedConsumer:
    """hub.ports.eventlog.Consumer around another."""

    def __init__(self, inner: Consumer) -> None:
        self._inner = inner

    def poll(self, limit: int, timeout: float) -> Sequence[Delivered]:
        entries = self._inner.poll(limit, timeout)
        if entries and (at_work := work.current()) is not None:
            at_work.begin()
            if tracing.enabled():
                at_work.note(entries)
        return entries

    def commit(self, done: Iterable[Delivered]) -> None:
        self._inner.commit(done)

    def rewind(self) -> None:
        self._inner.rewind()

    def lag(self) -> int:
        return self._inner.lag()

    def close(self) -> None:
        self._inner.close()


@lru_cache(maxsize=256)
def _instruments(topic: str) -> tuple[Histogram, Counter, Counter]:
    """Looked up once: finding a metric by its labels takes longer than counting."""
    return (
        metrics.LOG_SECONDS.labels(topic),
        metrics.LOG_ENTRIES.labels(topic),
        metrics.LOG_BYTES.labels(topic),
    )


def _appended(topic: str, entries: Sequence[Entry], seconds: float) -> None:
    took, count, size = _instruments(topic)
    took.observe(seconds)
    count.inc(len(entries))
    size.inc(sum([len(entry.key) + len(entry.value or b"") for entry in entries]))
    if topic.endswith(SUFFIX):
        for entry in entries:
            reason = dict(entry.headers).get("reason_code", b"").decode("ascii", "replace")
            metrics.dead_letter(topic.removesuffix(SUFFIX), reason or metrics.OTHER)


class ObservedWorker:
    """hub.ports.worker.Worker around another; belongs to the thread that steps it, except what it tells."""

    def __init__(self, inner: Worker) -> None:
        self._inner = inner
        self.name = inner.name
        self._work = work.Work(inner.name)
        self._steps = metrics.WORKER_STEPS.labels(inner.name)
        self._entries = metrics.WORKER_ENTRIES.labels(inner.name)
        self._batch = metrics.WORKER_BATCH.labels(inner.name)
        self._seconds = metrics.WORKER_SECONDS.labels(inner.name)
        self._stepped = metrics.WORKER_STEPPED.labels(inner.name)
        self._lag = getattr(inner, "lag", None)
        self._looked = 0.0
        self.lag: int | None = None
        """As it was last seen; None where the worker reads no log, or nobody has looked yet."""

    def step(self, timeout: float) -> int:
        """See the port; a step that fails is told of as one, and raises as it did."""
        at = self._work
        at.began, at.began_at = 0.0, 0
        began = time.perf_counter()
        work.set_current(at)
        try:
            done = self._inner.step(timeout)
        except Exception as error:
            metrics.WORKER_FAILURES.labels(self.name, type(error).__name__).inc()
            tracing.worked(at, 0, time.time_ns(), error)
            raise
        finally:
            work.set_current(None)
        if done:
            self._seconds.observe(time.perf_counter() - (at.began or began))
            self._entries.inc(done)
            self._batch.observe(done)
            tracing.worked(at, done, time.time_ns())
        at.traces.clear()
        self._steps.inc()
        self._stepped.set_to_current_time()
        self._look()
        return done

    def close(self) -> None:
        self._inner.close()

    def _look(self) -> None:
        """In the worker's own thread, since consumers belong to one."""
        now = time.monotonic()
        if self._lag is None or now < self._looked + LAG_SECONDS:
            return
        self._looked = now
        try:
            self.lag = self._lag()
        except Exception:  # what is read for a gauge must not fail a step that has succeeded
            return
        metrics.WORKER_LAG.labels(self.name).set(self.lag)
