"""The composition root: the one place that decides which adapters run, and that hands them to the services."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

from hub.auth.signing_key import signing_key
from hub.auth.sources import load_sources
from hub.auth.tokens import AccessFile
from hub.kernel.sources import Sources
from hub.log.sqlite_eventlog import SqliteEventLog
from hub.log.sqlite_log_upkeep import LogUpkeep
from hub.observability.edges import ObservedLog
from hub.ports.catalogue import Catalogue
from hub.ports.clock import Clock, SystemClock
from hub.ports.eventlog import EventLog
from hub.ports.records import RecordStore
from hub.ports.worker import Worker
from hub.runtime.settings import Settings
from schemas.topics import topics
from services.booking.adapters.sqlite_bookings import SqliteBookings
from services.booking.ports import BookingStore
from services.booking.service import BookingDesk, BookingRelay
from services.catalog.adapters.sqlite_catalogue import SqliteCatalogue
from services.catalog.adapters.sqlite_searches import SqliteSavedSearches
from services.catalog.ports import SavedSearches
from services.catalog.service import CatalogueQueries, CatalogueSink
from services.curation.adapters.sqlite_store import SqliteRecordStore
from services.curation.service import Curation, Relay
from services.curation.stewards import Stewardship
from services.ingest.adapters.sqlite_receipts import SqliteReceipts
from services.ingest.adapters.sqlite_vault import SqliteVault
from services.ingest.core.rows import Limits
from services.ingest.ports.receipts import ReceiptStore
from services.ingest.ports.vault import Vault
from services.ingest.service import Ingest
from services.ingest.upkeep import ReceiptUpkeep
from services.usage.adapters.sqlite_usage import SqliteUsage
from services.usage.service import Recorder, UsageCounter, UsageFeed, UsageQueries

Role = Literal["ingest", "curation", "catalog", "booking", "usage", "portal"]
ROLES: tuple[Role, ...] = get_args(Role)
"""The services; one process may be all of them, or each a process of its own, as many times as it takes."""

SINK_BATCHES = 4


class Closing(Protocol):
    """Whatever must be closed."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Adapters:
    """What the services stand on, in the order of opening.

    `counts_usage`: the usage store counts by itself; else the indicators come from the usage topic. `sink_batches`:
    how many batches one step of the catalogue's sink may take, where the catalogue is another process, which works
    while further documents are made.
    """

    event_log: EventLog
    records: RecordStore
    catalogue: Catalogue
    bookings: BookingStore
    receipts: ReceiptStore
    vault: Vault
    searches: SavedSearches
    usage: SqliteUsage
    counts_usage: bool
    sink_batches: int
    upkeep: Mapping[Role, tuple[Worker, ...]]
    """Background work that belongs to the adapters themselves."""
    shared: tuple[Closing, ...] = ()
    """What several of the adapters stand on themselves."""

    def close(self) -> None:
        """In the opposite order of opening."""
        stores = (self.event_log, self.records, self.catalogue, self.bookings, self.receipts, self.vault)
        for opened in (self.usage, self.searches, *reversed(stores), *self.shared):
            opened.close()


@dataclass(frozen=True, slots=True)
class Hub:
    """The services of one process, and the background work of those whose `roles` it has."""

    settings: Settings
    roles: frozenset[Role]
    clock: Clock
    sources: Sources
    access: AccessFile
    event_log: EventLog
    records: RecordStore
    catalogue: Catalogue
    bookings: BookingStore
    receipts: ReceiptStore
    vault: Vault
    searches: SavedSearches
    ingest: Ingest
    stewardship: Stewardship
    queries: CatalogueQueries
    desk: BookingDesk
    recorder: Recorder
    usage: UsageQueries
    workers: tuple[Worker, ...]
    adapters: Adapters

    def close(self) -> None:
        """Close what the services stand on; the workers must have been closed."""
        self.adapters.close()


def compose(settings: Settings, clock: Clock | None = None, roles: Collection[Role] = ROLES) -> Hub:
    """Open the adapters of the profile and build the services on them."""
    clock = clock or SystemClock()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    opened = _real(settings, clock) if settings.profile == "real" else _embedded(settings, clock)
    return _hub(settings, clock, frozenset(roles), opened)


@contextmanager
def log_and_records(settings: Settings) -> Iterator[tuple[EventLog, RecordStore]]:
    """These two alone, for commands that work on them beside the hub; topics and tables must be there."""
    event_log: EventLog
    with _records(settings) as records:
        if settings.profile == "real":
            from hub.log.kafka_eventlog import KafkaEventLog

            event_log = KafkaEventLog(settings.kafka_bootstrap)
        else:
            event_log = SqliteEventLog(settings.data_dir / "log.db")
        with closing(event_log):
            yield event_log, records


@contextmanager
def records_and_catalogue(settings: Settings) -> Iterator[tuple[RecordStore, Catalogue]]:
    """These two alone; tables must be there."""
    catalogue: Catalogue
    with _records(settings) as records:
        if settings.profile == "real":
            from services.catalog.adapters.elasticsearch_catalogue import ElasticsearchCatalogue

            catalogue = ElasticsearchCatalogue(settings.elasticsearch_url)
        else:
            catalogue = SqliteCatalogue(settings.data_dir / "catalogue.db")
        with closing(catalogue):
            yield records, catalogue


