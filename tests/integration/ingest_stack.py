"""Ingest, curation and a minimal catalogue on the embedded stores, with an app in front; shared by ingest's tests."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.limits import limits_of_routes
from hub.auth.sources import load_sources
from hub.kernel.access import Principal, Role
from hub.kernel.deadletters import dead_letter_topic
from hub.kernel.entries import Delivered, Entry
from hub.kernel.records import RECORDS, SUBMISSIONS, Record
from hub.log.sqlite_eventlog import SqliteEventLog
from hub.ports.catalogue import Catalogue
from hub.ports.clock import ManualClock
from hub.ports.eventlog import EventLog, Topic
from hub.runtime.threads import drain
from hub.sql.sqlite import StoreFiles
from hub.web.limits import Limited
from hub.web.problems import install_problem_handlers
from services.curation.adapters.sqlite_store import SqliteRecordStore
from services.curation.service import Curation, Relay
from services.ingest.adapters.sql_receipts import SqlReceipts
from services.ingest.adapters.sql_vault import SqlVault
from services.ingest.api import router
from services.ingest.core.rows import Limits
from services.ingest.service import Ingest
from tests.contract import conforming
from tests.integration.privacy_stores import privacy

LIMITS = Limits(row_bytes=4_000, field_chars=1_000, batch_rows=10)
OPERATOR = Principal("op", frozenset({"operator"}), frozenset({"*"}), "acc-op")


def person(
    account: str, *roles: Role, name: str = "", organisation: str = "org-lab", source: str = "owner"
) -> Principal:
    sources = frozenset({source} if "submitter" in roles else ())
    return Principal(name or account, frozenset(roles), sources, f"acc-{account}", organisation)


TOKENS = {
    "operator": OPERATOR,
    "owner": person("lab", "submitter"),
    "colleague": person("colleague", "submitter"),
    "manager": person("manager", "manager"),
    "steward": person("steward", "steward"),
    "approver": person("approver", "approver"),
    "rival": person("rival", "submitter", "manager", "steward", name="lab", organisation="org-rival"),
    "zhejiang": person("province", "submitter", organisation="org-province", source="zhejiang"),
    "office": person("office", "submitter", organisation="org-office", source="zhejiang"),
    "member": person("company", "member", organisation="org-company"),
}


class Tokens:
    """hub.kernel.access.AccessList by fixed tokens."""

    def principal(self, token: str) -> Principal | None:
        return TOKENS.get(token)


class Versions:
    """As much of a catalogue as ingest asks for, and the worker that keeps it up to date."""

    name = "catalogue"

    def __init__(self, event_log: EventLog) -> None:
        self._consumer = event_log.consumer("catalogue", [RECORDS])
        self.known: dict[str, int] = {}

    def versions(self, ids: Collection[str]) -> Mapping[str, int]:
        return {record_id: self.known[record_id] for record_id in ids if record_id in self.known}

    def step(self, timeout: float) -> int:
        found = self._consumer.poll(1_000, timeout)
        for entry in found:
            record = Record.from_bytes(entry.value or b"")
            self.known[record.id] = record.version
        self._consumer.commit(found)
        return len(found)

    def close(self) -> None:
        self._consumer.close()


class FaultyLog(SqliteEventLog):
    """Breaks off at the given append, counted from 1: before it is written, or after it where `late`."""

    breaks_at: int | None = None
    late = False
    appends_so_far = 0

    def append(self, topic: str, entries: Sequence[Entry]) -> None:
        self.appends_so_far += topic == SUBMISSIONS
        broken = topic == SUBMISSIONS and self.appends_so_far == self.breaks_at
        if not broken or self.late:
            super().append(topic, entries)
        if broken:
            raise OSError("the disk went away")


class Stack:
    """Everything between a request and a searchable record."""

    def __init__(self, folder: Path, limits: Limits = LIMITS) -> None:
        self.folder = folder
        self.clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
        self.log = FaultyLog(folder / "log.db", self.clock)
        letters = Topic(dead_letter_topic(SUBMISSIONS))
        self.log.create_topics([Topic(SUBMISSIONS), Topic(RECORDS, compacted=True), letters])
        self.files = StoreFiles(folder)
        self.receipts = SqlReceipts(self.files.open("receipts"), self.clock)
        self.vault = SqlVault(self.files.open("vault"), folder / "vault.key")
        self.personal, self.audit = privacy(self.files, folder, self.clock)
        self.records = SqliteRecordStore(folder / "records.db", "hub")
        self.catalogue = Versions(self.log)
        self.curation = Curation(self.log, self.records, self.clock)
        self.relay = Relay(self.log, self.records)
        self.ingest = Ingest(
            self.log,
            self.receipts,
            self.vault,
            self.personal,
            self.audit,
            load_sources(),
            self.records,
            cast(Catalogue, self.catalogue),
            self.clock,
            limits,
            "hub",
        )
        app = conforming(FastAPI())
        app.state.access = Tokens()
        install_problem_handlers(app)
        app.add_middleware(Limited, table=limits_of_routes(200_000))
        app.include_router(router(self.ingest))
        self.client = TestClient(app)

    def post(self, kind: str, content: Any, token: str = "owner", query: str = "source=owner", **headers: str) -> Any:
        """POST raw content; header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(
            f"/api/v1/submissions/{kind}?{query}", content=content, headers={**bearer(token), **named}
        )

    def get(self, path: str, token: str = "owner", **headers: str) -> Any:
        path = path if path.startswith("/") else f"/api/v1/{path}"
        return self.client.get(path, headers={**bearer(token), **headers})

    def settle(self) -> None:
        drain([self.curation, self.relay, self.catalogue])

    def submitted(self) -> list[Delivered]:
        consumer = self.log.consumer("reader", [SUBMISSIONS])
        consumer.rewind()
        found = consumer.poll(10_000, 0)
        consumer.close()
        return found

    def bytes_of(self, store: str) -> bytes:
        """What the store has on disk, its write-ahead log included."""
        return b"".join(path.read_bytes() for path in self.folder.glob(f"{store}.db*"))

    def close(self) -> None:
        for closing in (self.client, self.curation, self.relay, self.catalogue):
            closing.close()
        for store in (self.log, self.audit, self.files, self.records):
            store.close()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


@contextmanager
def opened(folder: Path, limits: Limits = LIMITS) -> Iterator[Stack]:
    stack = Stack(folder, limits)
    try:
        yield stack
    finally:
        stack.close()
