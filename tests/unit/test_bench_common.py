"""What benchmarks tell is arithmetic that can be checked."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.__main__ import FULL, QUICK, QUICK_REAL, REAL, Runs
from bench.common import in_rounds, percentile, ratios, with_section

pytestmark = pytest.mark.unit
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("count", "share", "expected"), [(100, 0.5, 50), (100, 0.99, 99), (100, 1.0, 100), (3, 0.99, 3), (1, 0.5, 1)]
)
def test_percentiles_are_values_that_were_measured(count: int, share: float, expected: int) -> None:
    assert percentile([float(value) for value in range(count, 0, -1)], share) == expected


def test_peers_take_turns_in_empty_folders() -> None:
    turns: list[str] = []

    def peer(name: str, place: Path) -> int:
        assert not list(place.iterdir())
        (place / name).touch()
        turns.append(name)
        return len(turns)

    found = in_rounds({name: lambda place, name=name: peer(name, place) for name in ("a", "b")}, 3)
    assert turns == ["a", "b", "b", "a", "a", "b"]
    assert found == {"a": [1, 4, 5], "b": [2, 3, 6]}


def test_ratios_compare_the_runs_of_one_round() -> None:
    assert ratios([50, 30, 10], [100, 100, 10]) == "50% (30%–100%)"


def test_a_section_replaces_its_earlier_self_and_nothing_else() -> None:
    document = "# Results\n\nWords of a person.\n"
    for name, text in (("one", "1"), ("two", r"2 \1"), ("one", "3")):
        document = with_section(document, name, text)
    assert document == (
        "# Results\n\nWords of a person.\n\n<!-- one -->\n3\n<!-- /one -->\n\n<!-- two -->\n2 \\1\n<!-- /two -->\n"
    )


@pytest.mark.parametrize(
    ("folder", "listed"), [("bench", (FULL, QUICK)), ("bench/real", (REAL, QUICK_REAL))], ids=["embedded", "real"]
)
def test_every_benchmark_is_among_those_that_run_together(folder: str, listed: Sequence[Runs]) -> None:
    scripts = {
        ".".join((*folder.split("/"), path.stem))
        for path in (ROOT / folder).glob("[!_]*.py")
        if '__name__ == "__main__"' in path.read_text("utf-8")
    }
    for runs in listed:
        assert {module for module, _ in runs} == scripts
