"""The data of a hub on Kafka and PostgreSQL as an embedded hub's stores: the way back of app.operations.move.

Positions are read first, then the tables at one moment, so that every submission is either in the tables or copied.
Submissions up to that moment are copied from where curation has committed; their private values were put into the
vault before them. Bookings' events are read last, and those that the tables do not know yet are left out.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from app.operations.kafka_topics import Offsets
from app.operations.log_streams import LETTERS, READ_ENTRIES
from app.operations.move import Target
from app.operations.sqlite_tables import APART, Folder, make_empty
from app.operations.tables import BY_NAME, Steps, counted
from hub.kernel.entries import Entry
from hub.kernel.records import SUBMISSIONS
from hub.log.sqlite_eventlog import SqliteEventLog
from hub.text.messages import bilingual
from schemas.events.bookings import BOOKINGS
from schemas.events.usage import TELEMETRY, USAGE
from schemas.topics import topics
from services.curation.service import GROUP as CURATION_GROUP


@dataclass(frozen=True, slots=True)
class _Span:
    """A topic's entries from `start` to `end`."""

    topic: str
    start: Offsets
    end: Offsets


def export(target: Target, folder: Path, steps: Steps) -> None:
    """Copy everything into a new folder, in which an embedded hub could start. Hubs may go on working meanwhile."""
    with closing(make_empty(folder)) as log:
        log.create_topics(topics(1))
        spans = list(_before(target))
        with closing(Folder(folder)) as opened:
            with target.servers.snapshot():
                _copy_tables(target, opened, steps)
            spans += [_whole(target, topic) for topic in (BOOKINGS, *LETTERS)]
            for span in spans:
                with steps(bilingual("operations.copying-topic", topic=span.topic)) as progress:
                    entries = target.topics.read(span.topic, span.start, span.end, progress)
                    wanted = _made(opened, entries) if span.topic == BOOKINGS else entries
                    _append(log, span.topic, wanted)


def _before(target: Target) -> Iterator[_Span]:
    """What has to be behind the tables, or no further than they are."""
    yield _whole(target, USAGE)
    curated = target.topics.position(CURATION_GROUP, SUBMISSIONS)
    yield _Span(SUBMISSIONS, curated, target.topics.end_offsets(SUBMISSIONS))
    yield _whole(target, TELEMETRY)


def _whole(target: Target, topic: str) -> _Span:
    return _Span(topic, {}, target.topics.end_offsets(topic))


def _copy_tables(target: Target, folder: Folder, steps: Steps) -> None:
    for name, table in BY_NAME.items():
        if table.info["store"] == APART:
            continue
        total = target.servers.count(table)
        with steps(bilingual("operations.copying-table", name=name)) as progress:
            folder.load(table, counted(target.servers.rows(table), progress, total))


def _made(folder: Folder, events: Iterable[Entry]) -> Iterator[Entry]:
    """The events of bookings' versions that the tables have."""
    sql = folder.connection("bookings")
    for event in events:
        booking, _, version = dict(event.headers).get("ce_id", b"").decode("utf-8", "replace").rpartition("@")
        row = sql.execute("SELECT version FROM bookings WHERE id = ?", (booking,)).fetchone()
        if not version.isdigit() or (row and int(version) <= row[0]):
            yield event


def _append(log: SqliteEventLog, topic: str, entries: Iterable[Entry]) -> None:
    remaining = iter(entries)
    while batch := list(islice(remaining, READ_ENTRIES)):
        log.append(topic, batch)
