"""The benchmarks on real servers run to their end at their smallest size, and say which peers they were run without.

The other programs' peers are not run here: each has to be installed first.
"""

import re
from collections.abc import Callable, Sequence

import pytest

from bench.real import curation, growth, ingest_api, sink

pytestmark = pytest.mark.integration
SMALL = "--rows 60 --batch 20 --rounds 1"


@pytest.fixture
def _servers(
    kafka_bootstrap: str, elasticsearch_url: str, postgresql_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests' servers are those that the environment names."""
    monkeypatch.setenv("HUB_PROFILE", "real")
    monkeypatch.setenv("HUB_KAFKA_BOOTSTRAP", kafka_bootstrap)
    monkeypatch.setenv("HUB_ELASTICSEARCH_URL", elasticsearch_url)
    monkeypatch.setenv("HUB_POSTGRESQL_DSN", postgresql_dsn)


@pytest.mark.usefixtures("_servers")
@pytest.mark.parametrize(
    ("run", "given", "measured", "left_out"),
    [
        (
            sink.main,
            "--rows 400 --batch 20 --rounds 1 --only hub",  # what the first step takes, four batches, is not counted
            (sink.THROUGH, sink.PROJECTING, sink.MEMORY, f"{sink.THROUGH} / {sink.MEMORY}"),
            (sink.QUIX, sink.FASTSTREAM, sink.FAUST),
        ),
        (curation.main, f"{SMALL} --only hub", (curation.HUB,), (curation.FAUST,)),
        (
            ingest_api.main,
            f"{SMALL} --workers 2",
            (ingest_api.API, ingest_api.side_by_side(2), ingest_api.MODEL, ingest_api.EVENTS, ingest_api.PRODUCER),
            (),
        ),
        (growth.main, "--most 60 --sample 20 --queries 3 --rounds 1", ("60 records",), ()),
    ],
)
def test_a_benchmark_tells_of_every_peer_measured_or_not(
    run: Callable[[Sequence[str]], None],
    given: str,
    measured: Sequence[str],
    left_out: Sequence[str],
    capfd: pytest.CaptureFixture[str],
) -> None:
    run(given.split())
    shown = capfd.readouterr().out
    for name in measured:
        assert re.search(rf"^\| {re.escape(name)} \| [\d,.]*[1-9]", shown, re.MULTILINE), (
            f"{name} is missing in {shown}"
        )
    for name in left_out:
        assert f"{name}: not measured: --only hub" in shown
