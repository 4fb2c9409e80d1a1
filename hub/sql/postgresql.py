"""PostgreSQL as the real adapters use it: a few connections that many threads share, each replaced when it is lost."""

import select
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

import psycopg
from psycopg import Connection, IsolationLevel
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

CONNECT_SECONDS = 10
CONNECTIONS = 16
"""That one process opens at most, besides a relay's; a server takes 100 unless told otherwise."""
WAIT_SECONDS = 30.0
"""For one of the connections to become free."""
MIGRATION_LOCK = 0x6875_6200
"""An advisory lock, so that of several services that start at once one migrates."""

MIGRATIONS_TABLE = "hub_migrations"
"""Names the last step that the tables of a database are at."""

# A peer that vanished without a word is noticed after a minute; a process that stopped inside a transaction gives up
# its locks after as long.
_OPTIONS: dict[str, Any] = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "options": "-c idle_in_transaction_session_timeout=60s",
}


def migrate(dsn: str) -> None:
    """Bring the tables up to date; safe to call from every process at its start."""
    from alembic import command
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    config = _migrations()
    engine = create_engine(dsn.replace("postgresql://", "postgresql+psycopg://", 1), poolclass=NullPool)
    with psycopg.connect(dsn, autocommit=True, connect_timeout=CONNECT_SECONDS) as lock, engine.connect() as connection:
        lock.execute("SELECT pg_advisory_lock(%s)", (MIGRATION_LOCK,))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()


def newest_migration() -> str:
    """The last step of this release's tables, as MIGRATIONS_TABLE would name it."""
    from alembic.script import ScriptDirectory

    return str(ScriptDirectory.from_config(_migrations()).get_current_head())


def _migrations() -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(files("hub.sql") / "migrations"))
    return config


class PostgresDatabase:
    """Connections to one database; every store of a process may share it. Opens them when they are first needed.

    After the server was lost, what was under way raises psycopg.OperationalError, and what is asked next connects
    again. Commits are durable where the server's `synchronous_commit` is on, which it is unless turned off.
    """

    def __init__(self, dsn: str, connections: int = CONNECTIONS) -> None:
        self._dsn = dsn
        self._slots = threading.BoundedSemaphore(connections)
        self._idle: deque[Connection[TupleRow]] = deque()
        self._closed = False

    @contextmanager
    def read(self) -> Iterator[Connection[TupleRow]]:
        """A connection for the block; each statement sees the last committed state.

        Raises TimeoutError where none became free within WAIT_SECONDS. A block that asks for another connection may
        wait for itself.
        """
        if not self._slots.acquire(timeout=WAIT_SECONDS):
            raise TimeoutError("every connection to PostgreSQL is in use")
        try:
            connection = self._usable() or self.session()
            try:
                yield connection
            finally:
                self._give_back(connection)
        finally:
            self._slots.release()

    @contextmanager
    def write(self) -> Iterator[Connection[TupleRow]]:
        """A write transaction (READ COMMITTED): committed when the block ends, rolled back when it raises."""
        with self.read() as connection, connection.transaction():
            yield connection

    @contextmanager
    def brief(self) -> Iterator[Connection[TupleRow]]:
        """A write transaction that is sent in as few journeys as it reads results (a pipeline).

        What a statement breaks may be raised only by the next one that is read, or by the end of the block; then too
        nothing is stored.
        """
        with self.read() as connection, connection.pipeline(), connection.transaction():
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection[TupleRow]]:
        """A connection with one consistent state for all statements of the block."""
        with self.read() as connection, connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield connection

    def session(self) -> Connection[TupleRow]:
        """A connection of the caller's own, outside the shared ones; the caller closes it."""
        connection: Connection[TupleRow] = psycopg.connect(self._dsn, autocommit=True, **_OPTIONS)
        # Locks make a batch's reads true only where each statement sees what was committed before it.
        connection.isolation_level = IsolationLevel.READ_COMMITTED
        return connection

    def close(self) -> None:
        """Close what is idle now, and what is in use when it is given back."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def _usable(self) -> Connection[TupleRow] | None:
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:
                return None
            if alive(connection):
                return connection
            connection.close()
        return None

    def _give_back(self, connection: Connection[TupleRow]) -> None:
        if self._closed or connection.info.transaction_status != TransactionStatus.IDLE:
            connection.close()
        else:
            self._idle.append(connection)


def alive(connection: Connection[Any]) -> bool:
    """Whether an idle connection still stands, as far as this side has been told.

    A server says nothing to an idle client except that it goes; so no statement is spent on asking.
    """
    if connection.closed:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)


def storable(text: str) -> bool:
    """Whether a text can be kept at all: PostgreSQL refuses NUL, so nothing is known under a name that has one."""
    return "\0" not in text


def storable_among(texts: Iterable[str]) -> list[str]:
    """Those of the texts that can be kept."""
    return list(filter(storable, texts))
