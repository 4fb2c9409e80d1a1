"""PostgreSQL as the real adapters use it: one writing connection, a reading one for each thread, reconnecting."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

CONNECT_SECONDS = 10
MIGRATION_LOCK = 0x6875_6200
"""An advisory lock, so that of several services that start at once one migrates."""


def migrate(dsn: str) -> None:
    """Bring the tables up to date; safe to call from every process at its start."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(files("hub") / "migrations"))
    engine = create_engine(dsn.replace("postgresql://", "postgresql+psycopg://", 1), poolclass=NullPool)
    with psycopg.connect(dsn, autocommit=True, connect_timeout=CONNECT_SECONDS) as lock, engine.connect() as connection:
        lock.execute("SELECT pg_advisory_lock(%s)", (MIGRATION_LOCK,))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()


class PostgresDatabase:
    """Connections to one database. Commits are durable (`synchronous_commit` is left on)."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._lock = threading.Lock()
        self._local = threading.local()
        self._opened: list[Connection[TupleRow]] = []
        self._writer = self._connect()

    @contextmanager
    def write(self, exclusive: int | None = None) -> Iterator[Connection[TupleRow]]:
        """A write transaction: committed when the block ends, rolled back when it raises.

        `exclusive` names an advisory lock that other processes' transactions with the same number wait for.
        """
        with self._lock:
            if self._writer.closed or self._writer.broken:
                self._writer = self._connect()
            with self._writer.transaction():
                if exclusive is not None:
                    self._writer.execute("SELECT pg_advisory_xact_lock(%s)", (exclusive,))
                yield self._writer

    def read(self) -> Connection[TupleRow]:
        """This thread's own connection; each statement sees the last committed state."""
        connection: Connection[TupleRow] | None = getattr(self._local, "connection", None)
        if connection is None or connection.closed or connection.broken:
            connection = self._connect()
            self._local.connection = connection
        return connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection[TupleRow]]:
        """This thread's connection with one consistent state for all statements of the block."""
        connection = self.read()
        with connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield connection

    def close(self) -> None:
        for connection in self._opened:
            connection.close()

    def _connect(self) -> Connection[TupleRow]:
        connection: Connection[Any] = psycopg.connect(self._dsn, autocommit=True, connect_timeout=CONNECT_SECONDS)
        self._opened = [one for one in self._opened if not one.closed]
        self._opened.append(connection)
        return connection
