"""docker-compose.yml up, for the tests of this tier together: with ports, passwords and a name of its own."""

import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from app.devstack.ports import free_port
from tests.e2e.conftest import browser, playwright_driver  # noqa: F401 - fixtures
from tests.engine import SHORT_LIVED_JAVA
from tests.engine.compose import Project, program
from tests.engine.daemon import Engine, engine
from tests.engine.images import ROOT, contents, ensure_hub_image, ensure_images, service_images
from tests.servers import had
from tests.summary import CONTAINER, RAN_ON

PROJECT = "research-hub-test"
REQUEST_SECONDS = 120.0
ON_JAVA = ("elasticsearch", "kafka", "oidc")


@dataclass(frozen=True)
class Deployed:
    """The containers: their project, the gateway's address, and the operator's token."""

    project: Project
    url: str
    operator: str

    def client(self, token: str = "") -> httpx.Client:
        """A client of the API through the gateway; the operator's where no token is given."""
        headers = {"Authorization": f"Bearer {token or self.operator}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=REQUEST_SECONDS)


@pytest.fixture(scope="session")
def docker() -> Iterator[Engine]:
    """An engine with every image that docker-compose.yml starts without a profile."""
    with ExitStack() as stack:
        yield had("containers", lambda: _with_images(stack.enter_context(engine())))


def _with_images(running: Engine) -> Engine:
    program()
    ensure_images(running, list(service_images()))
    ensure_hub_image(running)
    return running


@pytest.fixture(scope="session")
def deployed(
    docker: Engine, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Deployed]:
    """The containers, up and healthy; they and their volumes are gone afterwards, their logs shown if a test failed."""
    gateway, oidc = free_port(), free_port()
    url = f"http://localhost:{gateway}"
    folder = tmp_path_factory.mktemp("compose")
    files = [ROOT / "docker-compose.yml", *_overrides(folder, docker)]
    project = Project(docker, PROJECT, files, _settings(folder, url, gateway, oidc))
    try:
        project.up()
        for name, image in service_images().items():
            RAN_ON[CONTAINER + name] = contents(docker, image)
        yield Deployed(project, url, project.run("exec", "-T", "ingest", "cat", "/var/lib/hub/operator.token").strip())
    finally:
        if request.session.testsfailed:
            with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
                print(project.run("ps", "--all"), project.run("logs", "--no-color", "--tail", "40"), sep="\n")
        project.run("down", "--volumes", "--timeout", "5")


def _overrides(folder: Path, docker: Engine) -> Iterator[Path]:
    """What suits a test: servers that start soon, and no more open files than an engine of ours may allow.

    A sandbox may not raise that limit, even as root.
    """
    yield _override(folder / "java.yml", {name: {"environment": SHORT_LIVED_JAVA} for name in ON_JAVA})
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    limits = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]["elasticsearch"]["ulimits"]
    if docker.own and most < limits["nofile"]["hard"]:
        limits = {"nofile": {"soft": most, "hard": most}}
        yield _override(folder / "limits.yml", {"elasticsearch": {"ulimits": limits}})


def _override(path: Path, services: dict[str, Any]) -> Path:
    path.write_text(yaml.safe_dump({"services": services}))
    return path


def _settings(folder: Path, url: str, gateway: int, oidc: int) -> Path:
    """What deploy/new-env.sh writes, and beside it ports that are free here."""
    (folder / "deploy").mkdir()
    shutil.copy(ROOT / "deploy/new-env.sh", folder / "deploy")
    shutil.copy(ROOT / ".env.example", folder)
    subprocess.run(["sh", folder / "deploy/new-env.sh"], check=True, capture_output=True)
    provider = f"http://localhost:{oidc}"
    settings = {
        "HUB_HTTP_PORT": gateway,
        "HUB_HTTPS_PORT": free_port(),
        "HUB_OIDC_PORT": oidc,
        "HUB_PUBLIC_URL": url,
        "HUB_OIDC_PUBLIC_URL": provider,
        "HUB_OIDC_ISSUER": f"{provider}/realms/research-hub",
    }
    with (folder / ".env").open("a") as file:
        file.writelines(f"{name}={value}\n" for name, value in settings.items())
    return folder / ".env"
