"""From the embedded adapters to Kafka, Elasticsearch and PostgreSQL: everything once, and nothing twice.

Every part can be repeated. A table is loaded in one transaction and left alone where its digest is right already; a
topic is filled after what an earlier try has brought (app.operations.kafka_topics); the catalogue is built anew.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from sqlalchemy import Table

from app.composition import resources
from app.operations.drain import drain
from app.operations.kafka_topics import Topics
from app.operations.log_streams import KEPT, current_records, entries, months
from app.operations.marker import Marker, Series, read_marker
from app.operations.postgresql_tables import Servers
from app.operations.sqlite_tables import KEY, LOG, PRIVATE, Folder
from app.operations.tables import BY_NAME, Differs, Digest, OnProgress, Refused, Steps, counted, digest_rows
from hub.auth.tokens import write_private
from hub.kernel.entries import Entry
from hub.kernel.records import RECORDS, SUBMISSIONS
from hub.log.sqlite_eventlog import SqliteEventLog
from hub.ports.clock import SystemClock, rfc3339
from hub.runtime.manifest import CATALOGUE, DATABASE, EVENT_LOG, RECORD_STORE, Resources
from hub.runtime.settings import Settings
from hub.text.messages import bilingual
from schemas.events.usage import USAGE
from schemas.topics import topics
from services.catalog.sink import GROUP as CATALOGUE_GROUP
from services.catalog.sink import check, rebuild
from services.privacy.adapters.sql_personal import MASTER_FILE
from services.privacy.manifest import AUDIT_FOLDER

GUARDED = (SUBMISSIONS, *KEPT, RECORDS)
"""Topics that a hub which has never been used has nothing in."""


@dataclass(slots=True)
class Moved:
    """What was moved and found equal afterwards: digests of tables, entries of topics, records in the catalogue."""

    tables: dict[str, Digest] = field(default_factory=dict)
    topics: dict[str, int] = field(default_factory=dict)
    catalogue: int = 0
    already: bool = False
    """An earlier move had done all of it, and nothing was done now."""


@dataclass(frozen=True, slots=True)
class Target:
    """The servers that the settings name, opened."""

    on: Resources
    servers: Servers
    topics: Topics

    @property
    def name(self) -> str:
        """What stays the same when a server is restarted on other ports."""
        return self.topics.cluster()

    def empty(self) -> bool:
        """Whether no hub has ever worked on these servers."""
        return self.servers.empty() and not self.topics.used(GUARDED)


@contextmanager
def opened(settings: Settings) -> Iterator[Target]:
    """Topics and tables are there when the block begins."""
    with (
        closing(resources(settings.model_copy(update={"profile": "real"}), making=True)) as on,
        closing(Servers(on.get(DATABASE))) as servers,
    ):
        yield Target(on, servers, Topics(on.get(EVENT_LOG), settings.kafka_bootstrap))


def move(source: Path, settings: Settings, steps: Steps, *, to: Path | None = None, resume: bool = False) -> Moved:
    """Move the data in the folder `source` to the servers of the settings; keys and tokens go to the folder `to`.

    The caller holds the folder's lock. `resume` goes on with a move that broke off. Raises Refused.
    """
    with opened(settings) as target:
        marker = begun(source, target, resume=resume)
        if marker.state == "moved":
            return Moved(already=True)
        if to is not None:
            _hand_over(source, to)
        with steps(bilingual("operations.finishing-what-waits-embedded")) as progress:
            drain(settings, source, progress)
        marker.save(source)
        target.servers.set_mark(marker.mark)
        moved = Moved()
        with closing(Folder(source)) as folder:
            _move_tables(folder, target, steps, moved)
            _move_topics(folder, target, marker, steps, moved)
        _build_catalogue(target, steps, moved)
        marker.state = "moved"
        marker.save(source)
        return moved


def begun(source: Path, target: Target, *, resume: bool) -> Marker:
    """The move to go on with, or a new one. Raises Refused where the servers have data that is not this folder's."""
    if not target.servers.alone():
        raise Refused(bilingual("operations.hub-runs-target-servers"))
    known, name = read_marker(source), target.name
    ours = known is not None and known.servers == name and target.servers.mark() == known.mark
    if known is not None and ours and resume:
        return known
    if target.empty():
        return Marker(name, rfc3339(SystemClock().now()))
    if ours:
        raise Refused(bilingual("operations.servers-folder-data-already"))
    raise Refused(bilingual("operations.servers-other-data-already"))


def _hand_over(source: Path, to: Path) -> None:
    """Copy keys and tokens; Refused where another vault's key is there."""
    to.mkdir(parents=True, exist_ok=True)
    if to.samefile(source):
        return
    for name in (KEY, MASTER_FILE):
        key, other = source / name, to / name
        if other.exists() and key.exists() and other.read_bytes() != key.read_bytes():
            raise Refused(bilingual("operations.another", folder=to, KEY=name))
    for name in (*PRIVATE, MASTER_FILE):
        if (source / name).exists():
            write_private(to / name, (source / name).read_bytes())
    if (source / AUDIT_FOLDER).exists():
        shutil.copytree(source / AUDIT_FOLDER, to / AUDIT_FOLDER, dirs_exist_ok=True)


def _move_tables(folder: Folder, target: Target, steps: Steps, moved: Moved) -> None:
    for name, table in BY_NAME.items():
        with steps(bilingual("operations.moving-table", name=name)) as progress:
            moved.tables[name] = _move_table(folder, target.servers, table, progress)


def _move_table(folder: Folder, servers: Servers, table: Table, progress: OnProgress) -> Digest:
    total = folder.count(table)
    expected = digest_rows(counted(folder.rows(table), progress, total))
    if servers.digest(table) == expected:
        return expected
    servers.load(table, counted(folder.rows(table), progress, total))
    if digest_rows(counted(servers.rows(table), progress, total)) != expected:
        raise Differs(f"table {table.name} is not the same on PostgreSQL")
    return expected


def _move_topics(folder: Folder, target: Target, marker: Marker, steps: Steps, moved: Moved) -> None:
    """Records first, since what is counted of bookings and runs belongs to the places that records tell."""
    node = target.on.settings.node
    log = SqliteEventLog(folder.path / LOG)

    def kept(topic: str) -> Callable[[], Iterable[Entry]]:
        return lambda: entries(log, topic)

    streams: dict[str, Callable[[], Iterable[Entry]]] = {
        RECORDS: lambda: current_records(folder, node),
        **{topic: kept(topic) for topic in KEPT},
        USAGE: lambda: chain(entries(log, USAGE), months(folder, node, marker.begun_at)),
    }
    try:
        log.create_topics(topics(1))
        for topic, stream in streams.items():

            def keep(series: Series, topic: str = topic) -> None:
                marker.series[topic] = series
                marker.save(folder.path)

            with steps(bilingual("operations.moving-topic", topic=topic)) as progress:
                known = marker.series.get(topic)
                moved.topics[topic] = target.topics.fill(topic, stream, known, keep, progress)
    finally:
        log.close()


def _build_catalogue(target: Target, steps: Steps, moved: Moved) -> None:
    """The catalogue is made of the record store; what it then has is not to be read again from the topic."""
    records, catalogue = target.on.get(RECORD_STORE), target.on.get(CATALOGUE)
    total = target.servers.count(BY_NAME["records.records"])
    with steps(bilingual("operations.building-catalogue")) as progress:
        moved.catalogue = rebuild(records, catalogue, lambda done: progress(done, total))
    if not check(records, catalogue).equal:
        raise Differs("the catalogue does not say what the record store says")
    target.topics.pass_over(CATALOGUE_GROUP, RECORDS)
