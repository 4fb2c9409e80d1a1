"""PostgreSQL as the real adapters use it: a few connections that many threads share, each replaced when it is lost."""

import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import Connection, Cursor, IsolationLevel
from psycopg.pq import Format
from psycopg.rows import TupleRow
from sqlalchemy import Connection as CoreConnection
from sqlalchemy import create_engine, event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import NullPool

from hub.sql.statements import driver_errors
from hub.sql.upgrade import is_newest, upgrade

CONNECT_SECONDS = 10
CONNECTIONS = 16
"""That one process opens at most, besides a relay's; a server takes 100 unless told otherwise."""
WAIT_SECONDS = 30.0
"""For one of the connections to become free."""
MIGRATION_LOCK = 0x6875_6200
"""An advisory lock, so that of several services that start at once one migrates."""
RETRY_SECONDS = 0.1

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
    engine = create_engine(dsn.replace("postgresql://", "postgresql+psycopg://", 1), poolclass=NullPool)
    with engine.connect() as connection:
        if is_newest(connection):
            return
    with psycopg.connect(dsn, autocommit=True, connect_timeout=CONNECT_SECONDS) as lock, engine.connect() as connection:
        # Tried, since one that waits within a statement would itself be waited for by CREATE INDEX CONCURRENTLY.
        while lock.execute("SELECT pg_try_advisory_lock(%s)", (MIGRATION_LOCK,)).fetchone() != (True,):
            time.sleep(RETRY_SECONDS)
        upgrade(connection)


class BinaryCursor(Cursor[TupleRow]):
    """Reads rows as the server keeps them: bodies in bytes are not sent as text and read from it."""

    def __init__(self, connection: Connection[Any], **options: Any) -> None:
        super().__init__(connection, **options)
        self.format = Format.BINARY


class PostgresDatabase:
    """Connections to one database; every store of a process may share it. Opens them when they are first needed.

    After the server was lost, what was under way raises psycopg.OperationalError, and what is asked next connects
    again. Commits are durable where the server's `synchronous_commit` is on, which it is unless turned off.
    """

    def __init__(self, dsn: str, connections: int = CONNECTIONS) -> None:
        self._dsn = dsn
        self._engine = create_engine(
            "postgresql+psycopg://",
            creator=self.session,
            pool_size=connections,
            max_overflow=0,
            pool_timeout=WAIT_SECONDS,
            pool_use_lifo=True,
        )
        event.listen(self._engine, "checkout", _refuse_lost)

    @contextmanager
    def reading(self) -> Iterator[CoreConnection]:
        """See hub.sql.statements.SqlDatabase.

        Raises TimeoutError where no connection became free within WAIT_SECONDS. A block that asks for another one may
        wait for itself.
        """
        with driver_errors():
            try:
                connection = self._engine.connect()
            except PoolTimeout:
                raise TimeoutError("every connection to PostgreSQL is in use") from None
            with connection:
                yield connection

    @contextmanager
    def writing(self) -> Iterator[CoreConnection]:
        """See hub.sql.statements.SqlDatabase; READ COMMITTED."""
        with self.reading() as connection, driver_of(connection).transaction():
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection[TupleRow]]:
        """The driver's own connection for the block; each statement sees the last committed state. See `reading`."""
        with self.reading() as connection:
            yield driver_of(connection)

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
        connection = psycopg.connect(self._dsn, autocommit=True, cursor_factory=BinaryCursor, **_OPTIONS)
        # Locks make a batch's reads true only where each statement sees what was committed before it.
        connection.isolation_level = IsolationLevel.READ_COMMITTED
        return connection

    def purge(self, table: str) -> None:
        """See hub.sql.statements.SqlDatabase; the server's own journal forgets with its next checkpoints."""
        with self.session() as connection:
            connection.execute(f"VACUUM {table}")

    def close(self) -> None:
        """Close what is idle now, and what is in use when it is given back."""
        self._engine.dispose()


def driver_of(connection: CoreConnection) -> Connection[TupleRow]:
    """The driver's own connection, for what is written in PostgreSQL's SQL."""
    made: Connection[TupleRow] = connection.connection.driver_connection  # type: ignore[assignment]
    return made


def _refuse_lost(connection: Connection[TupleRow], *_: object) -> None:
    """A server that goes takes all its connections along."""
    if not alive(connection):
        raise InvalidatePoolError


def alive(connection: Connection[Any]) -> bool:
    """Whether an idle connection still stands, as far as this side has been told.

    A server says nothing to an idle client except that it goes; so no statement is spent on asking.
    """
    if connection.closed:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)
