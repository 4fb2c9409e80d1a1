"""The embedded hub watched from outside: one trace from POST to searchable, metrics, readiness, and what logs keep."""

import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app.composition import Hub, compose
from app.server import create_app
from hub.auth.tokens import operator_token
from hub.kernel.entries import Entry
from hub.kernel.records import SUBMISSIONS
from hub.observability import logs, tracing
from hub.observability.metrics import REGISTRY
from hub.runtime.manifest import CATALOGUE, EVENT_LOG
from hub.runtime.settings import Settings
from tests.waiting import wait_until

pytestmark = pytest.mark.integration
TRACE = "0af7651916cd43dd8448eb211c80319c"
SAMPLED = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
SUBMIT = "/api/v1/submissions/organisation?source=owner&format=ndjson"
PATH = ["ingest.receive", "curation.merge", "curation.relay", "catalogue.sink"]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    hub = compose(Settings(data_dir=tmp_path, failing_seconds=0.0))
    yield hub
    hub.close()


@pytest.fixture
def client(hub: Hub) -> Iterator[TestClient]:
    token = operator_token(hub.settings.data_dir)
    with TestClient(create_app(hub), headers={"Authorization": f"Bearer {token}"}, client=("192.0.2.7", 1)) as client:
        yield client


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    assert tracing.configure("hub", 0.0, exporter=exporter)
    yield exporter
    tracing.shutdown()


def post(client: TestClient, number: int, **headers: str) -> None:
    row = orjson.dumps({"_id": f"o{number}", "name_en": f"Observed {number}", "place": {"country": "CN"}})
    assert client.post(SUBMIT, content=row, headers=headers).status_code == 202


def total(client: TestClient) -> int:
    return int(client.get("/api/v1/search?size=1").json()["total"])


