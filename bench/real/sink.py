"""Kafka to Elasticsearch: the hub's worker beside Quix Streams' sink, and FastStream and Faust with the bulk helper.

    python -m bench.real.sink --rows 30000 --rounds 3
    python -m bench.real.sink --rows 30000 --scaling 1     one, two and four partitions, as many workers

Every peer has the same documents on a topic of its own copy, and an index with the hub's mapping and settings. `hub,
projecting` does more than the others: it makes the documents of records first. Rates are taken from the moment when
the first batch is stored until all documents are visible to searches, so that no peer's start is counted.
"""

from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from uuid import uuid4

from elasticsearch import Elasticsearch

from bench.common import Report, options, ratios, spread, table
from bench.data import records
from bench.real.running import Paced, PeerFailed, filled, new_index, paced, servers
from hub.kernel.cloudevents import CloudEvent
from hub.kernel.entries import Entry
from hub.kernel.records import RECORD_CHANGED, Record
from hub.log.kafka_eventlog import KafkaEventLog
from hub.runtime.settings import Settings
from services.catalog.adapters.elasticsearch_documents import operation
from services.catalog.core.projection import document

QUIX, FASTSTREAM, FAUST = "Quix Streams, ElasticsearchSink", "FastStream + bulk helper", "Faust agent + bulk helper"
THROUGH, PROJECTING, MEMORY = "hub, documents as they are", "hub, projecting records", "ready bulk requests from memory"
SCALES = (1, 2, 4)


@dataclass(frozen=True, slots=True)
class Peer:
    """The environment it runs in, its script, which entries it reads, and how (for the hub's own)."""

    environment: str
    script: str
    entries: str = "documents"
    how: str = ""


PEERS: Mapping[str, Peer] = {
    THROUGH: Peer("hub", "hub_sink.py", how="through"),
    PROJECTING: Peer("hub", "hub_sink.py", "records", "sink"),
    MEMORY: Peer("hub", "hub_sink.py", how="memory"),
    QUIX: Peer("quix", "quix_sink.py"),
    FASTSTREAM: Peer("faststream", "faststream_sink.py"),
    FAUST: Peer("faust", "faust_sink.py"),
}


