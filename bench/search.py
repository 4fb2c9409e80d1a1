"""Searches of many kinds, through the catalogue's port and over HTTP, beside FTS5 and SQL without the hub.

    python -m bench.search --records 100000 --queries 60

Queries are drawn at random, so that few are asked twice. `bare page` finds the page alone: MATCH … ORDER BY rank LIMIT
20, or WHERE and ORDER BY on indexed columns, and reads the JSON of its rows. `bare same` adds what the hub's answer has
besides: the total, and the counts of the same facets (those of the portal, up to seven) by GROUP BY. Peers and hub take
turns, query by query. A ratio of 2 × means twice as fast as the bare peer, at the median. Queries of few forms (broad
terms, kinds, pinyin) come again, as they do from people; what the catalogue remembers of them is part of its speed.
`port: CPU` is the processor's time of the same searches: what they take where nobody else wants the processor.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter, thread_time
from urllib.parse import urlencode

from bench.bare import in_batches
from bench.bare_search import SIZE, BareSearch, in_sql
from bench.common import Report, folder, options, percentile, table
from bench.data import documents
from bench.queries import BROAD, CLASSES, Draw, Parameters, typed
from bench.serving import Client, served
from hub.auth.tokens import signing_key
from hub.ports.catalogue import Catalogue
from services.catalog.adapters.sqlite_catalogue import SqliteCatalogue
from services.catalog.core.cursor import sealed
from services.catalog.core.queries import parsed

FACETS = "auto"
DEEP_PAGE = 10
DONE = "filled"
WARM_UP = 3
AIM_MS = 10.0
CPU = "port: CPU"
PEERS = PORT, HTTP, PAGE, SAME = "hub: port", "hub: HTTP", "bare page", "bare same"
SHOWN = PORT, CPU, HTTP, PAGE, SAME
Runs = Mapping[str, Callable[[], object]]
Taken = dict[str, list[float]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and report."""
    parser = options(
        "Search latency.",
        records=(int, 100_000, "in the catalogue"),
        queries=(int, 60, "of each class"),
        seed=(int, 1, "of the queries"),
        keep=(str, "", "a folder for the filled files, which the next run uses again"),
    )
    asked = parser.parse_args(arguments)
    command = f"python -m bench.search --records {asked.records} --queries {asked.queries}"
    report = Report(f"search-{asked.records}", f"Search among {asked.records:,} records", command)
    with folder() as temporary:
        data = Path(asked.keep or temporary) / "hub"
        filled = (data / DONE).exists()
        data.mkdir(parents=True, exist_ok=True)
        catalogue, bare = SqliteCatalogue(data / "catalogue.db"), BareSearch(data.parent / "bare.db", new=not filled)
        if not filled:
            _fill(catalogue, bare, asked.records)
            (data / DONE).touch()
        with served(data) as hub:
            found = Searching(catalogue, hub.client(), bare, asked.queries, signing_key(data)).all(asked.seed)
        catalogue.close()
        bare.close()
    _tell(report, found, asked.queries)
    report.finish(asked.write)


def _fill(catalogue: Catalogue, bare: BareSearch, records: int) -> None:
    """The same documents for both."""
    for batch in in_batches(documents(records)):
        catalogue.apply(batch)
        bare.store(batch)
    bare.finish()


