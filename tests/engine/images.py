"""Images for an engine without a registry: stand-ins, built from the servers' own artefacts and Debian's packages.

They prove the hub's image, the services, networks, health checks, volumes and routes of docker-compose.yml; they do not
prove the official images, and say so by their labels.
"""

import hashlib
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from app.devstack import elasticsearch, kafka
from app.devstack.cache import cache_folder, fetched
from app.devstack.hold import ServerFailed
from app.devstack.java import jdk_home
from tests.engine.daemon import Engine, run

ROOT = Path(__file__).resolve().parents[2]
SERVER_SERVICES = ("kafka", "elasticsearch", "postgresql")
"""What testcontainers starts, by the names of the services in docker-compose.yml."""
LABEL = "research-hub.stand-in"
INPUTS_LABEL = "research-hub.inputs"
_FOLDER = Path(__file__).parent / "standins"
_BASE, _JAVA = "research-hub-standin:base", "research-hub-standin:java"
_DEBIAN = "bookworm"
_BASE_PACKAGES = "python3,python3-venv,python3-pip,ca-certificates"
_JDK_LEFT_OUT = shutil.ignore_patterns("jmods", "src.zip", "man", "demo", "include")
_KEYCLOAK = "26.7.3"
_KEYCLOAK_SHA256 = "27a6535553c3cdcd083872ba40629efafb3475e3b758e0c6f691395561dd0f1f"
_KAFKA_CONSOLE = (
    "org/apache/logging/log4j/log4j-slf4j-impl/2.25.5/log4j-slf4j-impl-2.25.5.jar",
    "3d25b926bc6025c47ec010459749c12aa66b9d5537ba1922d67d89a098a66607",
)
"""Brings the broker's log to the console."""


@dataclass(frozen=True)
class StandIn:
    """How the image of one repository is made: the folder of its Dockerfile, and what is put beside it."""

    folder: str
    contents: str
    """What it holds, for its label and the summary."""
    parent: str
    fill: Callable[[Path], None]


def _fill_nothing(_: Path) -> None: ...


def _fill_java(context: Path) -> None:
    # Debian's packages link their configuration from elsewhere.
    shutil.copytree(jdk_home(), context / "jdk", ignore=_JDK_LEFT_OUT, ignore_dangling_symlinks=True)


def _fill_kafka(context: Path) -> None:
    (context / "libs").mkdir()
    path, sha256 = _KAFKA_CONSOLE
    console = fetched(path, sha256, cache_folder() / Path(path).name)
    for jar in (*Path(kafka.class_path().removesuffix("/*")).glob("*.jar"), console):
        shutil.copy(jar, context / "libs")


def _fill_elasticsearch(context: Path) -> None:
    shutil.copytree(elasticsearch.fetched_home(), context / "home")


def _fill_keycloak(context: Path) -> None:
    path = f"org/keycloak/keycloak-quarkus-dist/{_KEYCLOAK}/keycloak-quarkus-dist-{_KEYCLOAK}.zip"
    archive = fetched(path, _KEYCLOAK_SHA256, cache_folder() / Path(path).name)
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(context)
    (context / f"keycloak-{_KEYCLOAK}").rename(context / "home")
    (context / "home" / "bin" / "kc.sh").chmod(0o755)


STAND_INS: Mapping[str, StandIn] = {
    "apache/kafka": StandIn("kafka", f"Kafka {kafka.VERSION}", _JAVA, _fill_kafka),
    "docker.elastic.co/elasticsearch/elasticsearch": StandIn(
        "elasticsearch", f"Elasticsearch {elasticsearch.VERSION}", _JAVA, _fill_elasticsearch
    ),
    "postgres": StandIn("postgresql", "PostgreSQL 15", _BASE, _fill_nothing),
    "caddy": StandIn("caddy", "Caddy 2.6", _BASE, _fill_nothing),
    "quay.io/keycloak/keycloak": StandIn("keycloak", f"Keycloak {_KEYCLOAK}", _JAVA, _fill_keycloak),
}
"""By the repository of the image whose place it takes."""


@cache
def _services() -> dict[str, dict[str, Any]]:
    return dict(yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"])


def service_images() -> dict[str, str]:
    """The image of each service of docker-compose.yml that is started without a profile, but for the hub's own."""
    return {
        name: service["image"]
        for name, service in _services().items()
        if "build" not in service and "profiles" not in service
    }


def base_images() -> list[str]:
    """What the Dockerfile builds on."""
    return re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)


