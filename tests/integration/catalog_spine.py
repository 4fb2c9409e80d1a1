"""The catalogue with what feeds it and what serves it, on real files, for integration tests."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from hub.kernel.access import Principal
from hub.kernel.cloudevents import CloudEvent
from hub.kernel.deadletters import dead_letter_topic
from hub.kernel.records import RECORDS, SUBMISSIONS, SUBMITTED, Operation, Submission
from hub.kernel.sources import Source, Sources
from hub.log.sqlite_eventlog import SqliteEventLog
from hub.ports.clock import ManualClock
from hub.ports.eventlog import Topic
from hub.runtime.threads import drain
from hub.sql.sqlite import StoreFiles
from hub.text.language import Bilingual
from hub.web.problems import install_problem_handlers
from schemas.kind import kind_named
from schemas.views.personal import PersonalReader
from services.catalog.adapters.sql_searches import SqlSavedSearches
from services.catalog.adapters.sqlite_catalogue import SqliteCatalogue
from services.catalog.api import router
from services.catalog.service import CatalogueQueries, CatalogueSink
from services.curation.adapters.sqlite_store import SqliteRecordStore
from services.curation.service import Curation, Relay
from tests.contract import conforming
from tests.integration.privacy_stores import privacy
from tests.unit.catalog_records import AT, EXPERT, INSTRUMENT, LABORATORY, ORGANISATION, PROJECT, TOKEN, fields_of

SPECTROMETER: dict[str, Any] = {
    "name_zh": "三重四极杆液质联用仪",
    "name_en": "Triple quadrupole LC-MS",
    "owner": {"ror": "https://ror.org/014v1mr15", "name_zh": "杭州师范大学"},
    "inventory_number": "MS-1",
    "category": "02",
    "shared": False,
    "status": "idle",
    "commissioned": "2022-06-01",
    "place": {"address": "宁波市江北区", "division": "330205", "lat": 29.88, "lon": 121.55},
}
PEOPLE = {
    "li": Principal("li", frozenset({"member"}), account="acc-li"),
    "li2": Principal("li", frozenset({"member"}), account="acc-li2"),
    "heir": Principal("li", frozenset({"member"}), account="acc-heir", formerly="acc-li"),
    "wang": Principal("wang", frozenset({"member"}), account="acc-wang"),
    "operator": Principal("operator", frozenset({"operator"}), account="acc-op"),
}


class Access:
    def principal(self, token: str) -> Principal | None:
        return PEOPLE.get(token)


class Spine:
    """Log, curation, store, relay, sink, catalogue and API on real files."""

    def __init__(self, folder: Path) -> None:
        clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
        self.files = StoreFiles(folder)
        self.log = SqliteEventLog(folder / "log.db")
        letters = [Topic(dead_letter_topic(topic)) for topic in (SUBMISSIONS, RECORDS)]
        self.log.create_topics([Topic(SUBMISSIONS), Topic(RECORDS, compacted=True), *letters])
        self.records = SqliteRecordStore(folder / "records.db", "hub")
        self.catalogue = SqliteCatalogue(folder / "catalogue.db")
        self.searches = SqlSavedSearches(self.files.open("searches"))
        sources = Sources({"owner": Source("owner", Bilingual("单位自行登记", "Registered by the owner"), "owner")})
        self.workers = [Curation(self.log, self.records, clock), Relay(self.log, self.records)]
        self.sink = CatalogueSink(self.log, self.catalogue)
        reader = PersonalReader(*privacy(self.files, folder, clock), clock)
        app = conforming(FastAPI())
        app.state.access = Access()
        install_problem_handlers(app)
        app.include_router(
            router(
                CatalogueQueries(self.catalogue, self.records, sources, self.searches, clock, reader, cursor_key=b"k")
            )
        )
        self.http = TestClient(app)

    def submit(self, kind: str, raw: dict[str, Any], version: int = 1, operation: Operation = "upsert") -> str:
        """As ingest sends a row; the id of its record."""
        fields = fields_of(kind, raw)
        if "contact" in fields:
            fields["contact"]["phone"] = TOKEN
        own_id = str(raw.get("name_zh"))
        record_id = kind_named(kind).id_of(fields, "owner", own_id)
        said = Submission(kind, "owner", own_id, version, operation, "owner", record_id, fields, AT)
        event = CloudEvent(said.event_id(), "hub", SUBMITTED, said.subject(), AT, said.to_bytes())
        self.log.append(SUBMISSIONS, [event.as_entry()])
        return record_id

    def settle(self) -> None:
        drain([*self.workers, self.sink])

    def get(self, path: str, who: str = "", lang: str = "zh", status: int = 200, **params: Any) -> Any:
        headers = {"Authorization": f"Bearer {who}"} if who else {}
        found: Response = self.http.get(f"/api/v1/{path}", params={"lang": lang, **params}, headers=headers)
        assert found.status_code == status, found.text
        return found.json()

    def titles(self, **params: Any) -> list[str]:
        return [hit["title"] for hit in self.get("search", **params)["hits"]]

    def close(self) -> None:
        for closing in (self.http, self.sink, *self.workers, self.files, self.catalogue, self.records, self.log):
            closing.close()  # type: ignore[attr-defined]


def fill(spine: Spine) -> None:
    """Six records of all kinds that refer to each other."""
    for kind, raw in (("instrument", INSTRUMENT), ("instrument", SPECTROMETER), ("organisation", ORGANISATION)):
        spine.submit(kind, raw)
    for kind, raw in (("laboratory", LABORATORY), ("expert", EXPERT), ("project", PROJECT)):
        spine.submit(kind, raw)
    spine.settle()
