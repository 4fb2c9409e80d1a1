"""From a document of organisations to all of them searchable, beside SQLite doing the same without the hub.

    python -m bench.ingest --rows 20000 --rounds 3

`bare rows` stores the same JSON bytes; `bare FTS5` stores them with their text, already segmented, in an FTS5 table;
`bare FTS5 + segmenting` begins, as the hub does, with the JSON, and makes the searchable text of it. All of them commit
2,000 rows at a time with the hub's durability (WAL, synchronous=FULL). The document is in memory; there is no HTTP.
"""

import cProfile
import pstats
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from statistics import median
from time import process_time, sleep

import orjson

from app.composition import Hub, compose
from bench.bare import document_of, store_rows, store_searchable
from bench.common import OPERATOR, Report, Took, folder, in_rounds, options, ratios, spread, table, took
from bench.organisations import lines
from hub.runtime.manifest import CATALOGUE
from hub.runtime.settings import Settings
from hub.runtime.threads import Runtime
from services.ingest.manifest import ingest

POLL_SECONDS = 0.01
PROFILED = 70
STAGES = ("receive", "curation.merge", "curation.relay", "catalogue.sink")
Measured = Callable[[str, Callable[[], object]], Took]
"""Do the stage's work and tell how long it took."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and report."""
    parser = options(
        "Ingest to searchable, records/s.",
        rows=(int, 20_000, "organisations in the document"),
        profile=(str, "", "of one stage alone, by cProfile, to this file: STAGE=FILE"),
    )
    asked = parser.parse_args(arguments)
    rows = lines(asked.rows)
    if asked.profile:
        stage, _, file = asked.profile.partition("=")
        _stages(rows, _profiled(stage, file))
        return
    command = f"python -m bench.ingest --rows {asked.rows} --rounds {asked.rounds}"
    report = Report(f"ingest-{asked.rows}", f"Ingest to searchable, {asked.rows:,} organisations", command)
    _compare(report, rows, asked.rounds)
    _add_stages(report, rows, asked.rounds)
    report.finish(asked.write)


def _compare(report: Report, rows: Sequence[bytes], rounds: int) -> None:
    body, ids = b"\n".join(rows), [orjson.loads(row)["_id"] for row in rows]
    documents = [document_of(row) for row in rows]

    found = in_rounds(
        {
            "hub": lambda place: searchable(place, body, len(rows)),
            "bare rows": lambda place: took(lambda: store_rows(place / "bare.db", zip(ids, rows, strict=True))),
            "bare FTS5": lambda place: took(lambda: store_searchable(place / "bare.db", documents)),
            "bare FTS5 + segmenting": lambda place: took(
                lambda: store_searchable(place / "bare.db", map(document_of, rows))
            ),
        },
        rounds,
    )
    rates = {name: [len(rows) / one.wall for one in each] for name, each in found.items()}
    by_cpu = {name: [len(rows) / one.cpu for one in each] for name, each in found.items()}
    head = ["median (least–greatest)", "records/s", "records/CPU s", "hub's share", "hub's share by CPU time"]
    table_rows = [[name, spread(rates[name]), spread(by_cpu[name])] for name in found]
    for row in table_rows:
        beside = row[0] != "hub"
        row += [ratios(one["hub"], one[row[0]]) if beside else "" for one in (rates, by_cpu)]
    report.add(table(head, table_rows))


def searchable(place: Path, body: bytes, rows: int) -> Took:
    """From the document's first byte to the moment when the catalogue counts all of its records."""
    hub = compose(Settings(data_dir=place))
    runtime = Runtime(hub.workers)
    runtime.start()
    try:
        return took(lambda: _ingested(hub, body, rows))
    finally:
        runtime.stop()
        hub.close()


def _ingested(hub: Hub, body: bytes, rows: int) -> None:
    ingest(hub.resources).receive(BytesIO(body), "organisation", "ror", OPERATOR, format_name="ndjson")
    while hub.get(CATALOGUE).count() < rows:
        sleep(POLL_SECONDS)


def _add_stages(report: Report, rows: Sequence[bytes], rounds: int) -> None:
    each = [_stages(rows) for _ in range(rounds)]
    lines = []
    for stage in STAGES:
        shares = [one[stage].cpu / sum(taken.cpu for taken in one.values()) for one in each]
        rates = [len(rows) / one[stage].wall for one in each]
        by_cpu = [len(rows) / one[stage].cpu for one in each]
        lines.append([stage, spread(rates), spread(by_cpu), f"{median(shares):.0%}"])
    report.add("Each stage alone, one after the other, in one thread:")
    report.add(table(["stage", "records/s", "records/CPU s", "share of the CPU time"], lines))


def _timed(_: str, work: Callable[[], object]) -> Took:
    return took(work)


def _profiled(wanted: str, file: str) -> Measured:
    def measured(stage: str, work: Callable[[], object]) -> Took:
        if stage != wanted:
            return took(work)
        profile = cProfile.Profile(process_time)
        taken = took(lambda: profile.runcall(work))
        with Path(file).open("w", encoding="utf-8") as stream:
            pstats.Stats(profile, stream=stream).sort_stats("cumulative").print_stats(PROFILED)
        return taken

    return measured


def _stages(rows: Sequence[bytes], measured: Measured = _timed) -> dict[str, Took]:
    body = b"\n".join(rows)
    with folder() as place:
        hub = compose(Settings(data_dir=place))
        try:
            return _staged(hub, body, measured)
        finally:
            for worker in hub.workers:
                worker.close()
            hub.close()


def _staged(hub: Hub, body: bytes, measured: Measured) -> dict[str, Took]:
    workers = {worker.name: worker for worker in hub.workers}

    def receive() -> None:
        ingest(hub.resources).receive(BytesIO(body), "organisation", "ror", OPERATOR, format_name="ndjson")

    def worked(name: str) -> Callable[[], None]:
        def work() -> None:
            while workers[name].step(0.0):
                pass

        return work

    return {stage: measured(stage, receive if stage == "receive" else worked(stage)) for stage in STAGES}


if __name__ == "__main__":
    main()
