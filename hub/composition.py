"""The composition root: the one place that decides which adapters run, and that hands them to the services."""

from dataclasses import dataclass
from pathlib import Path

from hub.access import AccessFile
from hub.adapters.sqlite_eventlog import SqliteEventLog
from hub.adapters.sqlite_log_upkeep import LogUpkeep
from hub.kernel.sources import Sources
from hub.ports.bookings import BookingStore
from hub.ports.catalogue import Catalogue
from hub.ports.clock import Clock, SystemClock
from hub.ports.eventlog import EventLog
from hub.ports.receipts import ReceiptStore
from hub.ports.records import RecordStore
from hub.ports.searches import SavedSearches
from hub.ports.vault import Vault
from hub.ports.worker import Worker
from hub.registry import load_sources
from hub.settings import Settings
from schemas.topics import topics
from services.booking.adapters.sqlite_bookings import SqliteBookings
from services.booking.service import BookingDesk, BookingRelay
from services.catalog.adapters.sqlite_catalogue import SqliteCatalogue
from services.catalog.adapters.sqlite_searches import SqliteSavedSearches
from services.catalog.service import CatalogueQueries, CatalogueSink
from services.curation.adapters.sqlite_store import SqliteRecordStore
from services.curation.service import Curation, Relay
from services.curation.stewards import Stewardship
from services.ingest.adapters.sqlite_receipts import SqliteReceipts
from services.ingest.adapters.sqlite_vault import SqliteVault
from services.ingest.core.rows import Limits
from services.ingest.service import Ingest
from services.ingest.upkeep import ReceiptUpkeep


@dataclass(frozen=True, slots=True)
class Adapters:
    """What the services stand on, in the order of opening."""

    event_log: EventLog
    records: RecordStore
    catalogue: Catalogue
    bookings: BookingStore
    receipts: ReceiptStore
    vault: Vault
    searches: SavedSearches
    upkeep: tuple[Worker, ...] = ()
    """Background work that belongs to the adapters themselves."""


@dataclass(frozen=True, slots=True)
class Hub:
    """Every service of one process, and the background work between them."""

    settings: Settings
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
    workers: tuple[Worker, ...]

    def close(self) -> None:
        """Close what the services stand on, in the opposite order of opening; the workers must have been closed."""
        stores = (self.event_log, self.records, self.catalogue, self.bookings, self.receipts, self.vault, self.searches)
        for store in reversed(stores):
            store.close()


def compose(settings: Settings, clock: Clock | None = None) -> Hub:
    """Open the adapters of the profile and build every service on them."""
    clock = clock or SystemClock()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return _hub(settings, clock, _embedded(settings, clock))


def _embedded(settings: Settings, clock: Clock) -> Adapters:
    """SQLite for everything: a file a store, so that their writers do not wait for each other."""
    folder: Path = settings.data_dir
    event_log = SqliteEventLog(folder / "log.db", clock)
    event_log.create_topics(topics(settings.partitions))
    receipts = SqliteReceipts(folder / "receipts.db", clock)
    return Adapters(
        event_log=event_log,
        records=SqliteRecordStore(folder / "records.db", settings.node),
        catalogue=SqliteCatalogue(folder / "catalogue.db"),
        bookings=SqliteBookings(folder / "bookings.db", settings.node),
        receipts=receipts,
        vault=SqliteVault(folder / "vault.db", folder / "vault.key"),
        searches=SqliteSavedSearches(folder / "searches.db"),
        upkeep=(LogUpkeep(event_log, clock), ReceiptUpkeep(receipts, clock)),
    )


def _hub(settings: Settings, clock: Clock, on: Adapters) -> Hub:
    sources = load_sources(settings.sources_file)
    limits = Limits(
        body_bytes=settings.max_body_bytes,
        row_bytes=settings.max_row_bytes,
        field_chars=settings.max_field_chars,
        batch_rows=settings.batch_rows,
    )
    return Hub(
        settings=settings,
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
        queries=CatalogueQueries(on.catalogue, on.records, sources, on.searches, clock),
        desk=BookingDesk(on.bookings, on.records, clock),
        workers=(*_workers(settings, clock, on), *on.upkeep),
    )


def _workers(settings: Settings, clock: Clock, on: Adapters) -> tuple[Worker, ...]:
    """The path of a record, step by step, and that of a booking."""
    rows = settings.batch_rows
    return (
        Curation(on.event_log, on.records, clock, rows),
        Relay(on.event_log, on.records, rows),
        CatalogueSink(on.event_log, on.catalogue, rows),
        BookingRelay(on.event_log, on.bookings, rows),
    )
