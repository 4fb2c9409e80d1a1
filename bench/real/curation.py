"""Curation on PostgreSQL beside a Faust agent that merges the same submissions in a table.

    python -m bench.real.curation --rows 20000 --rounds 3

Two sources speak of each record, so that every second submission is merged with one before it. Both read one topic of
one partition and publish every version of every record; the hub stores contributions, records, history, outcomes and
its outbox in PostgreSQL besides, in each round in a database of its own.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from uuid import uuid4

from bench.common import Report, options, ratios, spread, table
from bench.data import records
from bench.real.running import Paced, database, filled, paced, servers
from bench.real.sink import in_rounds, tell_missing
from hub.kernel.cloudevents import CloudEvent
from hub.kernel.entries import Entry
from hub.kernel.records import SUBMITTED, Submission
from hub.log.kafka_eventlog import KafkaEventLog
from hub.ports.eventlog import Topic
from hub.runtime.settings import Settings

HUB, FAUST = "hub, curation and relay on PostgreSQL", "Faust agent, table in RocksDB"
PEERS = {HUB: "hub", FAUST: "faust"}
"""And the environments that they run in."""
AT = "2026-01-01T00:00:00.000000Z"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and report."""
    parser = options(
        "Submissions to published records, submissions/s.",
        rows=(int, 20_000, "submissions"),
        batch=(int, 2_000, "submissions at once"),
        only=(str, "", "hub: without the peer that has to be installed first"),
    )
    asked = parser.parse_args(arguments)
    command = f"python -m bench.real.curation --rows {asked.rows} --rounds {asked.rounds}"
    report = Report("real-curation", f"Curation, {asked.rows:,} submissions", command)
    with servers() as settings:
        log = KafkaEventLog(settings.kafka_bootstrap)
        try:
            topic = filled(log, entries(asked.rows), 1)
            runs = {
                name: partial(run, settings, log, topic, peer, rows=asked.rows, batch=asked.batch)
                for name, peer in PEERS.items()
                if asked.only in ("", peer)
            }
            found, failed = in_rounds(runs, asked.rounds)
            failed |= {name: f"--only {asked.only}" for name in PEERS if name not in runs}
        finally:
            log.close()
    rows = [
        [name, spread([one.wall for one in each]), spread([one.cpu for one in each])] for name, each in found.items()
    ]
    report.add(table(["median (least–greatest)", "submissions/s", "submissions per client CPU s"], rows))
    if not failed:
        wall, cpu = (
            ratios([getattr(one, of) for one in found[HUB]], [getattr(one, of) for one in found[FAUST]])
            for of in ("wall", "cpu")
        )
        report.add(f"Hub / Faust: {wall} by wall, {cpu} by client CPU.")
    tell_missing(report, failed)
    report.finish(asked.write)


def run(settings: Settings, log: KafkaEventLog, topic: str, peer: str, *, rows: int, batch: int) -> Paced:
    """One run with a group, a topic of records and, for the hub, a database of its own."""
    name = f"bench-{uuid4().hex[:8]}"
    log.create_topics([Topic(f"{name}-records")])
    with database(settings) as dsn:
        wanted = {
            "bootstrap": settings.kafka_bootstrap,
            "dsn": dsn,
            "topic": topic,
            "merged": f"{name}-records",
            "group": name,
            "rows": rows,
            "batch": batch,
            "partitions": 1,
        }
        return paced(peer, f"{peer}_curation.py", wanted)


def entries(count: int) -> list[Entry]:
    """Two sources' submissions of each record, those of the second after all of the first."""
    made = list(records(-(-count // 2)))
    first = [
        Submission(one.kind, "owner", one.id, 1, "upsert", "owner", one.id, one.fields, one.updated_at) for one in made
    ]
    second = [
        replace(
            said,
            source="zhejiang",
            authority="provincial",
            fields={name: value for at, (name, value) in enumerate(said.fields.items()) if at % 2},
        )
        for said in first
    ]
    return [submission_entry(said) for said in (*first, *second)][:count]


def submission_entry(said: Submission) -> Entry:
    """The submission as ingest publishes it."""
    return CloudEvent(said.event_id(), "bench", SUBMITTED, said.subject(), AT, said.to_bytes()).as_entry()


if __name__ == "__main__":
    main()
