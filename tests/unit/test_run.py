"""How tests tell of servers that cannot be had, and what their runner installs."""

import sys
from types import ModuleType

import pytest

from app.devstack import java
from app.devstack.hold import JdkMissing, ServerFailed
from tests import run, servers
from tests.engine.daemon import EngineMissing

pytestmark = pytest.mark.unit


def raises(error: Exception) -> None:
    raise error


@pytest.mark.parametrize("required", ["", "HUB_REQUIRE_SERVERS", "CI"])
@pytest.mark.parametrize("kind", [ServerFailed, JdkMissing, EngineMissing])
def test_a_server_that_fails_is_a_skip_or_where_it_is_required_a_failure(
    required: str, kind: type[ServerFailed], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "NOT_HAD", told := {})
    for name in servers.REQUIRED_BY:
        monkeypatch.setenv(name, "1" if name == required else "")
    with pytest.raises(kind if required else pytest.skip.Exception):
        servers.had("Kafka", lambda: raises(kind("it ended\nwith a long log")))
    assert told == {"Kafka": "it ended"}


def without_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if an engine answered that no container can be started on."""
    containers = ModuleType("tests.engine.servers")
    containers.server_container = lambda name: raises(OSError(f"no image of {name}"))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tests.engine.servers", containers)
    monkeypatch.setattr(servers, "docker_answers", lambda: True)


def test_a_container_that_is_required_does_not_give_way(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    without_images(monkeypatch)
    monkeypatch.setenv("HUB_REQUIRE_SERVERS", "1")
    with pytest.raises(OSError, match="no image of Kafka"), servers.served("Kafka", tmp_path):  # type: ignore[arg-type]
        pass


def test_a_container_that_does_not_start_gives_way_to_a_child_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    class Node:
        VERSION, ended = "4.4.0", False

        def __init__(self, folder: object) -> None:
            self.bootstrap = "127.0.0.1:1"

        def start(self) -> None: ...
        def wait(self) -> None: ...
        def stop(self) -> None:
            Node.ended = True

    fake = ModuleType("tests.no_such_stack")
    fake.Node, fake.VERSION = Node, "9.9"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tests.no_such_stack", fake)
    without_images(monkeypatch)
    monkeypatch.setattr(servers, "PROCESSES", {"Kafka": ("tests.no_such_stack", "Node", "bootstrap")})
    for required in servers.REQUIRED_BY:
        monkeypatch.delenv(required, raising=False)
    monkeypatch.setattr(servers, "RAN_ON", told := {})
    with pytest.warns(UserWarning, match="no image"), servers.served("Kafka", tmp_path) as address:  # type: ignore[arg-type]
        assert (address, Node.ended) == ("127.0.0.1:1", False)
    assert Node.ended
    assert told == {"Kafka": "9.9 (child process)"}


def test_the_runner_tries_a_jdk_package_after_the_other_and_goes_on_without(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tried: list[str] = []
    monkeypatch.setattr(java, "jdk_home", lambda: raises(JdkMissing("a JDK is needed")))
    monkeypatch.setattr(run, "installed", lambda *packages: tried.extend(packages))
    run.ensure_jdk()
    assert tried == list(run.JDK_PACKAGES)
    assert "nothing can run on Elasticsearch: a JDK is needed" in capsys.readouterr().err
    monkeypatch.setattr(java, "jdk_home", lambda: len(tried) > 2 or raises(JdkMissing("a JDK is needed")))
    run.ensure_jdk()
    assert tried == [*run.JDK_PACKAGES, run.JDK_PACKAGES[0]]
