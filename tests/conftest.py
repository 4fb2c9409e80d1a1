"""Tiers by folder, and a closing summary that tells what ran on what."""

from collections import Counter
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
    counts: Counter[tuple[str, str]] = Counter()
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(outcome, []):
            tier = report.nodeid.split("/")[1] if "/" in report.nodeid else "?"
            counts[tier, outcome] += 1
    for gap in GAPS:
        terminalreporter.write_line(f"not offered: {gap.adapter} lacks {gap.capability} ({gap.test})")
    from tests.servers import NOT_HAD, RAN_ON

    for name, reason in NOT_HAD.items():
        terminalreporter.write_line(f"NOT RUN on {name}: {reason}")
    terminalreporter.write_line("ran on: " + ", ".join(f"{name} {version}" for name, version in RAN_ON.items()))
    for tier in TIERS:
        told = ", ".join(
            f"{counts[tier, outcome]} {outcome}"
            for outcome in ("passed", "failed", "error", "skipped")
            if counts[tier, outcome]
        )
        if told:
            terminalreporter.write_line(f"{tier}: {told}")
