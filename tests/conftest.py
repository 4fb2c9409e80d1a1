"""Tiers by folder, and a closing summary that tells what ran on what."""

import os
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.conformance.gaps import GAPS, Gap
from tests.shares import LONG, ByShare
from tests.summary import NOT_HAD, OUTCOMES, RAN_ON, TIERS, Summary

pytest_plugins = ["tests.servers"]
os.environ["HUB_HOSTS"] = "testserver,hub.test"  # by which clients in the process call a hub
settings.register_profile("hub", deadline=None)  # how long an example takes tells of the machine
settings.load_profile("hub")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        tier = Path(item.path).relative_to(Path(__file__).parent).parts[0]
        if tier in TIERS:
            item.add_marker(tier)
    items.sort(key=lambda item: (item.path.name not in LONG, not item.get_closest_marker("simulation")))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByShare | None:
    return ByShare(config, log) if config.getvalue("dist") == "loadscope" else None


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A parallel worker hands over what only it knows."""
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output |= {"gaps": [astuple(gap) for gap in GAPS], "ran_on": RAN_ON, "not_had": NOT_HAD}


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    output = getattr(node, "workeroutput", {})  # which a worker that died has not
    GAPS.extend(Gap(*values) for values in output.get("gaps", ()))
    RAN_ON.update(output.get("ran_on", {}))
    NOT_HAD.update(output.get("not_had", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for gap in GAPS:
        terminalreporter.write_line(f"not offered: {gap.adapter} lacks {gap.capability} ({gap.test})")
    summary = Summary(RAN_ON, NOT_HAD)
    for outcome in OUTCOMES:
        for report in terminalreporter.stats.get(outcome, []):
            summary.counts[f"{report.nodeid.split('/')[1] if '/' in report.nodeid else '?'} {outcome}"] += 1
    for line in summary.lines():
        terminalreporter.write_line(line, red=line.startswith("NOT RUN"), bold=line.startswith("NOT RUN"))
    if path := os.environ.get("HUB_TESTS_SUMMARY"):
        Path(path).write_text(summary.to_json(), "utf-8")
