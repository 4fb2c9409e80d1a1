"""The Docker engine: the one that answers, else Debian's, started here and ended with whoever asked for it."""

import contextlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from app.devstack.cache import cache_folder
from app.devstack.hold import ServerFailed, is_held
from app.devstack.process import ServerProcess, is_root, lock_of

OWN = "research-hub.tests=yes"
"""The label of an engine that was started here."""
ANSWER_SECONDS = 60
TURN_SECONDS = 1_200.0  # another run of the tests may have the engine's folder first
PACKAGES = ("docker.io", "mmdebstrap")
_CGROUPS = Path("/sys/fs/cgroup")
_NAMESPACES = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "docker-init", "--")
"""An engine that is killed takes its containers and mounts with it; what has ended in them is put away."""


class EngineMissing(ServerFailed):
    """No Docker engine answers, and none can be started here."""


@dataclass(frozen=True)
class Engine:
    """An engine that answers at `host`, in the form of DOCKER_HOST; empty where the client knows."""

    host: str = ""

    @cached_property
    def own(self) -> bool:
        """Whether it was started here, so that it may hold stand-ins under the tags of official images."""
        return OWN in json.loads(self.run("info", "--format", "{{json .Labels}}") or "null")

    @property
    def environment(self) -> dict[str, str]:
        """What its clients need; the builder is the classic one, which fetches nothing for itself."""
        named = {"DOCKER_HOST": self.host} if self.host else {}
        return {**os.environ, **named, "DOCKER_BUILDKIT": "0", "COMPOSE_DOCKER_CLI_BUILD": "1"}

    def run(self, *words: str, timeout: float | None = None) -> str:
        """What `docker` prints on standard output; ServerFailed with the end of what it prints where it fails."""
        return run("docker", *words, environment=self.environment, timeout=timeout)

    def answers(self) -> bool:
        with contextlib.suppress(ServerFailed, OSError, subprocess.TimeoutExpired):
            return bool(self.run("info", "--format", "{{.ServerVersion}}", timeout=ANSWER_SECONDS).strip())
        return False

    def label(self, image: str, name: str) -> str:
        """A label of an image that is there; empty where it has none."""
        return self.run("image", "inspect", image, "--format", f'{{{{index .Config.Labels "{name}"}}}}').strip()

    def has(self, image: str) -> bool:
        return bool(self.run("images", "--quiet", image).strip())


def run(*command: str, environment: dict[str, str] | None = None, timeout: float | None = None) -> str:
    """A program's standard output; ServerFailed with the end of what it printed where it fails."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=timeout)
    if done.returncode:
        raise ServerFailed(f"{' '.join(command[:3])} failed: {(done.stdout + done.stderr)[-3_000:]}")
    return done.stdout


@contextlib.contextmanager
def engine() -> Iterator[Engine]:
    """The engine that answers, else one of our own for the time of the block; EngineMissing where neither can be."""
    there = Engine()
    if shutil.which("docker") and there.answers():
        yield there
        return
    _ensure_installed()
    folder = cache_folder() / "engine"
    folder.mkdir(exist_ok=True)
    _wait_for_turn(folder)
    own = Engine(f"unix://{folder}/docker.sock")
    daemon = _start(folder)
    try:
        daemon.wait_for(own.answers)
        _give_containers_their_share()
        _clear(own)
        yield own
    finally:
        with contextlib.suppress(ServerFailed):
            _clear(own)
        daemon.stop()


def _ensure_installed() -> None:
    from tests.run import installed

    if not is_root():
        raise EngineMissing("no Docker engine answers, and only root can start one")
    wanted = [
        name for name, program in zip(PACKAGES, ("dockerd", "mmdebstrap"), strict=True) if not shutil.which(program)
    ]
    if wanted:
        installed(*wanted)
    if not shutil.which("dockerd"):
        raise EngineMissing("no Docker engine answers, and Debian's package docker.io cannot be installed")


def _wait_for_turn(folder: Path) -> None:
    """Wait until no other run of the tests has an engine on the folder."""
    deadline = time.monotonic() + TURN_SECONDS
    while is_held(lock_of(folder, "dockerd")) and time.monotonic() < deadline:
        time.sleep(1.0)


def _start(folder: Path) -> ServerProcess:
    (folder / "docker.pid").unlink(missing_ok=True)  # its number is another process's by now
    places = {"data-root": "data", "exec-root": "exec", "pidfile": "docker.pid"}
    options = [word for name, place in places.items() for word in (f"--{name}", str(folder / place))]
    command = ["dockerd", *options, "--host", f"unix://{folder}/docker.sock", "--label", OWN]
    return ServerProcess("dockerd", [*_NAMESPACES, *command], folder, {})


def _give_containers_their_share() -> None:
    """Let containers have the processors as their processes would; else all of them get what one busy process gets."""
    for root, file, share in ((_CGROUPS / "cpu", "cpu.shares", 16_384), (_CGROUPS, "cpu.weight", 1_600)):
        if (root / "cgroup.procs").exists():  # the one version of control groups or the other
            with contextlib.suppress(OSError):
                (root / "docker").mkdir(exist_ok=True)
                (root / "docker" / file).write_text(str(share))


def _clear(own: Engine) -> None:
    """Remove what a run leaves, or has left: containers, networks, volumes, images that others have replaced."""
    if containers := own.run("ps", "--all", "--quiet").split():
        own.run("rm", "--force", "--volumes", *containers)
    if volumes := own.run("volume", "ls", "--quiet").split():
        own.run("volume", "rm", "--force", *volumes)
    own.run("network", "prune", "--force")
    own.run("image", "prune", "--force")
