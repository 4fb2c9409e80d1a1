"""The usage service: what instruments were used for, from their telemetry and their bookings."""

from datetime import UTC, datetime

from fastapi import APIRouter

from hub.ports.worker import Worker
from hub.runtime.manifest import (
    ACCESS,
    AUDIT,
    EVENT_LOG,
    NOBODY,
    PERSONAL,
    RECORD_STORE,
    Key,
    Manifest,
    Resources,
    Store,
)
from services.usage.adapters.sqlite_usage import SqliteUsage
from services.usage.api import router
from services.usage.service import Recorder, UsageCounter, UsageFeed, UsageQueries

USAGE_STORE = Key[SqliteUsage]("usage")


def _usage(on: Resources) -> SqliteUsage:
    """On servers a view of the usage topic, one a process."""
    name = "usage.db" if on.settings.profile == "embedded" else f"usage-view-{on.settings.instance}.db"
    return SqliteUsage(on.settings.data_dir / name)


def _ping(usage: SqliteUsage) -> object:
    now = datetime.now(UTC)
    month = f"{now:%Y-%m}"
    return usage.indicators("instrument", [NOBODY], month, month, now)


def _router(on: Resources) -> APIRouter:
    records = on.get(RECORD_STORE)
    recorder = Recorder(on.get(EVENT_LOG), records, on.clock, on.settings.node)
    return router(recorder, UsageQueries(on.get(USAGE_STORE), records, on.clock, on.settings.timezone))


def _worker(on: Resources) -> Worker:
    """On servers Faust counts, in a process of its own (services.usage.__main__)."""
    event_log, usage, rows = on.get(EVENT_LOG), on.get(USAGE_STORE), on.settings.batch_rows
    if on.settings.profile == "embedded":
        return UsageCounter(event_log, usage, rows)
    return UsageFeed(event_log, usage, on.settings.instance, rows)


MANIFEST = Manifest(
    role="usage",
    stores=(Store(USAGE_STORE, _usage, _ping),),
    needs=(EVENT_LOG, RECORD_STORE, USAGE_STORE),
    uses=(ACCESS, PERSONAL, AUDIT),
    router=_router,
    workers=lambda on: (_worker(on),),
)