def ensure_images(engine: Engine, services: Sequence[str]) -> None:
    """Have the images of these services: on an engine of our own stand-ins, on another what a registry has."""
    for service in services:
        image = service_images()[service]
        if engine.own:
            _ensure_stand_in(engine, image)
        elif not engine.has(image):
            engine.run("pull", image)


def _ensure_base_images(engine: Engine) -> None:
    """Have what the hub's own image is built on."""
    for image in base_images():
        if engine.own:
            engine.run("tag", _ensure_base(engine), image)
        elif not engine.has(image):
            engine.run("pull", image)


def hub_image() -> str:
    """The tag that docker-compose.yml gives the hub's own image."""
    (tag,) = {service["image"] for service in _services().values() if "build" in service}
    return str(tag)


def ensure_hub_image(engine: Engine) -> None:
    """Build the checkout's Dockerfile; what has not changed since the last time is not built again."""
    _ensure_base_images(engine)
    # The stage that builds has a tag as well, or clearing away would take its layers.
    for tag, stage in ((f"{hub_image()}-build", ("--target", "build")), (hub_image(), ())):
        engine.run("build", "--network", "host", *stage, "--tag", tag, str(ROOT))


def contents(engine: Engine, image: str) -> str:
    """What an image is, for the summary: its tag, and what a stand-in holds in its place."""
    held = engine.label(image, LABEL)
    return f"{image} (stand-in: {held})" if held else image


def _ensure_stand_in(engine: Engine, image: str) -> None:
    made = STAND_INS.get(image.partition(":")[0])
    if made is None:
        raise ServerFailed(f"there is no stand-in for {image}")
    parent = {_BASE: _ensure_base, _JAVA: _ensure_java}[made.parent](engine)
    _build(engine, image, made, parent)


def _ensure_java(engine: Engine) -> str:
    made = StandIn("java", f"JDK {jdk_home().name}", _BASE, _fill_java)
    _build(engine, _JAVA, made, _ensure_base(engine))
    return _JAVA


def _build(engine: Engine, image: str, made: StandIn, parent: str) -> None:
    """Build it where it is not there from the same inputs."""
    inputs = inputs_of(_FOLDER / made.folder, made.contents, engine.label(parent, INPUTS_LABEL))
    if _is_current(engine, image, inputs):
        return
    with tempfile.TemporaryDirectory(prefix="context-", dir=cache_folder()) as folder:
        context = Path(folder) / made.folder
        shutil.copytree(_FOLDER / made.folder, context)
        made.fill(context)
        labels = ("--label", f"{LABEL}={made.contents}", "--label", f"{INPUTS_LABEL}={inputs}")
        engine.run("build", "--network", "host", *labels, "--tag", image, str(context))


def _ensure_base(engine: Engine) -> str:
    """Debian with Python, as the images that the Dockerfile names; with the CA bundle that pip is told to use."""
    bundle = os.environ.get("PIP_CERT", "")
    inputs = inputs_of(None, _DEBIAN, _BASE_PACKAGES, bundle, Path(bundle).read_bytes() if bundle else b"")
    if not _is_current(engine, _BASE, inputs):
        with tempfile.TemporaryDirectory(prefix="base-", dir=cache_folder()) as folder:
            archive = Path(folder) / "base.tar"
            run(
                "mmdebstrap", "--variant=minbase", f"--include={_BASE_PACKAGES}", *_hooks(bundle), _DEBIAN, str(archive)
            )
            changes = [f"LABEL {LABEL}=Debian-{_DEBIAN} {INPUTS_LABEL}={inputs}", 'CMD ["python"]']
            changes += [f"ENV PIP_CERT={_BUNDLE}"] if bundle else []
            options = [word for change in changes for word in ("--change", change)]
            engine.run("import", *options, str(archive), _BASE)
    return _BASE


_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


def _hooks(bundle: str) -> list[str]:
    link = "--customize-hook=ln -s python3 $1/usr/bin/python"
    return [link, f"--customize-hook=upload {bundle} {_BUNDLE}"] if bundle else [link]


def _is_current(engine: Engine, image: str, inputs: str) -> bool:
    return engine.has(image) and engine.label(image, INPUTS_LABEL) == inputs


def inputs_of(folder: Path | None, *others: str | bytes) -> str:
    """A digest of what an image is made from; another one has it built again."""
    digest = hashlib.sha256()
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder else []
    for part in (*(part for path in files for part in (path.name, path.read_bytes())), *others):
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()
