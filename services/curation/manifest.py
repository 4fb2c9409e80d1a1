"""The curation service: makes records of submissions, and lets stewards decide."""

from fastapi import APIRouter

from hub.ports.names import NoNames
from hub.ports.records import RecordStore
from hub.ports.tenancies import NoTenancies
from hub.ports.worker import Worker
from hub.runtime.manifest import (
    ACCESS,
    AUDIT,
    DATABASE,
    EVENT_LOG,
    NAMES,
    NOBODY,
    PERSONAL,
    RECORD_STORE,
    TENANCIES,
    Manifest,
    Resources,
    Store,
)
from hub.sql.metadata import declared
from schemas.views.personal import PersonalReader
from services.curation import tables
from services.curation.adapters.sqlite_store import SqliteRecordStore
from services.curation.api import router
from services.curation.claims import Claims
from services.curation.decisions import DecisionLog
from services.curation.service import Curation, Relay
from services.curation.stewards import Stewardship


def _records(on: Resources) -> RecordStore:
    if on.settings.profile == "embedded":
        return SqliteRecordStore(on.settings.data_dir / "records.db", on.settings.node)
    from services.curation.adapters.postgresql_store import PostgresRecordStore

    return PostgresRecordStore(on.get(DATABASE), on.settings.node)


def _workers(on: Resources) -> tuple[Worker, ...]:
    event_log, records, rows = on.get(EVENT_LOG), on.get(RECORD_STORE), on.settings.batch_rows
    tenancies = on.get(TENANCIES) if on.has(TENANCIES) else NoTenancies()
    curation = Curation(event_log, records, on.clock, rows, on.sources, tenancies)
    return curation, Relay(event_log, records, rows)


def _router(on: Resources) -> APIRouter:
    records, audit = on.get(RECORD_STORE), on.get(AUDIT)
    written = DecisionLog(on.get(EVENT_LOG), on.clock, on.settings.node, audit)
    reader = PersonalReader(on.get(PERSONAL), audit, on.clock)
    claims = Claims(written, records, on.get(NAMES) if on.has(NAMES) else NoNames())
    return router(Stewardship(written, records, on.sources), claims, on.sources, reader)


MANIFEST = Manifest(
    role="curation",
    tables=declared(tables),
    stores=(Store(RECORD_STORE, _records, lambda records: records.get([NOBODY])),),
    needs=(EVENT_LOG, RECORD_STORE, PERSONAL, AUDIT),
    uses=(ACCESS, TENANCIES, NAMES),
    router=_router,
    workers=_workers,
)