@contextmanager
def _records(settings: Settings) -> Iterator[RecordStore]:
    if settings.profile == "real":
        from hub.sql.postgresql import PostgresDatabase
        from services.curation.adapters.postgresql_store import PostgresRecordStore

        with (
            closing(PostgresDatabase(settings.postgresql_dsn)) as database,
            closing(PostgresRecordStore(database, settings.node)) as records,
        ):
            yield records
        return
    with closing(SqliteRecordStore(settings.data_dir / "records.db", settings.node)) as embedded:
        yield embedded


def _embedded(settings: Settings, clock: Clock) -> Adapters:
    """SQLite for everything: a file a store, so that their writers do not wait for each other."""
    folder = settings.data_dir
    event_log = SqliteEventLog(folder / "log.db", clock)
    event_log.create_topics(topics(settings.topic_partitions))
    receipts = SqliteReceipts(folder / "receipts.db", clock)
    return Adapters(
        event_log=ObservedLog(event_log),
        records=SqliteRecordStore(folder / "records.db", settings.node),
        catalogue=SqliteCatalogue(folder / "catalogue.db"),
        bookings=SqliteBookings(folder / "bookings.db", settings.node),
        receipts=receipts,
        vault=SqliteVault(folder / "vault.db", folder / "vault.key"),
        searches=SqliteSavedSearches(folder / "searches.db"),
        usage=SqliteUsage(folder / "usage.db"),
        counts_usage=True,
        sink_batches=1,
        upkeep={"ingest": (LogUpkeep(event_log, clock), ReceiptUpkeep(receipts, clock))},
    )


def _real(settings: Settings, clock: Clock) -> Adapters:
    """Kafka, Elasticsearch and PostgreSQL; their clients are imported here alone, since the embedded hub has none."""
    from hub.log.kafka_eventlog import KafkaEventLog
    from hub.sql.postgresql import PostgresDatabase, migrate
    from services.booking.adapters.postgresql_bookings import PostgresBookings
    from services.catalog.adapters.elasticsearch_catalogue import ElasticsearchCatalogue
    from services.catalog.adapters.postgresql_searches import PostgresSavedSearches
    from services.curation.adapters.postgresql_store import PostgresRecordStore
    from services.ingest.adapters.postgresql_receipts import PostgresReceipts
    from services.ingest.adapters.postgresql_vault import PostgresVault

    migrate(settings.postgresql_dsn)
    event_log = KafkaEventLog(
        settings.kafka_bootstrap, replication=settings.kafka_replication, min_insync=settings.kafka_min_insync
    )
    event_log.create_topics(topics(settings.topic_partitions))
    database = PostgresDatabase(settings.postgresql_dsn)
    receipts = PostgresReceipts(database, clock)
    return Adapters(
        event_log=ObservedLog(event_log),
        records=PostgresRecordStore(database, settings.node),
        catalogue=ElasticsearchCatalogue(settings.elasticsearch_url),
        bookings=PostgresBookings(database, settings.node),
        receipts=receipts,
        vault=PostgresVault(database, settings.data_dir / "vault.key"),
        searches=PostgresSavedSearches(database),
        usage=SqliteUsage(settings.data_dir / f"usage-view-{settings.instance}.db"),
        counts_usage=False,
        sink_batches=SINK_BATCHES,
        upkeep={"ingest": (ReceiptUpkeep(receipts, clock),)},
        shared=(database,),
    )


def _hub(settings: Settings, clock: Clock, roles: frozenset[Role], on: Adapters) -> Hub:
    sources = load_sources(settings.sources_file)
    limits = Limits(
        row_bytes=settings.max_row_bytes,
        field_chars=settings.max_field_chars,
        batch_rows=settings.batch_rows,
    )
    cursor_key = signing_key(settings.data_dir)
    return Hub(
        settings=settings,
        roles=roles,
        clock=clock,
        sources=sources,
        access=AccessFile(settings.data_dir),
        event_log=on.event_log,
        records=on.records,
        catalogue=on.catalogue,
        bookings=on.bookings,
        receipts=on.receipts,
        vault=on.vault,
        searches=on.searches,
        ingest=Ingest(
            on.event_log, on.receipts, on.vault, sources, on.records, on.catalogue, clock, limits, settings.node
        ),
        stewardship=Stewardship(on.event_log, on.records, clock, settings.node),
        queries=CatalogueQueries(on.catalogue, on.records, sources, on.searches, clock, cursor_key=cursor_key),
        desk=BookingDesk(on.bookings, on.records, clock),
        recorder=Recorder(on.event_log, on.records, clock, settings.node),
        usage=UsageQueries(on.usage, on.records, clock, settings.timezone),
        workers=_workers(settings, clock, on, roles),
        adapters=on,
    )


def _workers(settings: Settings, clock: Clock, on: Adapters, roles: frozenset[Role]) -> tuple[Worker, ...]:
    """The path of a record, step by step, then that of a booking, then what is made of both."""
    rows = settings.batch_rows
    made: Mapping[Role, tuple[Callable[[], Worker], ...]] = {
        "curation": (
            lambda: Curation(on.event_log, on.records, clock, rows),
            lambda: Relay(on.event_log, on.records, rows),
        ),
        "catalog": (lambda: CatalogueSink(on.event_log, on.catalogue, rows, on.sink_batches),),
        "booking": (lambda: BookingRelay(on.event_log, on.bookings, rows),),
        "usage": (
            (lambda: UsageCounter(on.event_log, on.usage, rows))
            if on.counts_usage
            else (lambda: UsageFeed(on.event_log, on.usage, settings.instance, rows)),
        ),
    }
    own = [make() for role, makers in made.items() if role in roles for make in makers]
    return (*own, *(worker for role in ROLES if role in roles for worker in on.upkeep.get(role, ())))
