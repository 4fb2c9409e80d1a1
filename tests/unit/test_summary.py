"""The closing lines of the tests, added up over runs and over parallel workers."""

import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests import conftest, run
from tests.conformance.gaps import Gap
from tests.engine.hold import ALL, SERVERS
from tests.summary import CONTAINER, TIERS, Summary, summary_of


def test_runs_are_added_up_tier_by_tier() -> None:
    total = Summary({"SQLite": "3"}, {}, Counter({"unit passed": 2}))
    counts = Counter({"e2e passed": 1, "e2e skipped": 3, "unit failed": 1})
    other = Summary({"SQLite": "3", "Kafka": "4"}, {"Elasticsearch": "no JDK"}, counts)
    total.add(summary_of(other.to_json()))
    assert [*total.lines()] == [
        "NOT RUN on Elasticsearch: no JDK",
        "ran on: SQLite 3, Kafka 4",
        "unit: 2 passed, 1 failed",
        "e2e: 1 passed, 3 skipped",
    ]


def test_what_ran_in_containers_has_a_line_of_its_own() -> None:
    summary = Summary(
        {"PostgreSQL": "15 (child process)", f"{CONTAINER}postgresql": "postgres:17 (stand-in: PostgreSQL 15)"}
    )
    assert [*summary.lines()] == [
        "ran on: PostgreSQL 15 (child process)",
        "in containers: postgresql postgres:17 (stand-in: PostgreSQL 15)",
    ]


def test_servers_wait_for_their_images_and_the_rest_does_not() -> None:
    everything = [(tiers, step) for tiers, _, step in run.runs(TIERS)]
    assert everything == [
        (["lint", "unit"], ""),
        (["conformance", "integration", "e2e", "simulation"], SERVERS),
        (["containers"], ALL),
    ]
    assert [(tiers, step) for tiers, _, step in run.runs(["e2e", "unit"])] == [(["unit"], ""), (["e2e"], "")]


def test_what_a_worker_alone_knows_comes_to_the_one_that_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    gap = Gap("catalogue", "Elasticsearch", "exact counts", "test_it")
    known: dict[str, Any] = {"GAPS": [gap], "RAN_ON": {"Kafka": "4"}, "NOT_HAD": {"PostgreSQL": "no"}}
    for name, value in known.items():
        monkeypatch.setattr(conftest, name, value)
    worker: Any = SimpleNamespace(config=SimpleNamespace(workeroutput={}))
    conftest.pytest_sessionfinish(worker)
    for name, value in known.items():
        monkeypatch.setattr(conftest, name, type(value)())
    conftest.pytest_testnodedown(SimpleNamespace(workeroutput=worker.config.workeroutput))
    conftest.pytest_testnodedown(SimpleNamespace())
    assert {name: getattr(conftest, name) for name in known} == known


@pytest.mark.parametrize("failing", ["", "ruff", "tests/unit", "tests/e2e"])
def test_the_runner_fails_with_any_of_its_runs(
    failing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commands: list[Sequence[str]] = []

    def call(command: Sequence[str], env: dict[str, str] | None = None, **_: Any) -> int:
        commands.append(command)
        if env:
            tiers = [word for word in command if word.startswith("tests/")]
            counts = Counter(f"{tier.split('/')[1]} passed" for tier in tiers)
            Path(env["HUB_TESTS_SUMMARY"]).write_text(Summary(counts=counts).to_json())
        return int(failing in command) if failing else 0

    monkeypatch.setattr(subprocess, "call", call)
    monkeypatch.setattr(run, "run_until_stopped", call)
    monkeypatch.setattr(run, "ensure_browser", lambda: True)
    assert run.main(["lint", "unit", "e2e"]) == bool(failing)
    parallel = [[word for word in command if word.startswith("tests/")] for command in commands if "-n" in command]
    assert parallel == [["tests/lint", "tests/unit"], ["tests/e2e"]]
    closing = capsys.readouterr().out.partition("\n\n== ")[2]
    assert closing.startswith("FAILED" if failing else "passed")
    assert closing.endswith("lint: 1 passed\nunit: 1 passed\ne2e: 1 passed\n")
