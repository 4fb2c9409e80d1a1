"""Every benchmark runs to its end at its smallest size, and tells of every peer."""

import re
from collections.abc import Callable, Sequence

import pytest

from bench import booking, freshness, ingest, search

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("run", "given", "told"),
    [
        (ingest.main, "--rows 20 --rounds 1", ("hub", "bare rows", "bare FTS5 + segmenting", *ingest.STAGES)),
        (freshness.main, "--rows 5 --posts 2 --pause-ms 0", ("hub: from its 202 to found", "bare INSERT")),
        (search.main, "--records 60 --queries 1", (*search.CLASSES, "suggestions")),
        (booking.main, "--attempts 8 --rounds 1", ("bare INSERT", "BookingDesk", "HTTP")),
    ],
)
def test_a_benchmark_tells_of_every_peer(
    run: Callable[[Sequence[str]], None], given: str, told: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    run(given.split())
    shown = capsys.readouterr().out
    for name in told:
        assert re.search(rf"^\| {re.escape(name)}.*\| [\d,.]+", shown, re.MULTILINE), f"{name} is missing in {shown}"
