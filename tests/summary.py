"""What a run of the tests comes to, tier by tier; runs and their parallel workers are added up."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

TIERS = ("lint", "unit", "conformance", "integration", "e2e", "simulation", "containers")
OUTCOMES = ("passed", "failed", "error", "skipped")
RAN_ON: dict[str, str] = {"SQLite": sqlite3.sqlite_version}
"""Servers and versions that this process used."""
CONTAINER = "container "
"""Before the name of a service that ran in one."""
NOT_HAD: dict[str, str] = {}
"""Servers that could not be had, and why."""


@dataclass
class Summary:
    ran_on: dict[str, str] = field(default_factory=dict)
    not_had: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    """How many tests ended how, by `tier outcome`."""

    def add(self, other: "Summary") -> None:
        self.ran_on |= other.ran_on
        self.not_had |= other.not_had
        self.counts += other.counts

    def lines(self) -> Iterator[str]:
        """For people; servers that could not be had come first."""
        for name, reason in self.not_had.items():
            yield f"NOT RUN on {name}: {reason}"
        for heading, begins in (("ran on", ""), ("in containers", CONTAINER)):
            held = {name: what for name, what in self.ran_on.items() if name.startswith(CONTAINER) == bool(begins)}
            if held:
                yield f"{heading}: " + ", ".join(f"{name.removeprefix(begins)} {what}" for name, what in held.items())
        for tier in TIERS:
            ends = [(self.counts[f"{tier} {outcome}"], outcome) for outcome in OUTCOMES]
            if any(count for count, _ in ends):
                yield f"{tier}: " + ", ".join(f"{count} {outcome}" for count, outcome in ends if count)

    def to_json(self) -> str:
        return json.dumps(vars(self))


def summary_of(text: str) -> Summary:
    """The reverse of `Summary.to_json`."""
    values: dict[str, Any] = json.loads(text)
    return Summary(values["ran_on"], values["not_had"], Counter(values["counts"]))