def metric(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def names(spans: InMemorySpanExporter) -> list[str]:
    return [span.name for span in spans.get_finished_spans()]


def test_one_trace_leads_from_a_post_to_searchable(client: TestClient, spans: InMemorySpanExporter) -> None:
    post(client, 1)
    wait_until(lambda: total(client) == 1)
    assert names(spans) == [], "nobody asked for a trace and the ratio is 0"
    post(client, 2, **SAMPLED)
    wait_until(lambda: {*PATH, "usage.counter"} <= set(names(spans)))
    found: dict[str, ReadableSpan] = {span.name: span for span in spans.get_finished_spans()}
    assert {f"{span.context.trace_id:032x}" for span in found.values()} == {TRACE}
    assert set(found) == {*PATH, "POST /api/v1/submissions/{kind}", "usage.counter"}
    receive = found["ingest.receive"].context.span_id
    assert {found[name].parent.span_id for name in PATH[1:]} == {receive}
    begun = [found[name].start_time for name in PATH]
    assert begun == sorted(begun)
    assert all(span.end_time >= span.start_time for span in found.values())
    assert total(client) == 2


def test_a_step_that_fails_is_in_the_trace_and_so_is_its_repetition(
    hub: Hub, client: TestClient, spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = hub.get(CATALOGUE).apply
    broken = iter([True])

    def apply(documents: Any) -> int:
        if next(broken, False):
            raise ConnectionError("the index is away")
        return real(documents)

    monkeypatch.setattr(type(hub.get(CATALOGUE)), "apply", lambda _, documents: apply(documents))
    before = metric("hub_worker_failures_total", worker="catalogue.sink", error="ConnectionError")
    post(client, 1, **SAMPLED)
    wait_until(lambda: names(spans).count("catalogue.sink") == 2)
    failed, repeated = (span for span in spans.get_finished_spans() if span.name == "catalogue.sink")
    assert (failed.status.description, repeated.status.is_unset) == ("ConnectionError", True)
    assert metric("hub_worker_failures_total", worker="catalogue.sink", error="ConnectionError") == before + 1


def test_what_passes_is_counted(hub: Hub, client: TestClient) -> None:
    route = {"method": "POST", "route": "/api/v1/submissions/{kind}", "status": "202"}
    watched: list[tuple[str, dict[str, str]]] = [
        ("hub_ingest_rows_total", {"kind": "organisation", "outcome": "accepted"}),
        ("hub_log_appended_entries_total", {"topic": SUBMISSIONS}),
        ("hub_worker_entries_total", {"worker": "catalogue.sink"}),
        ("hub_freshness_seconds_count", {}),
        ("hub_http_requests_total", route),
        ("hub_http_requests_total", {"method": "GET", "route": "/records/{record_id}", "status": "404"}),
        ("hub_dead_letters_total", {"topic": SUBMISSIONS, "reason": "no-event"}),
    ]
    before = [metric(name, **labels) for name, labels in watched]
    for number in range(3):
        post(client, number)
    hub.get(EVENT_LOG).append(SUBMISSIONS, [Entry(b"key", b"{}")])
    assert client.get("/records/nobody").status_code == 404

    def grown() -> list[float]:
        return [metric(name, **labels) - early for (name, labels), early in zip(watched, before, strict=True)]

    wait_until(lambda: grown() == [3, 4, 3, 3, 3, 1, 1])
    assert REGISTRY.get_sample_value("hub_worker_lag_entries", {"worker": "catalogue.sink"}) is not None
    text = client.get("/metrics").text
    assert all(name.removesuffix("_count") in text for name, _ in watched)
    assert '"owner"' not in text, "the source of the records is no label"


def test_metrics_are_for_operators_and_this_machine(hub: Hub, client: TestClient) -> None:
    app = client.app
    member = hub.access.issue("company", {"member"}, ())
    far = TestClient(app, client=("192.0.2.7", 1))
    near = TestClient(app, client=("127.0.0.1", 1))
    assert client.get("/metrics").status_code == 200
    assert far.get("/metrics").status_code == 401
    assert far.get("/metrics", headers={"Authorization": f"Bearer {member}"}).status_code == 403
    assert near.get("/metrics").status_code == 200
    assert near.get("/metrics", headers={"X-Forwarded-For": "192.0.2.7"}).status_code == 401


def test_readiness_tells_which_part_is_missing(hub: Hub, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.get("/healthz").json()["status"] == "ok"
    ready = client.get("/readyz")
    assert ready.status_code == 200
    checks = ready.json()["checks"]
    assert {f"store {name}" for name in ("event_log", "records", "catalogue", "bookings", "receipts", "vault")} < set(
        checks
    )
    assert {f"worker {worker.name}" for worker in hub.workers} < set(checks)

    def gone(*_: Any) -> None:
        raise ConnectionError("password=hunter2 for 10.0.0.5")

    monkeypatch.setattr(type(hub.get(CATALOGUE)), "versions", gone)
    monkeypatch.setattr(type(hub.get(CATALOGUE)), "apply", gone)
    post(client, 1)
    wait_until(lambda: client.get("/readyz").json()["checks"]["worker catalogue.sink"]["status"] == "failing")
    wait_until(lambda: client.get("/readyz").json()["checks"]["store catalogue"]["status"] == "failing")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert [name for name, check in answer.json()["checks"].items() if check["status"] != "ok"] == [
        "worker catalogue.sink",
        "store catalogue",
    ]
    assert "hunter2" not in answer.text
    assert client.get("/healthz").status_code == 200, "restarting would mend nothing"


def test_no_private_value_reaches_the_log_when_ingest_breaks(hub: Hub, client: TestClient, monkeypatch: Any) -> None:
    private = {"phone": "13812345678", "email": "li.hua@lab.example.cn", "name": "李华", "id": "11010519491231002X"}
    body = orjson.dumps({"_id": "p1", "name_en": "x", **private})
    told = io.StringIO()
    handler = logs.configure("json", "DEBUG", told)
    monkeypatch.setattr(logging.getLogger("httpx"), "disabled", True)

    def broken(_: Any, topic: str, entries: list[Entry]) -> None:
        raise ValueError(f"cannot store {body.decode()} of {topic}, {entries}")

    monkeypatch.setattr(type(hub.get(EVENT_LOG)), "append", broken)
    try:
        row = orjson.dumps({"_id": "p1", "name_en": "x", "place": {"country": "CN"}})
        answer = client.post(SUBMIT, content=row, headers={"Idempotency-Key": "k1"})
        assert answer.status_code == 503
        client.post(SUBMIT, content=body)
    finally:
        logging.getLogger().removeHandler(handler)
        logging.getLogger().setLevel(logging.WARNING)
    lines = [orjson.loads(line) for line in told.getvalue().splitlines()]
    (broke,) = [line for line in lines if line["logger"] == "hub.ingest"]
    assert broke["error"][0] == {"type": "ValueError", "message": "", "at": broke["error"][0]["at"]}
    assert any("service.py" in place for place in broke["error"][0]["at"])
    token = operator_token(hub.settings.data_dir)
    assert [value for value in (*private.values(), str(token), "vault:") if value in told.getvalue()] == []
