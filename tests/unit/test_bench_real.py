"""What the benchmarks on real servers tell: rates, rounds, ratios, growth, and the peers' environments."""

import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from app.devstack.stack import Layout
from bench.common import Took
from bench.data import record
from bench.real import growth, running, sink
from bench.real.growing import Costs, submitted
from bench.real.running import Paced, PeerFailed, python_of
from hub.kernel.records import Submission

pytestmark = pytest.mark.unit


def said(number: int, handled: float, at: float, cpu: float) -> tuple[int, dict[str, float]]:
    return number, {"handled": handled, "at": at, "cpu": cpu}


def test_a_rate_counts_from_the_first_batch_on_to_the_end() -> None:
    one = running._pace([said(0, 100, 12.0, 3.0), said(0, 50, 13.0, 3.5), said(0, 50, 14.0, 4.0)], 10.0, 16.0)
    assert one == Paced(wall=100 / 4.0, cpu=100 / 1.0, first_seconds=2.0)


def test_with_more_workers_it_counts_once_the_last_of_them_has_begun() -> None:
    told = [said(0, 10, 1.0, 1.0), said(0, 10, 2.0, 2.0), said(1, 10, 3.0, 5.0), said(0, 40, 4.0, 4.0)]
    one = running._pace([*told, said(1, 20, 5.0, 7.0)], 0.0, 5.0)
    assert one == Paced(wall=60 / 2.0, cpu=60 / 4.0, first_seconds=3.0)


def test_peers_take_turns_and_one_that_fails_is_told_of_and_left_out() -> None:
    turns: list[str] = []

    def peer(name: str, fails_at: int = 9) -> Callable[[], Paced]:
        def run() -> Paced:
            turns.append(name)
            if turns.count(name) == fails_at:
                raise PeerFailed("it ended")
            return Paced(1.0, 1.0, 0.0)

        return run

    found, failed = sink.in_rounds({"a": peer("a"), "b": peer("b", 2), "c": peer("c")}, 3)
    assert turns == ["a", "b", "c", "c", "b", "a", "a", "c"]
    assert {name: len(each) for name, each in found.items()} == {"a": 3, "c": 3}
    assert failed == {"b": "it ended"}


def test_the_servers_own_ceiling_is_compared_with_the_peers_too() -> None:
    shown = sink.compared(
        {sink.THROUGH: [Paced(300, 30, 0)], sink.MEMORY: [Paced(400, 90, 0)], sink.QUIX: [Paced(200, 10, 0)]}
    )
    assert f"| {sink.MEMORY} / {sink.QUIX} | 200% (200%–200%) | 900% (900%–900%) |" in shown
    assert f"| {sink.THROUGH} / {sink.MEMORY} | 75% (75%–75%) | 33% (33%–33%) |" in shown
    assert f"{sink.MEMORY} / {sink.MEMORY}" not in shown


def grown(records: int, us: float, bare_us: float, search: float) -> growth.Grown:
    hub, bare = Took(us / 1e6, us / 2e6), Took(bare_us / 1e6, 1e-6)
    return growth.Grown(records, 10.0, [Costs(hub, bare, hub, bare)], [search], [0.001], (600, 300), (100, 50), 10)


def test_growth_is_told_beside_the_bare_servers_own() -> None:
    costs, beside, sizes, loading = growth.told([grown(10, 100.0, 10.0, 0.002), grown(1_000, 150.0, 12.0, 0.005)])
    assert "| 1,000 records | 150 (150–150) | 75 (75–75) | 12 (12–12) | 150 (150–150) | 75 (75–75) |" in costs
    assert "| 1,000 records | 1.50 × | 1.50 × | 1.20 × | 1.50 × | 1.50 × | 1.20 × | 2.50 × | 1.00 × |" in beside
    assert "| 10 records | 2.0 / 2.0 | 1.0 / 1.0 | 60 | 30 | 10 | 5 |" in sizes
    assert "took 20 s: 10 s to 10, 10 s to 1,000." in loading
    assert "| 10 records" not in beside


def test_it_is_measured_at_each_size_up_to_the_last() -> None:
    assert growth.marks(1_000_000) == [10_000, 30_000, 100_000, 300_000, 1_000_000]
    assert growth.marks(50_000) == [10_000, 30_000, 50_000]
    assert growth.marks(200) == [200]


def test_a_later_revision_says_something_else_of_the_same_record_in_a_later_version() -> None:
    first, second = (Submission.from_bytes(submitted(record(7, revision)).value or b"") for revision in (0, 3))
    assert record(7) == record(7)
    assert (first.record_id, first.source_record_id) == (second.record_id, second.source_record_id)
    assert first.fields != second.fields
    assert (first.source_version, second.source_version) == (1, 4)


class Commands:
    """In the place of subprocess.run; `failing` installations fail before one succeeds."""

    def __init__(self, failing: int) -> None:
        self.failing = failing
        self.run: list[str] = []

    def __call__(self, command: Sequence[str], **_: Any) -> "subprocess.CompletedProcess[bytes]":
        what = "install" if "install" in command else "venv"
        self.run.append(what)
        if what == "venv":
            Path(command[-1]).mkdir(parents=True, exist_ok=True)
        failed = what == "install" and self.failing > 0
        self.failing -= failed
        return subprocess.CompletedProcess(command, int(failed))


@pytest.fixture
def peers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where pinned versions are kept, of a peer `quix`."""
    (tmp_path / "quix.txt").write_text("quixstreams==1\n")
    monkeypatch.setenv("HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(running, "PEERS", tmp_path)
    monkeypatch.setattr("time.sleep", lambda _: None)
    return tmp_path


def test_an_environment_is_made_once_and_again_when_the_pinned_versions_change(
    peers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = Commands(failing=2)
    monkeypatch.setattr("subprocess.run", commands)
    made = python_of("quix")
    assert commands.run == ["venv", "install", "install", "install"]
    assert python_of("quix") == made
    assert len(commands.run) == 4
    (peers / "quix.txt").write_text("quixstreams==2\n")
    python_of("quix")
    assert commands.run[4:] == ["venv", "install"]


def test_packages_that_cannot_be_had_fail_the_peer_and_are_tried_again_next_time(
    peers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = Commands(failing=running.ATTEMPTS)
    monkeypatch.setattr("subprocess.run", commands)
    with pytest.raises(PeerFailed, match=r"quix\.txt"):
        python_of("quix")
    python_of("quix")
    assert commands.run == ["venv", *["install"] * running.ATTEMPTS, "venv", "install"]


class Servers:
    """In the place of a Stack."""

    def __init__(self) -> None:
        self.stopped = 0

    def start(self, _: Callable[[str], None]) -> Layout:
        return Layout("cluster", (1,), (2,), 3, 4)

    def stop(self) -> None:
        self.stopped += 1


def test_the_environment_names_the_servers_only_while_they_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HUB_PROFILE", raising=False)
    monkeypatch.setenv("HUB_KAFKA_BOOTSTRAP", "elsewhere:9092")
    stack = Servers()
    monkeypatch.setattr(running, "Stack", lambda _: stack)
    with running.servers() as settings:
        assert os.environ["HUB_PROFILE"] == "real"
        assert settings.kafka_bootstrap == "127.0.0.1:1"
    assert "HUB_PROFILE" not in os.environ
    assert os.environ["HUB_KAFKA_BOOTSTRAP"] == "elsewhere:9092"
    assert stack.stopped == 1