@dataclass(frozen=True, slots=True)
class Job:
    """Topics by the entries that they have, and how they are to be read."""

    settings: Settings
    topics: Mapping[str, str]
    rows: int
    batch: int
    partitions: int = 1
    workers: int = 1


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and report."""
    parser = options(
        "Kafka to Elasticsearch, documents/s.",
        rows=(int, 30_000, "documents"),
        batch=(int, 2_000, "documents at once, of every peer"),
        scaling=(int, 0, "1: the hub alone, with more partitions and workers"),
        only=(str, "", "hub: without the peers that have to be installed first"),
    )
    asked = parser.parse_args(arguments)
    command = f"python -m bench.real.sink --rows {asked.rows} --rounds {asked.rounds}" + (
        " --scaling 1" if asked.scaling else ""
    )
    title = "Kafka to Elasticsearch, more workers" if asked.scaling else "Kafka to Elasticsearch"
    report = Report(f"real-sink-{asked.scaling}", f"{title}, {asked.rows:,} documents", command)
    made = list(records(asked.rows))
    with servers() as settings:
        log = KafkaEventLog(settings.kafka_bootstrap)
        try:
            job = Job(settings, {}, asked.rows, asked.batch)
            if asked.scaling:
                _scale(report, log, made, job, asked.rounds)
            else:
                _compare(report, log, made, job, asked)
        finally:
            log.close()
    report.finish(asked.write)


def _compare(report: Report, log: KafkaEventLog, made: Sequence[Record], job: Job, asked: Namespace) -> None:
    topics = {
        "documents": filled(log, [document_entry(record) for record in made], 1),
        "records": filled(log, [record_entry(record) for record in made], 1),
    }
    job = replace(job, topics=topics)
    peers = {name: peer for name, peer in PEERS.items() if asked.only in ("", peer.environment)}
    runs = {name: partial(run, peer, job) for name, peer in peers.items()}
    run(PEERS[MEMORY], job)  # a server that has just started is slower for whoever comes first
    found, failed = in_rounds(runs, asked.rounds)
    report.add(compared(found))
    tell_missing(report, failed | {name: f"--only {asked.only}" for name in PEERS if name not in runs})


def tell_missing(report: Report, reasons: Mapping[str, str]) -> None:
    """Say of each peer without a result why it has none."""
    for name, why in reasons.items():
        report.add(f"{name}: not measured: {why}")


def in_rounds(runs: Mapping[str, Callable[[], Paced]], rounds: int) -> tuple[dict[str, list[Paced]], dict[str, str]]:
    """Each peer once a round, in turn, every second round backwards; one that fails is left out, with the reason."""
    found: dict[str, list[Paced]] = {name: [] for name in runs}
    failed: dict[str, str] = {}
    for number in range(rounds):
        for name in list(runs)[:: -1 if number % 2 else 1]:
            if name in failed:
                continue
            try:
                found[name].append(runs[name]())
            except PeerFailed as error:
                failed[name] = str(error)
                continue
            one = found[name][-1]
            print(f"round {number + 1}  {name}: {one.wall:,.0f}/s, {one.cpu:,.0f} per CPU second", flush=True)
    return {name: each for name, each in found.items() if name not in failed}, failed


def compared(found: Mapping[str, Sequence[Paced]]) -> str:
    """What each peer did, and the ratios of the hub's ways, and of the server's own ceiling, to every other."""
    head = ["median (least–greatest)", "documents/s", "documents per client CPU s"]
    beside = [name for name in (MEMORY, QUIX, FASTSTREAM, FAUST) if name in found]
    rows = [
        [name, spread([one.wall for one in each]), spread([one.cpu for one in each])] for name, each in found.items()
    ]
    first = table(head, rows)
    pairs = [
        [f"{name} / {other}", *(_ratio(found[name], found[other], of) for of in ("wall", "cpu"))]
        for name in (THROUGH, PROJECTING, MEMORY)
        if name in found
        for other in beside
        if other != name
    ]
    return first + "\n\n" + table(["ratio of the rounds, median (least–greatest)", "by wall", "by client CPU"], pairs)


def _ratio(hub: Sequence[Paced], peer: Sequence[Paced], of: str) -> str:
    return ratios([getattr(one, of) for one in hub], [getattr(one, of) for one in peer])


def _scale(report: Report, log: KafkaEventLog, made: Sequence[Record], job: Job, rounds: int) -> None:
    entries = [record_entry(record) for record in made]
    jobs = {
        f"{count} partition(s), {count} worker(s)": replace(
            job, topics={"records": filled(log, entries, count)}, partitions=count, workers=count
        )
        for count in SCALES
    }
    found, failed = in_rounds({name: partial(run, PEERS[PROJECTING], one) for name, one in jobs.items()}, rounds)
    least = next(iter(found))
    rows = [
        [
            name,
            spread([one.wall for one in each]),
            spread([one.cpu for one in each]),
            _ratio(each, found[least], "wall"),
        ]
        for name, each in found.items()
    ]
    report.add(table([PROJECTING, "documents/s", "documents per client CPU s", "of one worker's"], rows))
    tell_missing(report, failed)


def run(peer: Peer, job: Job) -> Paced:
    """One run on a new index and with a new group; PeerFailed where not every document arrived."""
    index = f"bench-{uuid4().hex[:8]}"
    client = Elasticsearch(job.settings.elasticsearch_url, request_timeout=60)
    wanted = {
        "bootstrap": job.settings.kafka_bootstrap,
        "url": job.settings.elasticsearch_url,
        "topic": job.topics[peer.entries],
        "index": index,
        "group": index,
        "rows": job.rows,
        "batch": job.batch,
        "partitions": job.partitions,
        "how": peer.how,
    }
    try:
        if peer.how != "sink":  # which makes its own
            new_index(client, index)
        seen = lambda: client.indices.refresh(index=f"{index}*")  # noqa: E731 - a name makes the call below readable
        pace = paced(peer.environment, peer.script, wanted, workers=job.workers, finish=seen)
        count = client.count(index=f"{index}*")["count"]
        if count != job.rows:
            raise PeerFailed(f"{count:,} of {job.rows:,} documents are in the index")
        return pace
    finally:
        for made in client.indices.get(index=f"{index}*"):
            client.indices.delete(index=made)
        client.close()


def record_entry(record: Record) -> Entry:
    """The record as curation publishes it."""
    event = CloudEvent(f"{record.id}-1", "bench", RECORD_CHANGED, record.id, record.updated_at, record.to_bytes())
    return event.as_entry()


def document_entry(record: Record) -> Entry:
    """The record's document, ready for the index."""
    return Entry(record.id.encode(), operation(document(record)).split(b"\n")[1])


if __name__ == "__main__":
    main()
