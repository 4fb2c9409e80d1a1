"""A Faust agent that merges submissions by record in a table, kept in RocksDB and in its changelog.

Each key of the table holds what every source says of the record; the merged fields, by the sources' authority, go to a
topic of records. It has no history, no conflicts, no duplicates and no receipts, which the hub's curation all has.
"""

import sys
from typing import Any

import faust
from telling import asked, tell

WANTED = asked()
RANKS = {"harvested": 0, "owner": 1, "provincial": 2, "national": 3}
EVERY = WANTED["batch"]
app = faust.App(
    WANTED["group"],
    broker=f"kafka://{WANTED['bootstrap']}",
    store="rocksdb://?driver=rocksdict",
    datadir=WANTED["folder"],
    consumer_auto_offset_reset="earliest",
    topic_partitions=WANTED["partitions"],
)
submissions = app.topic(WANTED["topic"], key_serializer="raw", value_serializer="json")
merged = app.topic(WANTED["merged"], key_serializer="raw", value_serializer="json")
table = app.Table("records", partitions=WANTED["partitions"], key_type=str)


def with_submission(record: dict[str, Any] | None, said: dict[str, Any]) -> dict[str, Any] | None:
    """The record with what is said of it; None where the same source has said something newer."""
    known = record or {"version": 0, "sources": {}, "fields": {}}
    name = f"{said['source']}/{said['source_record_id']}"
    before = known["sources"].get(name)
    if before and before["source_version"] >= said["source_version"]:
        return None
    sources = {**known["sources"], name: said}
    fields: dict[str, Any] = {}
    for one in sorted(sources.values(), key=lambda one: (RANKS[one["authority"]], one["source_version"])):
        if one["operation"] == "upsert":
            fields |= one["fields"]
    return {"version": known["version"] + 1, "sources": sources, "fields": fields}


@app.agent(submissions)
async def merge(stream: Any) -> None:
    done = 0
    async for key, said in stream.items():
        record_id = key.decode()
        if record := with_submission(table.get(record_id), said):
            table[record_id] = record
            await merged.send(key=key, value={"id": record_id, **record})
        done += 1
        if done % EVERY == 0 or done == WANTED["rows"]:
            await app.producer.flush()
            tell(EVERY if done % EVERY == 0 else done % EVERY)


sys.argv = ["faust", "worker", "--loglevel", "warn", "--without-web"]
app.main()
