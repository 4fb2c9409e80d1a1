"""docker-compose.yml, checked without a Docker engine: structure, references, limits, versions, secrets."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.composition import MANIFESTS
from app.composition import ROLES as HUB_ROLES
from app.devstack import elasticsearch, kafka, postgresql
from hub.runtime.manifest import Manifest
from hub.runtime.settings import Settings
from tests.unit.jsonschema_subset import faults

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ROLES = set(HUB_ROLES)
VARIABLE = re.compile(r"\$\{(\w+)(?:(:?[-?])([^}]*))?\}")

TEXT = {"type": "string"}
TEXTS = {"type": "array", "items": TEXT}
TEXT_OR_TEXTS = {"anyOf": [TEXT, TEXTS]}
SCALAR = {"anyOf": [TEXT, {"type": "integer"}, {"type": "number"}]}
DURATION = {"type": "string", "pattern": r"^(\d+h)?(\d+m)?(\d+s)?$", "minLength": 2}
SIZE = {"type": "string", "pattern": r"^\d+(b|k|kb|m|mb|g|gb)$"}
CONDITIONS = ["service_started", "service_healthy", "service_completed_successfully"]


def closed(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


# What the Compose Specification allows of the elements that the file uses; anything else in it is a fault.
SERVICE = closed(
    {
        "image": {"type": "string", "pattern": r"^[a-z0-9./-]+:[A-Za-z0-9._-]+$"},
        "build": closed({"context": TEXT}, "context"),
        "command": TEXTS,
        "profiles": TEXTS,
        "restart": {"type": "string", "pattern": r"^(no|always|unless-stopped|on-failure(:\d+)?)$"},
        "init": {"type": "boolean"},
        "read_only": {"type": "boolean"},
        "tmpfs": TEXT_OR_TEXTS,
        "cap_drop": TEXTS,
        "cap_add": TEXTS,
        "security_opt": TEXTS,
        "shm_size": SIZE,
        "stop_grace_period": DURATION,
        "networks": TEXTS,
        "volumes": TEXTS,
        "ports": TEXTS,
        "environment": {"type": "object", "additionalProperties": SCALAR},
        "ulimits": {"type": "object", "additionalProperties": closed({"soft": SCALAR, "hard": SCALAR}, "soft", "hard")},
        "logging": closed({"driver": TEXT, "options": {"type": "object", "additionalProperties": TEXT}}, "driver"),
        "depends_on": {
            "type": "object",
            "additionalProperties": closed({"condition": {"enum": CONDITIONS}}, "condition"),
        },
        "healthcheck": closed(
            {
                "test": TEXTS,
                "interval": DURATION,
                "timeout": DURATION,
                "start_period": DURATION,
                "retries": {"type": "integer", "minimum": 1},
                "disable": {"type": "boolean"},
            }
        ),
        "deploy": closed(
            {
                "resources": closed(
                    {
                        "limits": closed(
                            {"cpus": {"type": "string", "pattern": r"^\d+\.\d+$"}, "memory": SIZE, "pids": SCALAR},
                            "cpus",
                            "memory",
                        )
                    },
                    "limits",
                )
            },
            "resources",
        ),
    },
    "image",
    "networks",
    "restart",
    "logging",
    "healthcheck",
    "deploy",
)
FILE = closed(
    {
        "name": TEXT,
        "x-logging": {"type": "object"},
        "x-every-role": {"type": "object"},
        "x-hub": {"type": "object"},
        "services": {"type": "object", "additionalProperties": SERVICE},
        "networks": {"type": "object", "additionalProperties": closed({"internal": {"type": "boolean"}})},
        "volumes": {"type": "object", "additionalProperties": closed({})},
    },
    "name",
    "services",
)


def texts(value: Any) -> Iterator[str]:
    """Every string within the value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


def seconds(duration: str) -> int:
    return sum(
        int(number) * {"h": 3600, "m": 60, "s": 1}[unit] for number, unit in re.findall(r"(\d+)([hms])", duration)
    )


def test_the_file_is_a_compose_file() -> None:
    assert list(faults(FILE, COMPOSE)) == []


def test_what_is_named_is_declared() -> None:
    used_volumes, used_networks = set(), set()
    for name, service in SERVICES.items():
        used_networks |= set(service["networks"])
        for other, wanted in service.get("depends_on", {}).items():
            assert other in SERVICES, f"{name} depends on {other}"
            if wanted["condition"] == "service_healthy":
                assert "test" in SERVICES[other]["healthcheck"], f"{name} waits for the health of {other}"
            else:
                assert SERVICES[other]["restart"].startswith("on-failure"), f"{other} would never complete"
            assert set(SERVICES[other].get("profiles", ())) <= set(service.get("profiles", ())), f"{other} may be off"
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (ROOT / source).exists(), f"{name} mounts {source}, which is not there"
                assert volume.endswith(":ro")
            else:
                used_volumes.add(source)
    assert used_volumes == set(COMPOSE["volumes"])
    assert used_networks == set(COMPOSE["networks"])