class Searching:
    """The peers that take turns. `cursor_key` is that of the hub that the client asks."""

    def __init__(self, catalogue: Catalogue, client: Client, bare: BareSearch, count: int, cursor_key: bytes) -> None:
        self._cursor_key = cursor_key
        self._catalogue = catalogue
        self._client = client
        self._bare = bare
        self._count = count

    def all(self, seed: int) -> dict[str, Taken]:
        """Seconds of each query by class and peer."""
        found = {name: self._turns(self._drawn(draw, Random(seed))) for name, draw in CLASSES.items()}
        found[f"a broad term, page {DEEP_PAGE}"] = self._turns([self._deep(one) for one in range(self._asked())])
        rng = Random(seed)
        found["suggestions"] = self._turns([self._suggest(typed(rng)) for _ in range(self._asked())])
        return found

    def _asked(self) -> int:
        return self._count + WARM_UP

    def _drawn(self, draw: Draw, rng: Random) -> list[Runs]:
        return [self._search(draw(rng)) for _ in range(self._asked())]

    def _turns(self, queries: Sequence[Runs]) -> Taken:
        taken: Taken = {name: [] for name in (*PEERS, CPU)}
        for number, runs in enumerate(queries):
            for name in PEERS[:: -1 if number % 2 else 1]:
                began, began_cpu = perf_counter(), thread_time()
                runs[name]()
                took, took_cpu = perf_counter() - began, thread_time() - began_cpu
                if number >= WARM_UP:
                    taken[name].append(took)
                if number >= WARM_UP and name == PORT:
                    taken[CPU].append(took_cpu)
        return taken

    def _search(self, asked: Parameters, cursor: str | None = None, skip: int = 0) -> Runs:
        parameters: Parameters = [*asked, ("facets", FACETS)]
        query = parsed([*parameters, *([("cursor", cursor)] if cursor else [])], "zh")
        given_out = [("cursor", sealed(cursor, self._cursor_key))] if cursor else []
        address = f"/api/v1/search?{urlencode([*parameters, *given_out])}"
        in_tables = in_sql(query)
        return {
            PORT: lambda: self._catalogue.search(query),
            HTTP: lambda: self._client.get(address),
            PAGE: lambda: self._bare.page(in_tables, skip),
            SAME: lambda: self._bare.the_same(in_tables, query.facets, skip),
        }

    def _deep(self, number: int) -> Runs:
        asked, cursor = [("q", BROAD[number % len(BROAD)])], None
        for _ in range(1, DEEP_PAGE):
            query = parsed([*asked, *([("cursor", cursor)] if cursor else [])], "zh")
            cursor = self._catalogue.search(query).next_cursor or cursor
        return self._search(asked, cursor, SIZE * (DEEP_PAGE - 1))

    def _suggest(self, prefix: str) -> Runs:
        """Beside names that begin so: without pinyin, and without beginnings at a later word."""
        address = f"/api/v1/suggest?{urlencode({'q': prefix})}"
        return {
            PORT: lambda: self._catalogue.suggest(prefix),
            HTTP: lambda: self._client.get(address),
            PAGE: lambda: self._bare.completing(prefix),
            SAME: lambda: self._bare.completing(prefix),
        }


def _tell(report: Report, found: Mapping[str, Taken], count: int) -> None:
    head = ["p50 / p95 / p99, ms", *SHOWN, "port beside bare same", "HTTP beside it"]
    report.add(table(head, [_row(name, taken) for name, taken in found.items()]))
    searches = [taken for name, taken in found.items() if name != "suggestions"]
    port, cpu, http = ([one for taken in searches for one in taken[name]] for name in (PORT, CPU, HTTP))
    report.add(
        f"{count} queries of each class. Over all searches p99 is {percentile(port, 0.99) * 1_000:.1f} ms through "
        f"the port ({percentile(cpu, 0.99) * 1_000:.1f} ms of CPU time) and {percentile(http, 0.99) * 1_000:.1f} ms "
        f"over HTTP (aim: ≤ {AIM_MS:.0f} ms)."
    )


def _row(name: str, taken: Taken) -> list[str]:
    told = [" / ".join(f"{percentile(taken[peer], one) * 1_000:.1f}" for one in (0.5, 0.95, 0.99)) for peer in SHOWN]
    same = median(taken[SAME])
    return [name, *told, *(f"{same / median(taken[peer]):.3g} ×" for peer in (PORT, HTTP))]


if __name__ == "__main__":
    main()
