"""Growth of cost: what a record and a search cost while the store grows from 10,000 to 1,000,000 records.

    python -m bench.real.growth --most 1000000

One stream of submissions goes through the real stages: curation and its relay on PostgreSQL in one process, the
catalogue's sink in another. Whenever the store has grown to the next size, `sample` submissions more (half of them new
records, half changes of old ones drawn at random) go through one stage after the other, and the same rows and documents
into a bare table and a bare index that have as many, in batches of as many rows. Searches are words, filters and both.
Client CPU is that of the stage's process alone. A table or index of its own size grows too: what counts is how much
more the hub's cost grows than the bare server's.
"""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from statistics import median
from time import perf_counter
from uuid import uuid4

from bench.common import Report, Took, options, percentile, spread, table
from bench.queries import CLASSES
from bench.real.growing import BareStore, Costs, HubStore, sampled
from bench.real.running import database, servers
from bench.real.stages import Where
from hub.ports.catalogue import Query
from hub.runtime.settings import Settings
from services.catalog.core.queries import parsed

MARKS = (10_000, 30_000, 100_000, 300_000, 1_000_000)
ASKED = ("Chinese words", "in a city, newest first", "words, in a city")
"""Classes of queries: words, a filter, both."""
WARM_UP, WARM_ROUNDS = 60, 3
STAGES = ("curation", "insert", "sink", "bulk")
SHOWN = (
    ("curation + relay: wall", "curation", "wall"),
    ("its client CPU", "curation", "cpu"),
    ("bare INSERT: wall", "insert", "wall"),
    ("sink: wall", "sink", "wall"),
    ("the sink's client CPU", "sink", "cpu"),
    ("bare bulk: wall", "bulk", "wall"),
)


@dataclass(frozen=True, slots=True)
class Grown:
    """What was found at one size: costs by round, searches in seconds, the servers' bytes."""

    records: int
    loading: float
    """Seconds since the size before, of the hub alone."""
    costs: Sequence[Costs]
    searches: Sequence[float]
    bare_searches: Sequence[float]
    tables: tuple[int, int]
    indices: tuple[int, int]
    """The hub's bytes and the bare ones', of `stored` records."""
    stored: int


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and report."""
    parser = options(
        "Cost of a record by the size of the store.",
        most=(int, MARKS[-1], "records at the end"),
        sample=(int, 4_000, "submissions of a round"),
        queries=(int, 99, "searches at each size"),
    )
    asked = parser.parse_args(arguments)
    command = f"python -m bench.real.growth --most {asked.most} --rounds {asked.rounds}"
    report = Report("real-growth", f"Growth of cost to {asked.most:,} records", command)
    with servers() as settings:
        found = run(settings, marks(asked.most), asked.sample, asked.queries, asked.rounds)
    for part in told(found):
        report.add(part)
    report.finish(asked.write)


def marks(most: int) -> list[int]:
    """The sizes to measure at."""
    return [*(mark for mark in MARKS if mark < most), most]


def run(settings: Settings, sizes: Sequence[int], rows: int, queries: int, rounds: int) -> list[Grown]:
    """Grow to each size in turn and measure there."""
    name = f"bench-{uuid4().hex[:8]}"
    with database(settings) as dsn, contextlib.ExitStack() as opened:
        where = Where(settings.kafka_bootstrap, dsn, settings.elasticsearch_url, name)
        hub = HubStore(where)
        opened.callback(hub.close)
        bare = BareStore(where)
        opened.callback(bare.close)
        found = []
        loading = hub.load(sizes[0] - WARM_ROUNDS * (rows // 2))
        bare.load()
        _warm(hub, bare, rows, queries)
        for size in sizes:
            loading += hub.load(size)
            print(f"{hub.count:,} records after {loading:.0f} s", flush=True)
            bare.load()
            bare.settle()
            found.append(_measured(hub, bare, where, loading, (rows, queries, rounds)))
            loading = 0.0
    return found


def _warm(hub: HubStore, bare: BareStore, rows: int, queries: int) -> None:
    """Servers that have just started are slower for whatever comes first."""
    for _ in range(WARM_ROUNDS):
        sampled(hub, bare, rows)
    for _ in range(WARM_ROUNDS):
        turns(drawn(queries, WARM_ROUNDS), (hub.catalogue.search, bare.search))


def _measured(hub: HubStore, bare: BareStore, where: Where, loading: float, how: tuple[int, int, int]) -> Grown:
    rows, queries, rounds = how
    records, costs = hub.count, []
    for number in range(rounds):
        costs.append(sampled(hub, bare, rows))
        shown = {stage: f"{getattr(costs[-1], stage).wall * 1e6:.0f} µs" for stage in STAGES}
        print(f"{records:,} records, round {number + 1}: {shown}", flush=True)
    bare.settle()
    searches, bare_searches = turns(drawn(queries), (hub.catalogue.search, bare.search))
    tables = hub.table_bytes(), bare.table_bytes()
    indices = bare.index_bytes(where.name), bare.index_bytes(bare.index)
    return Grown(records, loading, costs, searches, bare_searches, tables, indices, hub.count)


def drawn(count: int, seed: int = 1) -> list[Query]:
    """The same at every size; the first WARM_UP are not counted."""
    rng = Random(seed)
    names = [ASKED[number % len(ASKED)] for number in range(count + WARM_UP)]
    return [parsed([*CLASSES[name](rng), ("facets", "auto")], "zh") for name in names]


def turns(queries: Sequence[Query], peers: Sequence[Callable[[Query], object]]) -> list[list[float]]:
    """Seconds of each query by peer, in turn, every second query backwards."""
    taken: list[list[float]] = [[] for _ in peers]
    for number, query in enumerate(queries):
        for at in list(range(len(peers)))[:: -1 if number % 2 else 1]:
            began = perf_counter()
            peers[at](query)
            if number >= WARM_UP:
                taken[at].append(perf_counter() - began)
    return taken


def told(found: Sequence[Grown]) -> list[str]:
    """Tables of costs, of growth beside the bare servers' own, and of searches and sizes."""
    return [_costs(found), _growth(found), _sizes(found), _loading(found)]


