"""What a service tells of itself in one place, and the stores that a process opens for its services."""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast

import httpx
from fastapi import APIRouter, FastAPI
from sqlalchemy import Table

from hub.kernel.access import AccountDirectory
from hub.kernel.sources import Sources
from hub.log.sqlite_eventlog import SqliteEventLog
from hub.ports.audit import AuditTrail
from hub.ports.catalogue import Catalogue
from hub.ports.clock import Clock
from hub.ports.eventlog import EventLog
from hub.ports.names import Names
from hub.ports.personal import PersonalValues
from hub.ports.records import RecordStore
from hub.ports.tenancies import Tenancies
from hub.ports.worker import Worker
from hub.runtime.settings import Settings
from hub.sql.sqlite import StoreFiles
from hub.sql.statements import SqlDatabase

if TYPE_CHECKING:
    from hub.sql.postgresql import PostgresDatabase


class Closing(Protocol):
    """Whatever must be closed."""

    def close(self) -> None: ...


T = TypeVar("T", bound=Closing)


@dataclass(frozen=True)
class Key(Generic[T]):
    """What a store is asked for by: `/readyz` tells of it by `name`; the type is the port that it has."""

    name: str


@dataclass(frozen=True)
class Store(Generic[T]):
    """How to have a store.

    `open` chooses the adapter by the profile, and alone imports the clients of servers, since an embedded hub has none
    installed. `ping` is the cheapest question that goes to the server; it raises where that is away.
    """

    key: Key[T]
    open: Callable[["Resources"], T]
    ping: Callable[[T], object]


class Resources:
    """The stores of one process: each is opened when it is first asked for, and closed in the opposite order.

    With `making` topics and tables that lack are made when the event log or the database is opened; else they must be
    there. Belongs to one thread until all that is needed is open.
    """

    def __init__(
        self, settings: Settings, clock: Clock, sources: Sources, stores: Iterable[Store[Any]], *, making: bool
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.sources = sources
        self.making = making
        self._stores = {store.key: store for store in stores}
        self._opened: dict[Key[Any], Any] = {}
        self._closing = ExitStack()
        self._files = StoreFiles(settings.data_dir)
        self._closing.callback(self._files.close)

    def get(self, key: Key[T]) -> T:
        """The store; raises KeyError where no service has it, and what its client raises where a server is away."""
        if key not in self._opened:
            opened = self._stores[key].open(self)
            self._closing.callback(opened.close)
            self._opened[key] = opened
        return cast(T, self._opened[key])

    def has(self, key: Key[Any]) -> bool:
        """Whether a service has such a store."""
        return key in self._stores

    def tables(self, store: str) -> SqlDatabase:
        """The database that has this store's tables: PostgreSQL, or the store's own file."""
        return self._files.open(store) if self.settings.profile == "embedded" else self.get(DATABASE)

    def ping(self, key: Key[Any]) -> None:
        """Ask the store whether it is there; raises what its client raises where it is not."""
        self._stores[key].ping(self.get(key))

    @property
    def opened(self) -> tuple[Key[Any], ...]:
        """What is open, in the order of opening."""
        return tuple(self._opened)

    def close(self) -> None:
        """Close all that was opened, the last first."""
        self._closing.close()


@dataclass(frozen=True, slots=True)
class Manifest:
    """One service.

    `tables` are what its stores have in SQL databases; a move and a backup carry those over that are so marked.
    `stores` are its own, which others may ask for by their keys. A process with the `role` opens what it `needs`, which
    `/readyz` asks after, and what it `uses` beside that, without which it can still do its main part. `router` makes
    its HTTP API; `pages` makes pages for people, on the APIs alone, and adds to the application how it tells people of
    errors. `workers` makes its background work.
    """

    role: str
    tables: tuple[Table, ...] = ()
    stores: tuple[Store[Any], ...] = ()
    needs: tuple[Key[Any], ...] = ()
    uses: tuple[Key[Any], ...] = ()
    router: Callable[[Resources], APIRouter] | None = None
    pages: Callable[[FastAPI, httpx.AsyncClient], APIRouter] | None = None
    workers: Callable[[Resources], Iterable[Worker]] | None = None


EVENT_LOG = Key[EventLog]("event_log")
SQLITE_LOG = Key[SqliteEventLog]("log_file")
"""What EVENT_LOG is on the embedded profile, for its upkeep."""
RECORD_STORE = Key[RecordStore]("records")
CATALOGUE = Key[Catalogue]("catalogue")
TENANCIES = Key[Tenancies]("tenancies")
NAMES = Key[Names]("names")
DATABASE: "Key[PostgresDatabase]" = Key("database")
"""PostgreSQL, of the real profile alone."""

ACCESS = Key[AccountDirectory]("accounts")
AUDIT = Key[AuditTrail]("audit")
PERSONAL = Key[PersonalValues]("personal")

NOBODY = "-"
"""An id that nothing has: the cheapest question that a store must go to its server for."""
