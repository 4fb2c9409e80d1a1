"""Docker Compose 2: the engine's own where it has one, else built from the Go module proxy; and one project of it."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from app.devstack.cache import cache_folder, unpacked
from app.devstack.hold import ServerFailed
from tests.engine.daemon import Engine, run

VERSION = "v2.29.7"
_MODULE = "github.com/docker/compose/v2/cmd"
PATIENCE_SECONDS = 600.0
"""For what takes a minute where nothing else runs: no verdict hangs on it."""


@cache
def program() -> tuple[str, ...]:
    """The words that start Docker Compose 2; ServerFailed where it can neither be found nor built."""
    if not built().exists() and _answers("docker", "compose"):
        return ("docker", "compose")
    return (str(ensure_built()),)


def _answers(*words: str) -> bool:
    done = subprocess.run([*words, "version", "--short"], capture_output=True, text=True, check=False)
    return done.returncode == 0 and done.stdout.strip().removeprefix("v") >= "2"


def built() -> Path:
    """Where the program is once it has been built."""
    return cache_folder() / f"docker-compose-{VERSION}" / "docker-compose"


def ensure_built() -> Path:
    """Build it once; Go checks what it downloads against its checksum database."""
    unpacked(built().parent.name, _build)
    return built()


def _build(folder: Path) -> None:
    if shutil.which("go") is None:
        raise ServerFailed("Docker Compose 2 is not installed, and there is no Go to build it with")
    environment = {**os.environ, "GOBIN": str(folder), "CGO_ENABLED": "0"}
    run("go", "install", f"{_MODULE}@{VERSION}", environment=environment)
    (folder / "cmd").rename(folder / built().name)


@dataclass(frozen=True)
class Project:
    """Compose files under a project name and settings of its own; the checkout's .env is not read."""

    engine: Engine
    name: str
    files: Sequence[Path]
    settings: Path
    """A file as .env is."""

    def run(self, *words: str) -> str:
        """What `docker compose` prints; ServerFailed where it fails."""
        files = [word for file in self.files for word in ("--file", str(file))]
        folder = str(self.files[0].parent)
        command = [*program(), "--project-name", self.name, *files, "--project-directory", folder]
        return run(*command, "--env-file", str(self.settings), *words, environment=self.engine.environment)

    def services(self) -> dict[str, dict[str, Any]]:
        """Each container's state by its service: State, Health, ExitCode, ID."""
        lines = self.run("ps", "--all", "--format", "json").splitlines()
        return {row["Service"]: row for row in map(json.loads, lines)}

    def up(self) -> None:
        """Start what is not running, of images that are there, and wait until every health check is green."""
        wait_for(self._is_up, self._explain)
        wait_for(lambda: not self.unwell(), self._explain)

    def _is_up(self) -> bool:
        """False where a server was too slow for the services that wait for it, which a busy machine makes of it."""
        try:
            self.run("up", "--detach", "--no-build", "--pull", "never")
        except ServerFailed as error:
            if "is unhealthy" not in str(error):
                raise
            return False
        return True

    def unwell(self) -> dict[str, str]:
        """What is not as it should be: services that run without being healthy, or that ended with an error."""
        states = {name: (row["State"], row["Health"], row["ExitCode"]) for name, row in self.services().items()}
        well = (("running", "healthy", 0), ("exited", "", 0))
        return {name: " ".join(map(str, state)) for name, state in states.items() if state not in well}

    def _explain(self) -> str:
        unwell = self.unwell()
        return f"{unwell}\n{self.run('logs', '--no-color', '--tail', '60', *unwell)}"


def wait_for(holds: Callable[[], bool], explain: Callable[[], str] = str) -> None:
    """Return once it holds; ServerFailed with the explanation where it does not within PATIENCE_SECONDS."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise ServerFailed(f"not within {PATIENCE_SECONDS:.0f} s: {explain()}")
        time.sleep(1.0)
