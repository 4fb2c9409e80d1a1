"""The files that the containers mount, and the image: gateway routes, alerts, dashboard, realm, lock file."""

import json
import re
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import pytest
import yaml
from fastapi.routing import APIRoute

from app import me
from hub import __version__
from hub.auth.sources import load_sources
from hub.kernel.access import Role
from hub.runtime.settings import Settings
from hub.web.connections import IDLE_SECONDS
from schemas.topics import contracts
from services.accounts import api as accounts
from services.booking import api as booking
from services.catalog import api as catalog
from services.curation import api as curation
from services.ingest import api as ingest
from services.privacy import api as privacy
from services.usage import api as usage

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
ALERTS = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text("utf-8"))
PROMETHEUS = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text("utf-8"))
REALM = json.loads((ROOT / "deploy/oidc/realm.json").read_text("utf-8"))
DASHBOARD = json.loads((ROOT / "deploy/grafana/dashboards/hub.json").read_text("utf-8"))
CADDYFILE = (ROOT / "deploy/gateway/Caddyfile").read_text("utf-8")
PORTAL_PATHS = ("/", "/records/instrument-a", "/bookings", "/import", "/sign-in", "/static/abc/portal.css")
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)


def routed() -> list[tuple[re.Pattern[str], str]]:
    """The gateway's rules in their order: what a path looks like, and the service it goes to."""
    (table,) = re.findall(r"\n\tmap \{path\} \{service\} \{\n(.*?)\n\t\}", CADDYFILE, re.DOTALL)
    *rules, (rest, other) = [line.split() for line in table.splitlines()]
    assert rest == "default"
    assert all(shape.startswith("~^") for shape, _ in rules)
    return [*((re.compile(shape[1:]), service) for shape, service in rules), (re.compile(""), other)]


def service_of(path: str) -> str:
    return next(service for shape, service in routed() if shape.match(path))


@pytest.mark.parametrize(
    ("module", "service"),
    [
        (accounts, "accounts"),
        (ingest, "ingest"),
        (curation, "curation"),
        (catalog, "catalog"),
        (booking, "booking"),
        (usage, "usage"),
        (privacy, "privacy"),
    ],
)
def test_the_gateway_sends_each_path_of_an_api_to_its_service(module: Any, service: str) -> None:
    behind: Any = SimpleNamespace(sign_ins=None, organisations=None, tokens=None)
    stores = {usage: 2, booking: 2, curation: 4, privacy: 2}.get(module, 1)
    router = module.router(*[behind] * stores)
    paths = {route.path for route in router.routes if isinstance(route, APIRoute)}
    assert len(paths) >= 2
    assert {path: service_of(re.sub(r"\{.*?\}", "x-1", path)) for path in paths} == dict.fromkeys(paths, service)


def test_the_gateway_gives_no_request_to_a_connection_that_the_hub_is_closing() -> None:
    (seconds,) = re.findall(r"\bkeepalive (\d+)s\b", CADDYFILE)
    assert int(seconds) < IDLE_SECONDS


def test_the_gateway_sends_pages_to_the_portal_and_knows_every_service() -> None:
    assert {service_of(path) for path in PORTAL_PATHS} == {"portal"}
    (route,) = me.router(load_sources(None)).routes
    assert isinstance(route, APIRoute)
    assert service_of(route.path) in COMPOSE["services"]
    assert {service for _, service in routed()} <= set(COMPOSE["services"])
    assert int(re.findall(r"max_size (\d+)MB", CADDYFILE)[0]) * 10**6 > Settings().max_body_bytes


def test_every_alert_watches_what_is_scraped() -> None:
    rules = [rule for group in ALERTS["groups"] for rule in group["rules"]]
    for rule in rules:
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert "·" in rule["annotations"]["summary"], "in Chinese and English"
    assert len({rule["alert"] for rule in rules}) == len(rules) >= 8
    roles = set(re.findall(r'service="(\w+)"', str(ALERTS)))
    for name in ("hub", "ready"):
        (job,) = [job for job in PROMETHEUS["scrape_configs"] if job["job_name"] == name]
        assert roles == set(job["dns_sd_configs"][0]["names"])


