"""The tests' own Docker engine: which images stand in for which, when they are built again, and what is well."""

import io
import os
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.engine import hold, images
from tests.engine.compose import Project
from tests.engine.daemon import Engine
from tests.engine.hold import ALL, SERVERS, SHARED, HeldEngine

pytestmark = pytest.mark.unit


class FakeEngine(Engine):
    """An engine that has images by their tags, each with labels, and notes what is asked of it."""

    def __init__(self, own: bool, **labels: dict[str, str]) -> None:
        super().__init__("unix:///fake.sock")
        self.__dict__.update(own=own, labels=labels, asked=[])

    def run(self, *words: str, timeout: float | None = None) -> str:
        self.__dict__["asked"].append(words[0])
        return ""

    def has(self, image: str) -> bool:
        return image in self.__dict__["labels"]

    def label(self, image: str, name: str) -> str:
        return str(self.__dict__["labels"].get(image, {}).get(name, ""))


def test_every_server_that_starts_without_a_profile_has_a_stand_in() -> None:
    wanted = images.service_images()
    assert set(images.SERVER_SERVICES) <= set(wanted)
    assert {image.partition(":")[0] for image in wanted.values()} == set(images.STAND_INS)
    assert "grafana" not in wanted
    assert images.hub_image() not in wanted.values()
    assert len(images.base_images()) == 2


def test_a_tag_without_a_stand_in_is_told_before_anything_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "service_images", lambda: {"new": "example/new:1"})
    engine = FakeEngine(own=True)
    with pytest.raises(images.ServerFailed, match="no stand-in for example/new:1"):
        images.ensure_images(engine, ["new"])
    assert engine.__dict__["asked"] == []


def test_on_an_engine_of_somebody_else_images_are_pulled_and_never_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "service_images", lambda: {"kafka": "apache/kafka:1", "caddy": "caddy:1"})
    engine = FakeEngine(own=False, **{"caddy:1": {}})
    images.ensure_images(engine, ["kafka", "caddy"])
    assert engine.__dict__["asked"] == ["pull"]


def test_an_image_says_for_what_it_stands_in() -> None:
    engine = FakeEngine(own=True, **{"postgres:17": {images.LABEL: "PostgreSQL 15"}, "caddy:1": {}})
    assert images.contents(engine, "postgres:17") == "postgres:17 (stand-in: PostgreSQL 15)"
    assert images.contents(engine, "caddy:1") == "caddy:1"


def test_an_image_is_built_again_when_what_it_is_made_of_changes(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM a")
    (tmp_path / "launch").write_text("exec b")
    first = images.inputs_of(tmp_path, "1")
    os.utime(tmp_path / "launch", (0, 0))
    assert images.inputs_of(tmp_path, "1") == first
    assert images.inputs_of(tmp_path, "2") != first
    (tmp_path / "launch").write_text("exec c")
    second = images.inputs_of(tmp_path, "1")
    assert second != first
    (tmp_path / "launch").rename(tmp_path / "start")
    assert images.inputs_of(tmp_path, "1") not in (first, second)


def test_what_runs_without_being_healthy_or_ended_with_an_error_is_unwell(monkeypatch: pytest.MonkeyPatch) -> None:
    def container(state: str, health: str, code: int) -> dict[str, Any]:
        return {"State": state, "Health": health, "ExitCode": code}

    states = {
        "catalog": container("running", "healthy", 0),
        "prepare": container("exited", "", 0),
        "kafka": container("running", "starting", 0),
        "booking": container("exited", "", 137),
        "usage": container("created", "", 0),
    }
    monkeypatch.setattr(Project, "services", lambda self: states)
    project = Project(Engine(), "test", (), Path(".env"))
    assert project.unwell() == {"kafka": "running starting 0", "booking": "exited  137", "usage": "created  0"}


@pytest.mark.parametrize(
    ("output", "found"),
    [
        ("engine unix:///run/a.sock\nservers {}\nall \n", {"DOCKER_HOST": "unix:///run/a.sock", SHARED: "{}"}),
        ("engine unix:///run/a.sock\nfailed no such package\n", {"DOCKER_HOST": "unix:///run/a.sock"}),
        ("failed no Docker engine answers\n", {}),
    ],
)
def test_tests_wait_for_the_engine_and_go_on_without_it(
    output: str, found: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    process = SimpleNamespace(stdin=io.StringIO(), stdout=io.StringIO(output), wait=lambda: 0)
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: process)
    monkeypatch.setattr(hold.os, "environ", {"PATH": "/bin"})
    with HeldEngine() as held:
        for step in (SERVERS, ALL):
            assert held.environment(step) == {"PATH": "/bin", **found}
    assert process.stdin.closed


def test_servers_are_started_only_for_tests_that_share_them(monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []

    def started(command: list[str], **_: Any) -> SimpleNamespace:
        commands.append(command)
        return SimpleNamespace(stdin=io.StringIO(), stdout=io.StringIO(), wait=lambda: 0)

    monkeypatch.setattr(subprocess, "Popen", started)
    for shares in (False, True):
        with HeldEngine(shares=shares):
            pass
    assert [command[-1] for command in commands] == ["hold", "shared"]
