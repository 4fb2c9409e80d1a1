"""The entries of an embedded event log as streams: what other hubs need of it, with digests."""

from collections.abc import Iterable, Iterator
from hashlib import sha256

import orjson

from app.operations.sqlite_tables import Folder
from app.operations.tables import Digest
from hub.kernel.cloudevents import CloudEvent
from hub.kernel.deadletters import dead_letter_topic
from hub.kernel.entries import Entry
from hub.kernel.records import RECORD_CHANGED, RECORDS, SUBMISSIONS
from hub.log.headers import pack, unpack
from hub.log.sqlite_eventlog import SqliteEventLog
from schemas.events.bookings import BOOKINGS
from schemas.events.usage import TELEMETRY, USAGE_COUNTED, MonthUsage

READ_ENTRIES = 2_000
_DUE = "SELECT due FROM unattended WHERE instrument = ? AND month = ? ORDER BY number"
LETTERS = (dead_letter_topic(SUBMISSIONS), dead_letter_topic(RECORDS))
"""Dead letters that do not come again. Bookings and telemetry are counted anew, which finds theirs again."""
KEPT = (BOOKINGS, TELEMETRY, *LETTERS)
"""Topics of which every entry goes along, in order."""


def entries(log: SqliteEventLog, topic: str) -> Iterator[Entry]:
    """Every entry of a topic, a partition after the other, each in its order; bounded memory."""
    query = "SELECT at, key, value, headers FROM entries WHERE at >= ? AND at < ? ORDER BY at LIMIT ?"
    for partition in log.partitions(topic):
        start = partition.first
        while rows := log.database.read().execute(query, (start, partition.beyond, READ_ENTRIES)).fetchall():
            yield from (Entry(key, value, unpack(headers)) for _, key, value, headers in rows)
            start = rows[-1][0] + 1


def current_records(folder: Folder, node: str) -> Iterator[Entry]:
    """The event of every record's newest version, withdrawn ones too, in the order of their ids."""
    for record_id, version, body in folder.connection("records").execute(
        "SELECT id, version, body FROM records ORDER BY id"
    ):
        at = orjson.loads(body)["updated_at"]
        yield CloudEvent(f"{record_id}@{version}", node, RECORD_CHANGED, record_id, at, body).as_entry()


def months(folder: Folder, node: str, at: str) -> Iterator[Entry]:
    """The indicators that this folder has counted: those of months whose events the log no longer keeps as well."""
    if not (folder.path / "usage.db").exists():
        return
    sql = folder.connection("usage")
    read = "SELECT instrument, month, record_version, revision, effective, external, bookings, laboratory, "
    for row in sql.execute(f"{read} organisation, county FROM months ORDER BY instrument, month"):
        instrument, name, version, revision, effective, external, bookings, *place = row
        due = tuple(moment for (moment,) in sql.execute(_DUE, (instrument, name)))
        month = MonthUsage(instrument, name, version, revision, effective, external, bookings, due, *place)
        event_id = f"{month.key()}@{version}.{revision}"
        yield CloudEvent(event_id, node, USAGE_COUNTED, month.key(), at, month.to_bytes()).as_entry()


def digest_entries(stream: Iterable[Entry]) -> Digest:
    """The digest of entries in their order."""
    count, digest = 0, sha256()
    for count, entry in enumerate(stream, 1):  # noqa: B007 - the last number is the count
        headers, value = pack(entry.headers), entry.value
        for part in (entry.key, headers, value or b""):
            digest.update(b"%d:" % len(part) + part)
        digest.update(b"-" if value is None else b"+")
    return Digest(count, digest.hexdigest())


def topic_digests(log: SqliteEventLog) -> dict[str, Digest]:
    """The digest of each topic in the log."""
    return {topic.name: digest_entries(entries(log, topic.name)) for topic in log.topics()}


def publish_missing(log: SqliteEventLog, folder: Folder, node: str) -> int:
    """Append the newest version of every record where the log has no record event at all, as after a copy of servers.

    Returns how many.
    """
    if sum(log.end_offsets(RECORDS).values()):
        return 0
    done, batch = 0, list[Entry]()
    for entry in current_records(folder, node):
        batch.append(entry)
        if len(batch) == READ_ENTRIES:
            log.append(RECORDS, batch)
            done, batch = done + len(batch), []
    if batch:
        log.append(RECORDS, batch)
    return done + len(batch)
