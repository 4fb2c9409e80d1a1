"""What a store that is written once, in SQLAlchemy Core, asks of SQLite or PostgreSQL."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError


class SqlDatabase(Protocol):
    """Tables that several threads and processes share. A commit that returned survives loss of power.

    Errors are those of the driver. Nobody commits or rolls back by hand.
    """

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection for the block; each statement sees the last committed state."""

    def writing(self) -> AbstractContextManager[Connection]:
        """A write transaction: committed when the block ends, rolled back when it raises."""

    def close(self) -> None: ...


@contextmanager
def driver_errors() -> Iterator[None]:
    """Errors of the block as the driver raised them: SQLAlchemy's own would carry a statement's values into logs."""
    try:
        yield
    except DBAPIError as error:
        raise error.orig or error from None
