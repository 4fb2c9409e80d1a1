"""The ingest API on Kafka: validated records/s over HTTP, and what each part of the work costs by itself.

    python -m bench.real.ingest_api --rows 40000 --batch 10000 --rounds 3 --workers 2

`hub serve ingest` is a process of its own; NDJSON documents of `batch` organisations are sent one after the other, and
an answer comes when all of a document's events are in Kafka and its receipt in PostgreSQL. Beside it, in this process:
the kind's pydantic model alone over the same bytes, the hub's own making of events alone (with neither log nor vault),
and a kafka-python producer alone sending the events made (acks=all, as the hub's). With `--workers` the same documents
are also sent to as many processes side by side, each by a client of its own.
"""

import gc
import os
import queue
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from io import BytesIO
from pathlib import Path
from statistics import median
from uuid import uuid4

import orjson

from app.devstack.ports import free_port
from bench.common import Report, Took, folder, options, ratios, spread, table, took
from bench.organisations import lines
from bench.real.running import database, servers
from bench.serving import ROOT, Client
from hub.auth.tokens import AccessFile, operator_token
from hub.kernel.entries import Entry
from hub.kernel.versions import source_version
from hub.log.kafka_eventlog import KafkaEventLog
from hub.ports.eventlog import Topic
from hub.runtime.settings import Settings
from hub.runtime.threads import GARBAGE_AFTER
from schemas.kind import kind_named
from services.ingest.core.events import EventMaker
from services.ingest.core.rows import Limits
from services.ingest.core.submissions import Frame
from services.ingest.formats.registry import chosen

KIND, SOURCE = "organisation", "ror"
API, MODEL, EVENTS, PRODUCER = (
    "hub serve ingest, over HTTP",
    "pydantic model alone",
    "the hub's making of events alone",
    "kafka-python producer alone",
)
PATH = f"/api/v1/submissions/{KIND}?source={SOURCE}"
START_SECONDS = 60.0
TICKS = os.sysconf("SC_CLK_TCK")
"""A second."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and report."""
    parser = options(
        "Validated records/s.",
        rows=(int, 40_000, "organisations"),
        batch=(int, 10_000, "organisations a request"),
        workers=(int, 1, "processes that ingest side by side, beside one alone"),
    )
    asked = parser.parse_args(arguments)
    command = f"python -m bench.real.ingest_api --rows {asked.rows} --batch {asked.batch} --rounds {asked.rounds}"
    command += f" --workers {asked.workers}" if asked.workers > 1 else ""
    report = Report("real-ingest-api", f"Ingest API on Kafka, {asked.rows:,} organisations", command)
    gc.set_threshold(*GARBAGE_AFTER)  # as the served hub has it
    rows = lines(asked.rows)
    with servers() as settings:
        log = KafkaEventLog(settings.kafka_bootstrap)
        try:
            found = _rounds(settings, log, rows, asked)
        finally:
            log.close()
    rates = {name: [asked.rows / one.wall for one in each] for name, each in found.items()}
    cpus = {name: [asked.rows / one.cpu for one in each] for name, each in found.items()}
    shares = {name: ratios(rates[API], rates[name]) if name != API else "" for name in found}
    told = [[name, spread(rates[name]), spread(cpus[name]), shares[name]] for name in found]
    report.add(table(["median (least–greatest)", "records/s", "records per CPU s", "API / this"], told))
    if asked.workers > 1:
        gain = ratios(rates[side_by_side(asked.workers)], rates[API])
        report.add(f"{asked.workers} processes side by side ingest {gain} of what one does, on {os.cpu_count()} CPUs.")
    serial = 1 / (1 / median(rates[EVENTS]) + 1 / median(rates[PRODUCER]))
    report.add(
        f"Making the events and sending them, one after the other in one process, would come to {serial:,.0f} "
        f"records/s ({average(rows):,.0f} bytes a record)."
    )
    report.finish(asked.write)


def average(rows: Sequence[bytes]) -> float:
    """Bytes of a record as it is sent."""
    return sum(map(len, rows)) / len(rows)


def side_by_side(workers: int) -> str:
    """The name of this many processes."""
    return f"{workers} × hub serve ingest, side by side"


