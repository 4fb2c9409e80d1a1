"""A hub with something of everything in it, asked over HTTP, for the tests of moving, backup and restore."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import orjson
import psycopg
from fastapi.testclient import TestClient
from kafka import KafkaAdminClient

from app.composition import Hub, compose
from app.operations.tables import OnProgress
from app.server import create_app
from hub.auth.tokens import operator_token
from hub.runtime.manifest import PERSONAL, RECORD_STORE
from hub.runtime.settings import Settings
from hub.text.language import Bilingual
from schemas.topics import contracts
from services.ingest.manifest import VAULT
from tests.waiting import wait_until

INSTRUMENTS = 30
PHONE = "13800138000"
USAGE = {"scope": "instrument", "from": "2026-03", "to": "2026-03"}
UNIVERSITY = {"ror": "https://ror.org/03et85d35", "name_zh": "宁波大学"}
OPEN = [{"days": ["MO", "TU", "WE", "TH", "FR", "SA", "SU"], "opens": "00:00", "closes": "24:00"}]


@contextmanager
def silent(_: Bilingual) -> Iterator[OnProgress]:
    """app.operations.tables.Steps that tell nobody."""
    yield lambda done, total: None


class Live:
    """A hub and its operator's client; `works` is whether its workers do."""

    def __init__(self, settings: Settings, *, works: bool = True) -> None:
        self.settings = settings
        self.hub: Hub = compose(settings)
        self._client = TestClient(create_app(self.hub))
        self._works = works
        if works:
            self._client.__enter__()
        token = operator_token(settings.data_dir)
        self._headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}

    def __enter__(self) -> "Live":
        return self

    def __exit__(self, *_: object) -> None:
        if self._works:
            self._client.__exit__(None, None, None)
        for worker in self.hub.workers if not self._works else ():
            worker.close()
        self.hub.close()

    def get(self, path: str, **parameters: str) -> Any:
        answer = self._client.get(f"/api/v1/{path}", params=parameters, headers=self._headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any, **headers: str) -> Any:
        answer = self._client.post(f"/api/v1/{path}", json=body, headers=self._headers | headers)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def post_for_status(self, path: str, body: Any) -> int:
        return int(self._client.post(f"/api/v1/{path}", json=body, headers=self._headers).status_code)

    def submit(self, kind: str, source: str, rows: list[dict[str, Any]], operation: str = "upsert") -> str:
        """The receipt's id."""
        answer = self._client.post(
            f"/api/v1/submissions/{kind}",
            params={"source": source, "operation": operation, "format": "ndjson"},
            content=b"\n".join(map(orjson.dumps, rows)),
            headers=self._headers,
        )
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def states(self, receipt: str) -> dict[str, int]:
        return {name: count for name, count in self.get(f"receipts/{receipt}")["states"].items() if count}

    def settled(self, receipt: str) -> None:
        wait_until(lambda: not {"received", "curated"} & set(self.states(receipt)))

    def found(self, text: str) -> list[dict[str, Any]]:
        return list(self.get("search", q=text, size="50")["hits"])


def instrument(number: int, version: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "_id": f"M-{number}",
        "_version": version,
        "inventory_number": f"M-{number}",
        "name_zh": f"搬迁光谱仪{number}",
        "owner": UNIVERSITY,
        "shared": True,
        "status": "in_service",
        "opening_hours": OPEN,
        "slot_minutes": 60,
        "booking_confirmation": "automatic",
        **more,
    }


def tomorrow(hour: int) -> str:
    day = (datetime.now(UTC) + timedelta(days=2)).date()
    return f"{day}T{hour:02}:00:00+08:00"


