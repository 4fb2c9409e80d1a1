"""The composition root: reads the services' manifests, and opens what the roles of a process need."""

from collections.abc import Collection
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.operations.sealing import seal_once
from hub.auth.sources import load_sources
from hub.auth.tokens import AccessFile
from hub.kernel.records import SUBMISSIONS
from hub.log.sqlite_eventlog import SqliteEventLog
from hub.observability.edges import ObservedLog
from hub.ports.clock import Clock, SystemClock
from hub.ports.eventlog import EventLog, Topic
from hub.ports.worker import Worker
from hub.runtime.manifest import ACCESS, DATABASE, EVENT_LOG, SQLITE_LOG, Key, Manifest, Resources, Store, T
from hub.runtime.private import keep_private
from hub.runtime.settings import Settings
from schemas.topics import topics
from services.accounts.manifest import ACCOUNTS as ACCOUNTS_STORE
from services.accounts.manifest import MANIFEST as ACCOUNTS
from services.accounts.service import Accounts
from services.booking.manifest import MANIFEST as BOOKING
from services.catalog.manifest import MANIFEST as CATALOG
from services.curation.manifest import MANIFEST as CURATION
from services.ingest.manifest import MANIFEST as INGEST
from services.portal.manifest import MANIFEST as PORTAL
from services.privacy.manifest import MANIFEST as PRIVACY
from services.usage.manifest import MANIFEST as USAGE

if TYPE_CHECKING:
    from hub.sql.postgresql import PostgresDatabase

MANIFESTS: tuple[Manifest, ...] = (ACCOUNTS, INGEST, CURATION, CATALOG, BOOKING, USAGE, PRIVACY, PORTAL)
"""The services; one process may be all of them, or each a process of its own, as many times as it takes."""
ROLES = tuple(manifest.role for manifest in MANIFESTS)


@dataclass(frozen=True, slots=True)
class Hub:
    """The services of one process, what they stand on, and their background work.

    A process of the portal alone has no accounts: the APIs that it asks look its readers up.
    """

    manifests: tuple[Manifest, ...]
    resources: Resources
    access: Accounts | AccessFile
    workers: tuple[Worker, ...]

    @property
    def settings(self) -> Settings:
        return self.resources.settings

    def get(self, key: Key[T]) -> T:
        """A store of this process, opened where none of its roles needs it."""
        return self.resources.get(key)

    def close(self) -> None:
        """Close what the services stand on; the workers must have been closed."""
        self.resources.close()


def compose(settings: Settings, clock: Clock | None = None, roles: Collection[str] | None = None) -> Hub:
    """Open what these roles need (None: all), with topics and tables where they lack, and make their workers.

    Raises what a client raises where its server is away, and closes what was open by then.
    """
    keep_private(settings.data_dir)
    manifests = tuple(manifest for manifest in MANIFESTS if roles is None or manifest.role in roles)
    on = resources(settings, clock, making=True)
    with ExitStack() as failing:
        failing.callback(on.close)
        for manifest in manifests:
            for key in (*manifest.needs, *manifest.uses):
                on.get(key)
        if settings.profile == "embedded" and roles is None:
            seal_once(on)
        workers = tuple(worker for manifest in manifests if manifest.workers for worker in manifest.workers(on))
        access = on.get(ACCOUNTS_STORE) if ACCESS in on.opened else AccessFile(settings.data_dir)
        hub = Hub(manifests, on, access, workers)
        failing.pop_all()
    return hub


def resources(settings: Settings, clock: Clock | None = None, *, making: bool = False) -> Resources:
    """The stores of every service and of the library, none of them open yet; the caller closes them.

    For commands that work on some beside the hub. With `making`: see Resources.
    """
    stores = (*LIBRARY, *(store for manifest in MANIFESTS for store in manifest.stores))
    return Resources(settings, clock or SystemClock(), load_sources(settings.sources_file), stores, making=making)


def _event_log(on: Resources) -> EventLog:
    opened: EventLog
    if on.settings.profile == "embedded":
        opened = on.get(SQLITE_LOG)
    else:
        from hub.log.kafka_eventlog import KafkaEventLog

        opened = KafkaEventLog(
            on.settings.kafka_bootstrap,
            replication=on.settings.kafka_replication,
            min_insync=on.settings.kafka_min_insync,
        )
    if on.making:
        opened.create_topics(topics(on.settings.topic_partitions))
    return ObservedLog(opened)


def _reached(event_log: EventLog) -> object:
    """The topic's settings are looked up at the broker itself; nothing is compared."""
    return event_log.differences([Topic(SUBMISSIONS)])


def _database(on: Resources) -> "PostgresDatabase":
    from hub.sql.postgresql import PostgresDatabase, migrate

    if on.making:
        migrate(on.settings.postgresql_dsn)
    return PostgresDatabase(on.settings.postgresql_dsn)


LIBRARY: tuple[Store[Any], ...] = (
    Store(EVENT_LOG, _event_log, _reached),
    Store(SQLITE_LOG, lambda on: SqliteEventLog(on.settings.data_dir / "log.db", on.clock), _reached),
    Store(DATABASE, _database, lambda database: database.session().close()),
)
"""What belongs to no service."""