def test_operators_are_told_what_to_do_for_each_alert_and_how_long_topics_are_kept() -> None:
    told = (ROOT / "docs/operations.md").read_text("utf-8")
    sections = set(re.findall(r"^### (\w+)$", told, re.MULTILINE))
    assert {rule["alert"] for group in ALERTS["groups"] for rule in group["rules"]} <= sections
    kept = {
        name: line for line in told.splitlines() if line.startswith("| `") for name in re.findall(r"`([\w*.-]+)`", line)
    }
    for contract in contracts():
        topic = contract.topic
        line = kept["*.dead-letters" if contract.dead_letters else topic.name]
        days = topic.retention_hours and topic.retention_hours / 24
        words = "for ever" if days is None else "2 years" if days == 730 else f"{days:.0f} days"
        assert words in line, topic.name
        assert line.endswith(f"| {topic.partitions} |"), topic.name


def test_the_hubs_own_metrics_are_read_inside_and_not_outside() -> None:
    assert COMPOSE["services"]["ingest"]["environment"]["HUB_METRICS_PUBLIC"] == "true"
    assert "@inner path /metrics /readyz\n\trespond @inner 404\n" in CADDYFILE


def test_scraped_addresses_are_services_and_dead_letters_are_watched_by_their_names() -> None:
    targets = {
        target.split(":")[0]
        for job in PROMETHEUS["scrape_configs"]
        for static in job.get("static_configs", ())
        for target in static["targets"]
    }
    probed = PROMETHEUS["scrape_configs"][1]
    targets |= {probed["relabel_configs"][-1]["replacement"].split(":")[0], *probed["dns_sd_configs"][0]["names"]}
    assert targets <= set(COMPOSE["services"])
    (rule,) = [rule for group in ALERTS["groups"] for rule in group["rules"] if rule["alert"] == "DeadLetters"]
    shape = re.search(r'topic=~"(.+?)"', rule["expr"])
    assert shape
    watched = {one.topic.name for one in contracts() if re.fullmatch(shape[1].replace("\\\\", "\\"), one.topic.name)}
    assert watched == {one.topic.name for one in contracts() if one.dead_letters}


def test_the_dashboard_has_distinct_panels_that_do_not_overlap() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
        assert all(target["expr"] for target in panel["targets"])
        assert panel["datasource"]["uid"] == "prometheus"


def test_the_realm_gives_the_claims_that_the_hub_reads() -> None:
    settings = Settings()
    assert {role["name"] for role in REALM["roles"]["realm"]} == set(get_args(Role))
    assert {group["name"] for group in REALM["groups"]} <= {source.id for source in load_sources(None)}
    for client in REALM["clients"]:
        configs = [mapper["config"] for mapper in client["protocolMappers"]]
        claims = {config["claim.name"] for config in configs if "claim.name" in config}
        assert claims == {settings.oidc_roles_claim, settings.oidc_sources_claim}
        audiences = {config.get("included.custom.audience") for config in configs} - {None}
        assert audiences == {settings.oidc_audience}
        assert all(config["access.token.claim"] == "true" for config in configs)
        assert client["publicClient"]
        assert not client["implicitFlowEnabled"]
    for user in REALM["users"]:
        assert user["username"].startswith("demo-")
        assert set(user["realmRoles"]) <= set(get_args(Role))


def test_the_image_installs_the_real_profile_by_hash() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lock = (ROOT / "requirements-real.lock").read_text("utf-8")
    pinned, tested = (
        dict(PINNED.findall(lock)),
        dict(PINNED.findall((ROOT / "requirements-dev.lock").read_text("utf-8"))),
    )
    wanted = {
        re.split(r"[\[<>=;]", name)[0] for name in (*project["dependencies"], *project["optional-dependencies"]["real"])
    }
    assert wanted <= set(pinned)
    assert {name: tested.get(name) for name in pinned} == pinned, "the image has other versions than the tests"
    assert lock.count("--hash=sha256:") >= len(pinned)
    assert "index-url" not in lock
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    assert "--require-hashes -r requirements-real.lock" in dockerfile
    stages = re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)
    assert len(stages) == 2
    assert re.search(r"^USER 10001", dockerfile, re.MULTILINE)
    assert "HEALTHCHECK" in dockerfile
    assert COMPOSE["services"]["ingest"]["image"] == f"research-resource-hub:{__version__}"


def test_the_image_has_every_file_that_it_copies() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.MULTILINE)
        for source in line.split()[:-1]
    }
    sent = set(re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    assert copied <= sent
    assert all((ROOT / name).exists() for name in sent)
