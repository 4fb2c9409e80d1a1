"""From sending one record to the moment when a search finds it, over HTTP on the loopback interface.

    python -m bench.freshness --posts 300

Client and hub are two processes. The bare peer inserts the same record into a table and an FTS5 table, with the hub's
durability, and finds it with MATCH on another connection; both hold the same records before. They take turns.
"""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from time import monotonic, perf_counter, sleep
from urllib.parse import quote

import orjson

from bench.bare import connected, document_of, store_searchable
from bench.common import Report, folder, options, percentile, table
from bench.organisations import lines
from bench.serving import Client, Served, served

SLEEP_SECONDS = 0.0005
PATIENCE_SECONDS = 60.0
SUBMIT = "/api/v1/submissions/organisation?source=ror&format=ndjson"
NDJSON = "application/x-ndjson"
AIM_MS = 50.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and report."""
    parser = options(
        "POST to searchable, ms.",
        posts=(int, 300, "single records that are sent"),
        rows=(int, 20_000, "records that are there before"),
        pause_ms=(float, 20.0, "between two records"),
    )
    asked = parser.parse_args(arguments)
    command = f"python -m bench.freshness --rows {asked.rows} --posts {asked.posts}"
    report = Report(
        "freshness", f"Freshness: one record from POST to found, {asked.rows:,} records there before", command
    )
    with folder() as data, folder() as other:
        rows = lines(asked.rows)
        with served(data) as hub:
            _loaded(hub, rows)
            bare = Bare(other / "bare.db", rows)
            _measure(report, hub, bare, asked.posts, asked.pause_ms / 1_000)
    report.finish(asked.write)


class Bare:
    """An FTS5 table with two connections, one that writes and one that reads."""

    def __init__(self, path: Path, rows: Sequence[bytes]) -> None:
        store_searchable(path, map(document_of, rows))
        self._writer, self._reader = connected(path), connected(path)
        self._row = len(rows)

    def found_after(self, row: bytes, word: str) -> float:
        """Seconds."""
        began = perf_counter()
        document = document_of(row)
        self._row += 1
        self._writer.execute("BEGIN IMMEDIATE")
        self._writer.execute("INSERT INTO rows VALUES (?, ?, ?)", (self._row, document.id, document.public))
        self._writer.execute(
            "INSERT INTO terms (rowid, title, body, pinyin) VALUES (?, ?, ?, ?)",
            (self._row, document.title, document.body, document.pinyin),
        )
        self._writer.execute("COMMIT")
        _until(lambda: bool(self._found(word)))
        return perf_counter() - began

    def _found(self, word: str) -> list[sqlite3.Row]:
        return self._reader.execute(
            "SELECT rows.id, rows.body FROM terms JOIN rows ON rows.row = terms.rowid WHERE terms MATCH ?",
            (f'"{word}"',),
        ).fetchall()


def _loaded(hub: Served, rows: Sequence[bytes]) -> None:
    client = hub.client()
    client.post(SUBMIT, b"\n".join(rows), 202, NDJSON)
    _until(lambda: client.get("/api/v1/search?size=1")["total"] >= len(rows), 0.2, 1_800.0)
    client.close()


def _measure(report: Report, hub: Served, bare: Bare, posts: int, pause: float) -> None:
    client = hub.client()
    hub_took: list[tuple[float, float]] = []
    beside: list[float] = []
    for number in range(posts):
        word = f"fresh{number:06}x"
        row = orjson.dumps({"_id": word, "name_en": f"{word} Laboratory", "place": {"country": "CN"}})
        turns: list[Callable[[], None]] = [
            lambda: hub_took.append(_posted(client, row, word)),  # noqa: B023 - called at once
            lambda: beside.append(bare.found_after(row, word)),  # noqa: B023
        ]
        for turn in turns[:: -1 if number % 2 else 1]:
            turn()
            sleep(pause)
    whole, after = [found for _, found in hub_took], [found - answered for answered, found in hub_took]
    rows = [
        _row("hub: from sending the POST to found", whole),
        _row("hub: from its 202 to found", after),
        _row("bare INSERT + MATCH on another connection", beside),
    ]
    report.add(table(["ms", "p50", "p95", "p99", "least–greatest"], rows))
    p99 = percentile(whole, 0.99) * 1_000
    report.add(
        f"{posts} records, one at a time, {pause * 1_000:.0f} ms apart. The bare peer takes "
        f"{median(beside) / median(whole):.0%} of the hub's time at the median. "
        f"Aim: p99 ≤ {AIM_MS:.0f} ms; it is {p99:.1f} ms."
    )


def _posted(client: Client, row: bytes, word: str) -> tuple[float, float]:
    """Seconds to the answer, and to the first search that finds the record."""
    began = perf_counter()
    client.post(SUBMIT, row, 202, NDJSON)
    answered = perf_counter() - began
    address = f"/api/v1/search?q={quote(word)}"
    _until(lambda: client.get(address)["total"] > 0)
    return answered, perf_counter() - began


def _until(true: Callable[[], bool], pause: float = SLEEP_SECONDS, patience: float = PATIENCE_SECONDS) -> None:
    deadline = monotonic() + patience
    while not true():
        if monotonic() > deadline:
            raise TimeoutError("the record was not found")
        sleep(pause)


def _row(name: str, seconds: Sequence[float]) -> list[str]:
    shares = (percentile(seconds, share) for share in (0.5, 0.95, 0.99))
    extremes = f"{min(seconds) * 1_000:.1f}–{max(seconds) * 1_000:.1f}"
    return [name, *(f"{value * 1_000:.1f}" for value in shares), extremes]


if __name__ == "__main__":
    main()