def fill(live: Live) -> dict[str, str]:
    """Something of everything; returns the names of what is looked for later."""
    rows = [instrument(number) for number in range(INSTRUMENTS)]
    receipt = live.submit("instrument", "owner", [*rows, instrument(99, status="perhaps")])
    live.settled(receipt)
    known = {hit["title"]: hit["id"] for hit in live.found("搬迁光谱仪")}
    first, second, gone = (known[f"搬迁光谱仪{number}"] for number in (0, 1, 2))
    said = live.submit("instrument", "zhejiang", [instrument(0, name_zh="省里的光谱仪")])
    experts = [{"_id": "E-1", "_version": 1, "expert_number": "E-1", "name_zh": "陈老师", "phone": PHONE}]
    private = live.submit("expert", "owner", experts)
    live.submit(
        "instrument",
        "owner",
        [{"_id": "M-2", "_version": 2, "inventory_number": "M-2", "owner": UNIVERSITY}],
        "withdraw",
    )
    for one in (said, private):
        live.settled(one)
    live.post(f"records/{first}/preferences", {"field": "name_zh", "source": "zhejiang", "source_record_id": "M-0"})
    live.post("same-as", {"left": known["搬迁光谱仪3"], "right": known["搬迁光谱仪4"], "decision": "joined"})
    booking = live.post("bookings", {"instrument": first, "start": tomorrow(9), "end": tomorrow(10), "purpose": "搬迁"})
    live.post(f"bookings/{booking['id']}/cancel", {"reason": "改期"})
    kept = live.post("bookings", {"instrument": first, "start": tomorrow(11), "end": tomorrow(12), "purpose": "搬迁"})
    saved = live.post("saved-searches", {"name": "光谱", "query": "q=光谱仪"})
    runs = [{"id": f"r{hour}", **run_at(hour)} for hour in range(8, 18)]
    live.post(f"instruments/{second}/telemetry", runs)
    wait_until(lambda: live.get("usage", **USAGE, id=second)["total"]["effective_hours"] == 5.0)
    return {
        "receipt": receipt, "first": first, "second": second, "gone": gone, "booking": kept["id"],
        "cancelled": booking["id"], "saved": saved["id"], "private": private,
    }  # fmt: skip


def run_at(hour: int) -> dict[str, str]:
    """Half an hour's run."""
    day = "2026-03-02T"
    return {
        "started_at": f"{day}{hour:02}:00:00+08:00",
        "ended_at": f"{day}{hour:02}:30:00+08:00",
        "user_kind": "external",
    }


def looked_at(live: Live, known: Mapping[str, str]) -> dict[str, Any]:
    """What a reader sees of all that `fill` made; equal before and after a move."""
    record = live.get(f"records/{known['first']}")
    return {
        "states": live.states(known["receipt"]),
        "refused": live.get(f"receipts/{known['receipt']}/rows", limit="50")["rows"][-1],
        "record": record,
        "history": live.get(f"records/{known['first']}/history"),
        "decisions": live.get(f"records/{known['first']}/decisions"),
        "gone": live.get(f"records/{known['gone']}"),
        "bookings": [live.get(f"bookings/{known[name]}") for name in ("booking", "cancelled")],
        "searches": live.get("saved-searches"),
        "usage": live.get("usage", **USAGE, id=known["second"]),
        "found": sorted((hit["id"], hit["version"]) for hit in live.found("光谱仪")),
    }


def revealed(live: Live) -> set[str]:
    """The private values that can be opened, by the tokens that records of experts have."""
    tokens = [record.fields["phone"] for record in live.hub.get(RECORD_STORE).scan("expert")]
    old = live.hub.get(VAULT).reveal(tokens)
    return {*old.values(), *live.hub.get(PERSONAL).open(tokens).values()}


def environment_of(settings: Settings) -> dict[str, str]:
    """The settings as a shell would have them."""
    names = ("profile", "kafka_bootstrap", "elasticsearch_url", "postgresql_dsn", "partitions")
    return {**os.environ, **{f"HUB_{name.upper()}": str(getattr(settings, name)) for name in names}}


@dataclass(frozen=True)
class Servers:
    """The addresses of Kafka, Elasticsearch and PostgreSQL that a test has for itself."""

    kafka: str
    elasticsearch: str
    database: str

    def settings(self, folder: Path) -> Settings:
        return Settings(
            profile="real",
            data_dir=folder,
            kafka_bootstrap=self.kafka,
            elasticsearch_url=self.elasticsearch,
            postgresql_dsn=self.database,
            partitions=3,
        )

    def wipe(self) -> None:
        """Take the hub's topics, catalogue and tables away, as if these servers were new."""
        admin = KafkaAdminClient(bootstrap_servers=self.kafka)
        ours = {contract.topic.name for contract in contracts()}
        if there := sorted(ours & set(admin.list_topics())):
            admin.delete_topics(there)
        wait_until(lambda: not ours & set(admin.list_topics()))
        admin.close()
        with urlopen(Request(f"{self.elasticsearch}/_cat/indices/hub-records*?format=json")) as answer:
            for index in orjson.loads(answer.read()):
                urlopen(Request(f"{self.elasticsearch}/{index['index']}", method="DELETE")).close()
        with psycopg.connect(self.database, autocommit=True) as sql:
            sql.execute("DROP SCHEMA public CASCADE")
            sql.execute("CREATE SCHEMA public")
