"""Tiers by folder, and a closing summary that tells what ran on what."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.gaps import GAPS

TIERS = ("unit", "conformance", "integration", "e2e", "simulation")
pytest_plugins = ["tests.servers"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        tier = Path(item.path).relative_to(Path(__file__).parent).parts[0]
        if tier in TIERS:
            item.add_marker(tier)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for gap in GAPS:
        terminalreporter.write_line(f"not offered: {gap.adapter} lacks {gap.capability} ({gap.test})")
    lines = [*summary(terminalreporter)]
    for line in lines:
        terminalreporter.write_line(line, red=line.startswith("NOT RUN"), bold=line.startswith("NOT RUN"))
    if told := os.environ.get("HUB_TESTS_SUMMARY"):
        Path(told).write_text("\n".join(lines), "utf-8")


def summary(reporter: pytest.TerminalReporter) -> Iterator[str]:
    """How many tests of each tier ended how, and on what; servers that could not be had come first."""
    from tests.servers import NOT_HAD, RAN_ON

    for name, reason in NOT_HAD.items():
        yield f"NOT RUN on {name}: {reason}"
    yield "ran on: " + ", ".join(f"{name} {version}" for name, version in RAN_ON.items())
    counts: Counter[tuple[str, str]] = Counter()
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in reporter.stats.get(outcome, []):
            tier = report.nodeid.split("/")[1] if "/" in report.nodeid else "?"
            counts[tier, outcome] += 1
    for tier in TIERS:
        told = ", ".join(
            f"{counts[tier, outcome]} {outcome}"
            for outcome in ("passed", "failed", "error", "skipped")
            if counts[tier, outcome]
        )
        if told:
            yield f"{tier}: {told}"
