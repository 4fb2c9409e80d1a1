"""SQLite as the embedded adapters use it: one writer at a time, a reader for each thread, nothing lost at a crash."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from hub.sql.statements import driver_errors
from hub.sql.upgrade import is_newest, upgrade_file


class Database:
    """One SQLite file in WAL mode, shared by the threads of a process and safe against other processes.

    `store` names the tables that the file has, which are brought up to date (hub.sql.migrations); a file without is
    its opener's own affair, who makes its tables by the `script` that is run at opening.

    `synchronous=FULL`: a commit that returned survives loss of power, so that a position committed elsewhere never
    points past an effect that is gone.
    """

    def __init__(self, path: Path, script: str = "", *, store: str = "", busy_seconds: float = 30.0) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        make_private(path)
        self.path = path
        self._busy_seconds = busy_seconds
        self._lock = threading.Lock()
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        # Each thread keeps its connections, and a transaction begins and ends where it is written here.
        self._engine = create_engine("sqlite://", creator=self._connect, poolclass=NullPool, pool_reset_on_return=None)
        self._writing = self._connected()
        self._writer = driver_of(self._writing)
        self._writer.execute("PRAGMA journal_mode=WAL")
        self._writer.executescript(script)
        with driver_errors():
            upgraded = not store or is_newest(self._writing)
        if not upgraded:
            with self.writing() as sql:
                upgrade_file(sql, store)

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A write transaction: committed when the block ends, rolled back when it raises."""
        with self._lock, self._transaction():
            yield self._writer

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """See hub.sql.statements.SqlDatabase."""
        with driver_errors(), self.write():
            yield self._writing

    @contextmanager
    def note(self) -> Iterator[sqlite3.Connection]:
        """A write transaction that does not wait for the disk: loss of power may undo it and notes after it.

        For what may be done again, such as how far a reader came. The next `write` makes earlier notes durable too.
        """
        with self._lock:
            self._writer.execute("PRAGMA synchronous=NORMAL")
            try:
                with self._transaction():
                    yield self._writer
            finally:
                self._writer.execute("PRAGMA synchronous=FULL")

    def read(self) -> sqlite3.Connection:
        """This thread's own connection; each statement sees the last committed state."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            self._local.reading = self._connected()
            connection = self._local.connection = driver_of(self._local.reading)
            connection.execute("PRAGMA query_only=ON")
        return connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """See hub.sql.statements.SqlDatabase."""
        self.read()
        with driver_errors():
            yield self._local.reading

    def counted(self, table: str, most: int) -> int:
        """How many rows the table has, counted no further than `most`."""
        (count,) = self.read().execute(f"SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT ?)", (most,)).fetchone()
        return int(count)

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """This thread's connection with one consistent state for all statements of the block."""
        connection = self.read()
        connection.execute("BEGIN")
        try:
            yield connection
        finally:
            connection.execute("ROLLBACK")

    def purge(self, table: str) -> None:
        """See hub.sql.statements.SqlDatabase; the file is one for all its tables."""
        with self._lock:
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        for connection in self._opened:
            connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._writer.execute("COMMIT")
        except BaseException:
            if self._writer.in_transaction:  # a full disk may have ended it already
                self._writer.execute("ROLLBACK")
            raise

    def _connected(self) -> Connection:
        with driver_errors():
            return self._engine.connect()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=self._busy_seconds, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA temp_store=MEMORY")
        self._opened.append(connection)
        return connection


def make_private(path: Path) -> None:
    """Make an empty file for its owner alone where there is none; SQLite's other files of it get its mode."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


class StoreFiles:
    """A folder with a file a store, so that the stores' writers do not wait for each other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._opened: list[Database] = []

    def open(self, store: str) -> Database:
        """The store's file, with its tables up to date; closed with the others."""
        self._opened.append(Database(self._folder / f"{store}.db", store=store))
        return self._opened[-1]

    def close(self) -> None:
        for database in self._opened:
            database.close()


def driver_of(connection: Connection) -> sqlite3.Connection:
    """The driver's own connection, for what is written in SQLite's SQL."""
    made: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
    return made
