"""The tables of an embedded hub's data folder: read in order, counted, and loaded into a folder that is new."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

from sqlalchemy import Table

from app.operations.tables import BY_NAME, TABLES, Digest, Row, as_before, columns_of, digest_rows, quoted
from hub.log.sqlite_eventlog import SqliteEventLog
from hub.sql.metadata import moved_columns
from hub.sql.sqlite import StoreFiles

LOG = "log.db"
APART = "keys"
"""The store of subjects' keys: what a backup had of them would open what was erased since."""
KEY = "vault.key"
STORES = (
    *(LOG, "receipts.db", "vault.db", "bookings.db", "managers.db", "searches.db", "usage.db", "accounts.db"),
    "audit.db",
    "records.db",
)
"""Every file that cannot be made again from the others; the catalogue can. Subjects' keys are in no backup."""
KEYS = (KEY, "operator.token", "demo.token")
"""Secrets in plain, readable by their owner alone."""
PRIVATE = ("access.json", *KEYS)
_LOAD_ROWS = 1_000
_MADE_OF = {
    "weak_keys": (
        "DELETE FROM alike",
        "INSERT INTO alike SELECT key FROM weak_keys GROUP BY key HAVING count(*) > 1",
    ),
    "bookings": ("DELETE FROM instruments", "INSERT INTO instruments (id) SELECT DISTINCT instrument FROM bookings"),
}
"""What a table's rows are the source of."""


class Folder:
    """The tables in a folder. Nobody may write to it meanwhile, or the rows are those of different moments."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._opened: dict[str, sqlite3.Connection] = {}

    def close(self) -> None:
        for connection in self._opened.values():
            connection.close()
        self._opened.clear()

    def rows(self, table: Table) -> Iterator[Row]:
        """Every row in the order of the key; bounded memory."""
        yield from self.connection(table.info["store"]).execute(
            f"SELECT {columns_of(table)} FROM {table.name} ORDER BY {quoted(table.primary_key.columns.keys())}"
        )

    def count(self, table: Table) -> int:
        (count,) = self.connection(table.info["store"]).execute(f"SELECT count(*) FROM {table.name}").fetchone()
        return int(count)

    def digest(self, table: Table) -> Digest:
        return digest_rows(as_before(table, self.rows(table)))

    def load(self, table: Table, rows: Iterable[Row]) -> None:
        """Put the rows into the table in one transaction, in place of what was there."""
        sql, remaining = self.connection(table.info["store"]), iter(rows)
        marks = ", ".join("?" * len(moved_columns(table)))
        sql.execute("BEGIN IMMEDIATE")
        sql.execute(f"DELETE FROM {table.name}")
        while some := list(islice(remaining, _LOAD_ROWS)):
            sql.executemany(f"INSERT INTO {table.name} ({columns_of(table)}) VALUES ({marks})", some)
        for statement in _MADE_OF.get(table.name, ()):
            sql.execute(statement)
        sql.execute("COMMIT")

    def connection(self, store: str) -> sqlite3.Connection:
        """The connection to a store's file."""
        if store not in self._opened:
            path = self.path / f"{store}.db"
            if not path.exists():
                raise FileNotFoundError(path)
            self._opened[store] = sqlite3.connect(path, timeout=30, isolation_level=None)
        return self._opened[store]


def bring_up_to_date(path: Path) -> None:
    """Make every store with its tables in a folder, and bring those that are there to this release's."""
    with closing(StoreFiles(path)) as files:
        for store in {table.info["store"] for table in TABLES}:
            files.open(store)


def make_empty(path: Path) -> SqliteEventLog:
    """Create every store with its tables in a new folder.

    Returns the event log, in which there is no topic yet; the caller closes it.
    """
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    bring_up_to_date(path)
    return SqliteEventLog(path / LOG)


def digests(folder: Folder) -> dict[str, Digest]:
    """The digest of each table that a backup has, by its name in every release."""
    return {name: folder.digest(table) for name, table in BY_NAME.items() if table.info["store"] != APART}
