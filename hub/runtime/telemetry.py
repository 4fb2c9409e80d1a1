"""Switches on what a process of the hub tells of itself, by its settings."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from hub import __version__
from hub.observability import logs, metrics, tracing
from hub.runtime.settings import Settings


@contextmanager
def telling(settings: Settings, roles: Collection[str] = ()) -> Iterator[None]:
    """Log and trace while the block runs; what waits to be sent is sent at its end. No role stands for all."""
    names = ",".join(sorted(roles)) or "all"
    logs.configure(settings.log_format, settings.log_level)
    metrics.BUILD.info({"version": __version__, "profile": settings.profile, "roles": names})
    service = f"hub-{names}" if len(roles) == 1 else "hub"
    tracing.configure(service, settings.trace_ratio, settings.trace_endpoint)
    try:
        yield
    finally:
        tracing.shutdown()
