"""The hub's metrics, all of them. Names end in their unit; labels have few values, none of which tells of a person."""

import time
from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Sequence, Sized
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from itertools import accumulate
from threading import Lock

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector


class CountedHistogram(Collector):
    """A histogram that takes many equal values at once: prometheus_client's own takes one value a call.

    Cumulative buckets with the upper bounds `buckets`, in ascending order; +Inf is added.
    """

    def __init__(self, name: str, documentation: str, buckets: Sequence[float], registry: CollectorRegistry) -> None:
        self._name = name
        self._documentation = documentation
        self._bounds = tuple(buckets)
        self._counts = [0] * (len(self._bounds) + 1)
        self._sum = 0.0
        self._lock = Lock()
        registry.register(self)

    def observe(self, value: float, times: int = 1) -> None:
        """Count the value so many times."""
        at = bisect_left(self._bounds, value)
        with self._lock:
            self._counts[at] += times
            self._sum += value * times

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """See prometheus_client.registry.Collector."""
        with self._lock:
            counts, total = list(self._counts), self._sum
        names = [*(repr(float(bound)) for bound in self._bounds), "+Inf"]
        buckets = list(zip(names, map(float, accumulate(counts)), strict=True))
        yield HistogramMetricFamily(self._name, self._documentation, buckets=buckets, sum_value=total)


# A gauge of its creation time beside each series tells nothing.
disable_created_metrics()  # type: ignore[no-untyped-call]
REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

SHORT_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
LONG_SECONDS = (
    *(0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0, 86400.0),
)
SIZES = (1, 3, 10, 30, 100, 300, 1_000, 2_000, 5_000, 20_000)
LABEL_VALUES = 50
OTHER = "other"

_counter = partial(Counter, registry=REGISTRY)
_gauge = partial(Gauge, registry=REGISTRY)
_histogram = partial(Histogram, registry=REGISTRY)
_seconds = partial(_histogram, buckets=SHORT_SECONDS)

BUILD = Info("hub_build", "Version, profile and roles of this process.", registry=REGISTRY)

WORKER_STEPS = _counter("hub_worker_steps", "Finished steps, idle ones included.", ["worker"])
WORKER_ENTRIES = _counter("hub_worker_entries", "Entries handled.", ["worker"])
WORKER_BATCH = _histogram("hub_worker_batch_entries", "Entries of a step that had any.", ["worker"], buckets=SIZES)
WORKER_SECONDS = _seconds(
    "hub_worker_step_seconds", "From having entries to their committed position, of steps that had any.", ["worker"]
)
WORKER_FAILURES = _counter(
    "hub_worker_failures", "Steps that failed and are repeated, by the error's type.", ["worker", "error"]
)
WORKER_BACK_OFF = _counter("hub_worker_back_off_seconds", "Pauses after failed steps.", ["worker"])
WORKER_FAILING = _gauge("hub_worker_failing", "1 while the last step has failed.", ["worker"])
WORKER_LAG = _gauge(
    "hub_worker_lag_entries", "Entries after the stored position, looked at every few seconds.", ["worker"]
)
WORKER_STEPPED = _gauge("hub_worker_stepped_timestamp_seconds", "When the last step ended, in Unix time.", ["worker"])

LOG_ENTRIES = _counter("hub_log_appended_entries", "Entries appended to the event log.", ["topic"])
LOG_BYTES = _counter("hub_log_appended_bytes", "Bytes of appended keys and values.", ["topic"])
LOG_SECONDS = _seconds("hub_log_append_seconds", "An append until it is durable.", ["topic"])
DEAD_LETTERS = _counter(
    "hub_dead_letters", "Entries put aside, by the topic they were read from and why.", ["topic", "reason"]
)

ROWS = _counter("hub_ingest_rows", "Rows by what became of them: accepted or refused.", ["kind", "outcome"])
FRESHNESS = CountedHistogram(
    "hub_freshness_seconds",
    "From the arrival of a record's newest contribution to the record being searchable.",
    LONG_SECONDS,
    REGISTRY,
)
APPLY_DOCUMENTS = _histogram("hub_catalogue_apply_documents", "Documents of an apply.", buckets=SIZES)
APPLY_SECONDS = _seconds("hub_catalogue_apply_seconds", "An apply until it is searchable.")
APPLY_REJECTED = _counter("hub_catalogue_rejected_documents", "Documents that the index will never take.")
RETRIES = _counter("hub_store_retries", "Requests to a store that are sent again after a pause.", ["store"])

HTTP_REQUESTS = _counter("hub_http_requests", "Answered requests by route template.", ["method", "route", "status"])
HTTP_SECONDS = _seconds("hub_http_request_seconds", "Until the answer's end.", ["method", "route"])
HTTP_ACTIVE = _gauge("hub_http_active_requests", "Requests being answered just now.")

BOOKINGS = _counter("hub_bookings", "Requests to book, by what became of them.", ["outcome"])
BOOKING_CHANGES = _counter("hub_booking_changes", "Bookings moved on, by their new status.", ["status"])

LOGGED = _counter("hub_logged_messages", "Messages of the log from warnings up.", ["level"])
for _level in ("warning", "error", "critical"):
    LOGGED.labels(_level)

_reasons: dict[str, set[str]] = {}


def dead_letter(topic: str, reason: str) -> None:
    """Count one; reasons come from entries, so those of a topic beyond LABEL_VALUES are counted together."""
    known = _reasons.setdefault(topic, set())
    if len(known) < LABEL_VALUES:
        known.add(reason)
    if reason not in known:
        reason = OTHER
    DEAD_LETTERS.labels(topic, reason).inc()


def rows(kind: str, accepted: int, refused: int) -> None:
    """Count the rows of a batch."""
    if accepted:
        ROWS.labels(kind, "accepted").inc(accepted)
    if refused:
        ROWS.labels(kind, "refused").inc(refused)


@contextmanager
def applying(documents: Sized) -> Iterator[None]:
    """Measure one apply, during which its documents may still be coming; one that fails is told of by its worker."""
    began = time.perf_counter()
    yield
    if documents:
        APPLY_SECONDS.observe(time.perf_counter() - began)
        APPLY_DOCUMENTS.observe(len(documents))


def searchable(arrivals: Iterable[str], now: float) -> None:
    """Records became searchable at `now` (Unix time); `arrivals` are RFC 3339 times of their newest contributions.

    Rows of one request arrive at one time, so a batch has few different ones.
    """
    for arrived, times in Tally(arrivals).items():
        try:
            seconds = now - datetime.fromisoformat(arrived).timestamp()
        except ValueError:  # a foreign producer's
            continue
        FRESHNESS.observe(max(0.0, seconds), times)