def _rounds(settings: Settings, log: KafkaEventLog, rows: Sequence[bytes], asked: Namespace) -> dict[str, list[Took]]:
    kind, batch, workers = kind_named(KIND), asked.batch, asked.workers
    bodies = [b"\n".join(rows[start : start + batch]) for start in range(0, len(rows), batch)]
    topic = f"bench-{uuid4().hex[:8]}"
    log.create_topics([Topic(topic, 6)])
    made = [entries(body) for body in bodies]
    fields = [without_id(row) for row in rows]

    def send() -> None:
        for each in made:
            log.append(topic, each)

    with database(settings) as dsn, serving(dsn, workers) as served:
        for one in served:
            _posted([one], [b"\n".join(rows[:200])])
        runs: dict[str, Callable[[], Took]] = {
            API: lambda: _posted(served[:1], bodies),
            **({side_by_side(workers): lambda: _posted(served, bodies)} if workers > 1 else {}),
            MODEL: lambda: took(lambda: [kind.model.model_validate_json(row) for row in fields]),
            EVENTS: lambda: took(lambda: [entries(body) for body in bodies]),
            PRODUCER: lambda: took(send),
        }
        found: dict[str, list[Took]] = {name: [] for name in runs}
        for number in range(asked.rounds):
            for name in list(runs)[:: -1 if number % 2 else 1]:
                found[name].append(runs[name]())
            print({name: f"{len(rows) / each[-1].wall:,.0f}/s" for name, each in found.items()}, flush=True)
    return found


def _posted(served: Sequence[tuple[Client, int]], bodies: Sequence[bytes]) -> Took:
    """By the clock, and the CPU time that the servers had; each takes its next document when it has done one."""
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    for body in bodies:
        waiting.put(body)

    def post(client: Client) -> None:
        with suppress(queue.Empty):
            while True:
                receipt = client.post(PATH, waiting.get_nowait(), 202, "application/x-ndjson")
                if receipt["refused"]:
                    raise RuntimeError(f"{receipt['refused']} rows are refused")

    before, began = sum(cpu_of(pid) for _, pid in served), time.perf_counter()
    with ThreadPoolExecutor(len(served)) as pool:
        list(pool.map(post, [client for client, _ in served]))
    used = sum(cpu_of(pid) for _, pid in served) - before
    return Took(time.perf_counter() - began, max(used, 1 / TICKS))


def entries(body: bytes) -> list[Entry]:
    """What the hub makes of a document, without the log, the receipts and the vault."""
    kind, limits = kind_named(KIND), Limits()
    form = chosen("ndjson", "", "", body[:4_096], kind)
    at = "2026-01-01T00:00:00.000000Z"
    frame = Frame(
        kind=kind,
        source=SOURCE,
        authority="harvested",
        received_at=at,
        version=source_version(at),
        operation="upsert",
    )
    made = EventMaker(frame, limits, "bench", lambda subjects: dict.fromkeys(subjects, str)).made(
        list(form.read(BytesIO(body), kind, limits))
    )
    if made.refused:
        raise RuntimeError("rows are refused")
    return made.entries


def without_id(row: bytes) -> bytes:
    """The record's fields alone, as the model takes them."""
    return orjson.dumps({name: value for name, value in orjson.loads(row).items() if name != "_id"})


def cpu_of(pid: int) -> float:
    """Seconds of CPU time that a process has had (Linux), in whole ticks."""
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / TICKS


@contextmanager
def serving(dsn: str, workers: int) -> Iterator[list[tuple[Client, int]]]:
    """Processes of `hub serve ingest` on the environment's servers, with one database and folder, and their ids."""
    with folder() as data, ExitStack() as opened:
        AccessFile(data)  # with the operator's token
        # One after the other: the first of them makes the keys.
        yield [opened.enter_context(_process(dsn, data, data / f"server-{number}.out")) for number in range(workers)]


@contextmanager
def _process(dsn: str, data: Path, out: Path) -> Iterator[tuple[Client, int]]:
    port = free_port()
    run = "from app.cli.main import run; run()"
    command = [sys.executable, "-c", run, "serve", "ingest", "--port", str(port), "--data", str(data)]
    with out.open("wb") as told:
        process = subprocess.Popen(
            command, stdout=told, stderr=told, cwd=ROOT, env={**os.environ, "HUB_POSTGRESQL_DSN": dsn}
        )
        try:
            yield _client(process, port, data, out), process.pid
        finally:
            process.terminate()
            process.wait(30)


def _client(process: "subprocess.Popen[bytes]", port: int, data: Path, out: Path) -> Client:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        client = Client(f"http://127.0.0.1:{port}", operator_token(data) or "")
        try:
            client.get("/readyz")
        except (OSError, RuntimeError):
            client.close()
            time.sleep(0.2)
        else:
            return client
    raise RuntimeError(out.read_text("utf-8", "replace"))


if __name__ == "__main__":
    main()