def test_no_service_waits_for_itself() -> None:
    waits = {name: set(service.get("depends_on", ())) for name, service in SERVICES.items()}
    while ready := [name for name, others in waits.items() if not others]:
        waits = {name: others - set(ready) for name, others in waits.items() if name not in ready}
    assert waits == {}


def test_each_service_is_watched_bounded_and_started_again() -> None:
    for name, service in SERVICES.items():
        health = service["healthcheck"]
        if name == "prepare":
            assert health == {"disable": True}
            continue
        assert health["test"][0] in ("CMD", "CMD-SHELL"), name
        assert seconds(health["timeout"]) <= seconds(health["interval"]), name
        assert service["restart"] == "unless-stopped", name
        assert set(service["logging"]["options"]) == {"max-size", "max-file"}, name


def test_there_is_a_container_a_role_from_one_image_without_privileges() -> None:
    hubs = {name: service for name, service in SERVICES.items() if "build" in service}
    assert {service["command"][1] for service in hubs.values() if service["command"][0] == "serve"} == ROLES
    for name, service in hubs.items():
        if name != "prepare":
            assert service["command"] == ["serve", name]
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert "ports" not in service, (
            "the gateway alone is reached from outside, so that a role can have many containers"
        )
    assert len({service["image"] for service in hubs.values()}) == 1


@pytest.mark.parametrize("manifest", MANIFESTS, ids=[manifest.role for manifest in MANIFESTS])
def test_a_role_waits_for_the_stores_that_it_opens_and_holds_their_secrets_alone(manifest: Manifest) -> None:
    service, servers = SERVICES[manifest.role], {"kafka", "elasticsearch", "postgresql"}
    settings = {"HUB_KAFKA_BOOTSTRAP", "HUB_ELASTICSEARCH_URL", "HUB_POSTGRESQL_DSN"}
    opens = bool(manifest.needs or manifest.uses)
    assert set(service["depends_on"]) == ({"prepare", *servers} if opens else set())
    assert settings & set(service["environment"]) == (settings if opens else set())
    assert ("HUB_API_URL" in service["environment"]) == bool(manifest.pages)


def test_every_setting_of_the_hub_exists() -> None:
    named = {
        name.removeprefix("HUB_").lower()
        for service in SERVICES.values()
        if "build" in service
        for name in service["environment"]
        if name.startswith("HUB_")
    }
    assert named <= set(Settings.model_fields)
    assert {"profile", "kafka_bootstrap", "elasticsearch_url", "postgresql_dsn", "oidc_issuer"} <= named
    assert SERVICES["ingest"]["environment"]["HUB_PROFILE"] == "real"
    assert "partitions" not in named, "the contracts of the topics say it"


def test_images_have_the_versions_that_the_hub_is_tested_on() -> None:
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{kafka.VERSION}"
    assert SERVICES["elasticsearch"]["image"].endswith(f":{elasticsearch.VERSION}")
    assert SERVICES["postgresql"]["image"] == f"postgres:{postgresql.CONTAINER_VERSION}"
    assert not [name for name, service in SERVICES.items() if service["image"].endswith(":latest")]


def test_no_secret_is_in_the_file_and_each_is_in_the_example() -> None:
    example = (ROOT / ".env.example").read_text("utf-8")
    known = dict(re.findall(r"^#?(\w+)=(.*)$", example, re.MULTILINE))
    for text in texts(COMPOSE["services"]):
        for name, operator, default in VARIABLE.findall(text):
            assert name in known or operator == ":-", name
            if name.endswith("_PASSWORD"):  # none is needed where a mail server asks for none
                optional = name == "HUB_SMTP_PASSWORD" and not default
                assert operator == ":?" or optional, f"{name} must have no default"
                assert known[name] == ""
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            if re.search("PASS|SECRET|TOKEN|KEY$", variable):
                assert VARIABLE.fullmatch(str(value)), f"{name}: {variable}"
    realm = (ROOT / "deploy/oidc/realm.json").read_text("utf-8")
    assert set(re.findall(r'"value": "(.*)"', realm)) == {"${HUB_DEMO_PASSWORD}"}
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()


def test_only_the_gateway_is_published_beyond_this_machine() -> None:
    open_to_all = {
        name
        for name, service in SERVICES.items()
        for port in service.get("ports", ())
        if not port.startswith("127.0.0.1:")
    }
    assert open_to_all == {"gateway"}
    inner = [name for name, service in SERVICES.items() if service["networks"] == ["backend"]]
    assert COMPOSE["networks"]["backend"] == {"internal": True}
    assert {"kafka", "elasticsearch", "postgresql", *ROLES} <= set(inner)


@pytest.mark.parametrize("fault", ["image", "depends_on", "cpus"])
def test_the_structural_check_finds_faults(fault: str) -> None:
    broken = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    if fault == "image":
        broken["services"]["kafka"]["image"] = "apache/kafka"
    elif fault == "depends_on":
        broken["services"]["ingest"]["depends_on"]["kafka"] = {"condition": "healthy"}
    else:
        broken["services"]["kafka"]["deploy"]["resources"]["limits"]["cpu"] = "1.0"
    assert any(fault.rstrip("s") in found for found in faults(FILE, broken))
