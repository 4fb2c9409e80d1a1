"""Traces from a request to the moment when what it brought is searchable, by OpenTelemetry where that is installed.

A trace is recorded or not when its request comes (`ratio`, or the caller's own sampled `traceparent`). Its W3C
traceparent travels as the CloudEvents extension `traceparent` of every event that follows: submissions carry it,
curation keeps it in the row of the outbox, and the event of the record carries it on. Each worker tells of a batch as
one span a trace, a child of the span that took the request. So one trace id leads from POST to searchable, and what
is not recorded costs one random number a request.
"""

import logging
import random
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hub.kernel.cloudevents import sampled
from hub.observability import work

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Tracer

log = logging.getLogger("hub.tracing")
HEADER: Final = "traceparent"
_FORM = "00-{:032x}-{:016x}-01"


@dataclass(slots=True)
class _State:
    tracer: "Tracer | None" = None
    provider: Any = None
    ratio: float = 0.0


_state = _State()


def configure(service: str, ratio: float, endpoint: str = "", exporter: "SpanExporter | None" = None) -> bool:
    """Begin to trace to an OTLP/HTTP endpoint, or to an exporter of the caller's; False where nothing can be traced."""
    shutdown()
    if not endpoint and exporter is None:
        return False
    try:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
    except ImportError:
        log.warning("traces are wanted, but opentelemetry is not installed (research-resource-hub[real])")
        return False
    provider = TracerProvider(resource=Resource.create({"service.name": service}), shutdown_on_exit=False)
    if exporter is not None:
        provider.add_span_processor(SimpleSpanProcessor(exporter))
    else:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    _state.provider, _state.ratio, _state.tracer = provider, ratio, provider.get_tracer("hub")
    return True


def shutdown() -> None:
    """Send what waits to be sent, and trace no more."""
    provider, _state.provider, _state.tracer = _state.provider, None, None
    if provider is not None:
        provider.shutdown()


def enabled() -> bool:
    """Whether anything is traced in this process."""
    return _state.tracer is not None


def wanted(traceparent: str) -> bool:
    """Whether a request shall be traced: as its caller says, or by chance where it says nothing."""
    if _state.tracer is None:
        return False
    if traceparent:
        return bool(sampled(traceparent))
    return _is_recording() or random.random() < _state.ratio  # noqa: S311 - no secret hangs on it


@contextmanager
def request(name: str, traceparent: str) -> Iterator[Any]:
    """The span of a request, in the caller's trace or a new one; use it where `wanted`."""
    from opentelemetry.trace import SpanKind

    assert _state.tracer is not None  # noqa: S101 - `wanted` said so
    context = _context(traceparent) if traceparent else None
    with _state.tracer.start_as_current_span(name, context, SpanKind.SERVER) as span:
        yield span


def record(error: BaseException) -> None:
    """Note in the span of this request, where it has one, what made it fail."""
    if _state.tracer is not None and _is_recording():
        from opentelemetry.trace import StatusCode, get_current_span

        get_current_span().record_exception(error)
        get_current_span().set_status(StatusCode.ERROR, type(error).__name__)


@contextmanager
def span(name: str, **attributes: str | int) -> Iterator[None]:
    """A span within the trace of this request; nothing where it has none."""
    if _state.tracer is None or not _is_recording():
        yield
        return
    with _state.tracer.start_as_current_span(name, attributes=attributes):
        yield


def current_traceparent() -> str:
    """That of the span that this thread or task is in; empty outside of any."""
    if _state.tracer is None:
        return ""
    from opentelemetry.trace import get_current_span

    context = get_current_span().get_span_context()
    return _FORM.format(context.trace_id, context.span_id) if context.trace_flags.sampled else ""


def current_trace_id() -> str:
    """Of the request, or of the first trace in a worker's batch; empty where there is none."""
    at_work = work.current()
    trace = min(at_work.traces, default="") if at_work else current_traceparent()
    return trace[3:35]


def worked(at: work.Work, entries: int, ended_at: int, error: BaseException | None = None) -> None:
    """Tell of a worker's batch, in every trace that it belongs to; times are nanoseconds since 1970."""
    if _state.tracer is None or not at.traces:
        return
    from opentelemetry.trace import SpanKind, Status, StatusCode

    attributes: Mapping[str, str | int] = {"messaging.batch.message_count": entries, "hub.traces": len(at.traces)}
    for trace in at.traces:
        made = _state.tracer.start_span(
            at.worker, _context(trace), SpanKind.CONSUMER, attributes, start_time=at.began_at or ended_at
        )
        if error is not None:
            # Its message may quote data.
            made.set_status(Status(StatusCode.ERROR, type(error).__name__))
        made.end(ended_at)


def _is_recording() -> bool:
    from opentelemetry.trace import get_current_span

    return get_current_span().is_recording()


def _context(traceparent: str) -> Any:
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract({HEADER: traceparent}, context=_empty())


def _empty() -> Any:
    from opentelemetry.context import Context

    return Context()


def header_from(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The traceparent among the headers of an ASGI request."""
    return next((value.decode("latin-1") for name, value in headers if name == b"traceparent"), "")
