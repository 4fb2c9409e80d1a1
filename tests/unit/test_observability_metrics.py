"""Metrics: the histogram that counts at once, bounded labels, and that dashboard and alerts name what there is."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from hub.observability import metrics
from hub.observability.metrics import CountedHistogram
from hub.web.observation import UNMATCHED, Observed

pytestmark = pytest.mark.unit
ROOT = Path(__file__).resolve().parents[2]
DASHBOARD = json.loads((ROOT / "deploy/grafana/dashboards/hub.json").read_text("utf-8"))
ALERTS = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text("utf-8"))


def test_counting_equal_values_at_once_gives_the_same_histogram() -> None:
    one, other = CollectorRegistry(), CollectorRegistry()
    counted = CountedHistogram("hub_x_seconds", "X.", (0.1, 1.0), one)
    usual = Histogram("hub_x_seconds", "X.", buckets=(0.1, 1.0), registry=other)
    for value, times in ((0.1, 3), (0.5, 1), (7.0, 2), (0.0, 1)):
        counted.observe(value, times)
        for _ in range(times):
            usual.observe(value)
    told = [line for line in generate_latest(other).decode().splitlines() if "_created" not in line]
    assert generate_latest(one).decode().splitlines() == told


def test_freshness_counts_from_the_arrival_and_passes_over_foreign_times() -> None:
    before = metrics.REGISTRY.get_sample_value("hub_freshness_seconds_bucket", {"le": "0.25"}) or 0.0
    arrivals = ["2026-01-01T00:00:00.000000Z"] * 3 + ["2026-01-01T00:01:00Z", "soon"]
    metrics.searchable(arrivals, 1767225600.2)
    after = metrics.REGISTRY.get_sample_value("hub_freshness_seconds_bucket", {"le": "0.25"})
    assert after == before + 4, "a clock that is behind counts as no time at all"


def test_reasons_that_anybody_can_make_up_are_bounded() -> None:
    for number in range(metrics.LABEL_VALUES + 50):
        metrics.dead_letter("made-up", f"reason-{number}")
    told = generate_latest(metrics.REGISTRY).decode()
    series = re.findall(r'hub_dead_letters_total\{reason="(.*?)",topic="made-up"\}', told)
    assert len(series) <= metrics.LABEL_VALUES + 1
    assert metrics.OTHER in series


def test_requests_are_counted_by_route_not_by_address() -> None:
    app = FastAPI()
    app.add_middleware(Observed)

    @app.get("/things/{name}")
    def thing(name: str) -> str:
        if name == "broken":
            raise RuntimeError
        return name

    def count(method: str, route: str, status: str) -> float:
        labels = {"method": method, "route": route, "status": status}
        return metrics.REGISTRY.get_sample_value("hub_http_requests_total", labels) or 0.0

    asked = [
        ("GET", "/things/{name}", "200"),
        ("GET", "/things/{name}", "500"),
        ("GET", UNMATCHED, "404"),
        ("other", UNMATCHED, "404"),
    ]
    before = [count(*one) for one in asked]
    client = TestClient(app, raise_server_exceptions=False)
    for method, path in (("GET", "/things/a"), ("GET", "/things/b"), ("GET", "/things/broken"), ("GET", "/wp-admin")):
        client.request(method, path)
    client.request("BREW", "/x")
    assert [count(*one) - early for one, early in zip(asked, before, strict=True)] == [2, 1, 1, 1]
    assert metrics.REGISTRY.get_sample_value("hub_http_active_requests") == 0


def expressions() -> list[str]:
    panels: list[dict[str, Any]] = DASHBOARD["panels"]
    shown = [target["expr"] for panel in panels for target in panel["targets"]]
    variables = [one["query"]["query"] for one in DASHBOARD.get("templating", {}).get("list", ()) if "query" in one]
    return shown + variables + [rule["expr"] for group in ALERTS["groups"] for rule in group["rules"]]


def test_dashboard_and_alerts_name_metrics_that_exist() -> None:
    known = set()
    for family in metrics.REGISTRY.collect():
        suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"], "info": ["_info"]}
        known |= {family.name + suffix for suffix in suffixes.get(family.type, [""])}
    used = {name for one in expressions() for name in re.findall(r"\b(?:hub|process|python)_\w+", one)}
    assert used <= known
    watched = {name for name in known if name.startswith("hub_")}
    assert len(used & watched) >= 15, "the hub's own metrics are what the dashboard is for"


def test_labels_that_are_filtered_by_exist() -> None:
    labels = {
        metric._name: set(metric._labelnames) for metric in vars(metrics).values() if hasattr(metric, "_labelnames")
    }
    for one in expressions():
        for name, given in re.findall(r"\b(hub_\w+)\{([^}]*)\}", one):
            base = re.sub(r"_(total|bucket|sum|count|info)$", "", name)
            assert set(re.findall(r"(\w+)\s*[=!]", given)) - {"le", "job", "service", "instance"} <= labels[base], one