def _costs(found: Sequence[Grown]) -> str:
    head = ["µs a record, median (least–greatest)", *(title for title, _, _ in SHOWN)]
    rows = [
        [f"{grown.records:,} records", *(spread([us(one, stage, of) for one in grown.costs]) for _, stage, of in SHOWN)]
        for grown in found
    ]
    return table(head, rows)


def us(costs: Costs, stage: str, of: str) -> float:
    """Microseconds of a record by the `wall` or `cpu`."""
    spent: Took = getattr(costs, stage)
    return float(getattr(spent, of)) * 1e6


def _growth(found: Sequence[Grown]) -> str:
    first = found[0]
    titles = [title for title, _, _ in SHOWN]
    head = [f"beside what it is at {first.records:,} records", *titles, "search, p50", "bare search, p50"]

    def costs(grown: Grown) -> list[float]:
        medians = [median([us(one, stage, of) for one in grown.costs]) for _, stage, of in SHOWN]
        return [*medians, median(grown.searches), median(grown.bare_searches)]

    before = costs(first)
    rows = [
        [f"{grown.records:,} records", *(f"{now / then:.2f} ×" for now, then in zip(costs(grown), before, strict=True))]
        for grown in found[1:]
    ]
    return table(head, rows) if rows else "There is only one size: nothing is told of growth."


def _sizes(found: Sequence[Grown]) -> str:
    head = [
        "",
        *("search, p50 / p95 in ms", "bare search"),
        *("PostgreSQL, bytes a record", "bare table", "Elasticsearch, bytes a record", "bare index"),
    ]
    rows = [
        [
            f"{grown.records:,} records",
            *(
                " / ".join(f"{percentile(taken, share) * 1e3:.1f}" for share in (0.5, 0.95))
                for taken in (grown.searches, grown.bare_searches)
            ),
            *(f"{size / grown.stored:,.0f}" for size in (*grown.tables, *grown.indices)),
        ]
        for grown in found
    ]
    return table(head, rows)


def _loading(found: Sequence[Grown]) -> str:
    steps = ", ".join(f"{grown.loading:,.0f} s to {grown.records:,}" for grown in found)
    return (
        f"Loading through both stages side by side took {sum(grown.loading for grown in found):,.0f} s: {steps}. "
        "A search has its exact total and the counts of its facets, both over all that matches, which grows with the "
        "store; the bare one finds a page alone."
    )


if __name__ == "__main__":
    main()
