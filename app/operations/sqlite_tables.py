"""The tables of an embedded hub's data folder: read in order, counted, and loaded into a folder that is new."""

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

from app.operations.tables import TABLES, Digest, Row, Table, digest_rows
from hub.log.sqlite_eventlog import SqliteEventLog
from services.booking.adapters.sqlite_bookings import SqliteBookings
from services.catalog.adapters.sqlite_searches import SqliteSavedSearches
from services.curation.adapters.sqlite_store import SqliteRecordStore
from services.ingest.adapters.sqlite_receipts import SqliteReceipts
from services.ingest.adapters.sqlite_vault import SqliteVault

LOG = "log.db"
KEY = "vault.key"
STORES = (LOG, "receipts.db", "vault.db", "bookings.db", "searches.db", "usage.db", "records.db")
"""Every file that cannot be made again from the others; the catalogue can."""
KEYS = (KEY, "operator.token", "demo.token")
"""Secrets in plain, readable by their owner alone."""
PRIVATE = ("access.json", *KEYS)
_LOAD_ROWS = 1_000


class Folder:
    """The tables in a folder. Nobody may write to it meanwhile, or the rows are those of different moments."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._opened: dict[str, sqlite3.Connection] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        for connection in self._opened.values():
            connection.close()
        self._opened.clear()

    def rows(self, table: Table) -> Iterator[Row]:
        """Every row in the order of the key; bounded memory."""
        yield from self.connection(table.store).execute(
            f"SELECT {_quoted(table.names)} FROM {table.name} ORDER BY {_quoted(table.key)}"
        )

    def count(self, table: Table) -> int:
        (count,) = self.connection(table.store).execute(f"SELECT count(*) FROM {table.name}").fetchone()
        return int(count)

    def digest(self, table: Table) -> Digest:
        return digest_rows(self.rows(table))

    def load(self, table: Table, rows: Iterable[Row]) -> None:
        """Put the rows into the table in one transaction, in place of what was there."""
        sql, remaining = self.connection(table.store), iter(rows)
        marks = ", ".join("?" * len(table.names))
        sql.execute("BEGIN IMMEDIATE")
        sql.execute(f"DELETE FROM {table.name}")
        while some := list(islice(remaining, _LOAD_ROWS)):
            sql.executemany(f"INSERT INTO {table.name} ({_quoted(table.names)}) VALUES ({marks})", some)
        if table.name == "weak_keys":
            sql.execute("DELETE FROM alike")
            sql.execute("INSERT INTO alike SELECT key FROM weak_keys GROUP BY key HAVING count(*) > 1")
        sql.execute("COMMIT")

    def connection(self, store: str) -> sqlite3.Connection:
        """The connection to a store's file."""
        if store not in self._opened:
            path = self.path / f"{store}.db"
            if not path.exists():
                raise FileNotFoundError(path)
            self._opened[store] = sqlite3.connect(path, timeout=30, isolation_level=None)
        return self._opened[store]


def make_empty(path: Path, node: str) -> SqliteEventLog:
    """Create every store with its tables in a new folder; the key that makes the vault's mark is thrown away.

    Returns the event log, in which there is no topic yet; the caller closes it.
    """
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    stores = (
        SqliteRecordStore(path / "records.db", node),
        SqliteReceipts(path / "receipts.db"),
        SqliteVault(path / "vault.db", path / KEY),
        SqliteBookings(path / "bookings.db", node),
        SqliteSavedSearches(path / "searches.db"),
    )
    for store in stores:
        store.close()
    (path / KEY).unlink()
    return SqliteEventLog(path / LOG)


def digests(folder: Folder) -> dict[str, Digest]:
    """The digest of each table by its full name."""
    return {table.full_name: folder.digest(table) for table in TABLES}


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
