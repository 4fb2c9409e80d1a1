"""What a store on SQLAlchemy Core asks of either database, and what Core has no one word for on both dialects.

A statement that is run often is built once, with names for its values: to recognise one that is built anew takes longer
than to run it.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol
from zlib import crc32

import orjson
from sqlalchemy import Boolean, Column, Connection, Dialect, Table, Text, bindparam, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine


class SqlDatabase(Protocol):
    """Tables that several threads and processes share. A commit that returned survives loss of power.

    Errors are those of the driver. Nobody commits or rolls back by hand.
    """

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection for the block; each statement sees the last committed state."""

    def writing(self) -> AbstractContextManager[Connection]:
        """A write transaction: committed when the block ends, rolled back when it raises."""

    def purge(self, table: str) -> None:
        """Leave nothing of what was overwritten in the table; on SQLite under `PRAGMA secure_delete` alone."""

    def close(self) -> None: ...


@contextmanager
def driver_errors() -> Iterator[None]:
    """Errors of the block as the driver raised them: SQLAlchemy's own would carry a statement's values into logs."""
    try:
        yield
    except DBAPIError as error:
        raise error.orig or error from None


class _Texts(TypeDecorator[Collection[str]]):
    """Texts as one parameter, an array or in JSON, so that a statement is one for any number of them."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return postgresql.ARRAY(Text) if dialect.name == "postgresql" else Text()

    def process_bind_param(self, value: Collection[str] | None, dialect: Dialect) -> Any:
        kept = storable_among(value or ())
        return kept if dialect.name == "postgresql" else orjson.dumps(kept).decode()


class _Among(FunctionElement[bool]):
    name = "among"
    type = Boolean()
    inherit_cache = True


def among(column: Column[Any], parameter: str) -> _Among:
    """Whether the column has one of the texts that the statement is run with under this name, however many they are."""
    return _Among(column, bindparam(parameter, type_=_Texts))


@compiles(_Among, "postgresql")
def _any(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} = ANY ({values})"


@compiles(_Among, "sqlite")
def _each(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"


def insert_into(dialect: str, table: Table) -> postgresql.Insert:
    """An INSERT that may have an ON CONFLICT clause, which both dialects write alike, and whose rowcount is kept."""
    made = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return made(table).execution_options(preserve_rowcount=True)  # type: ignore[return-value]


def hold(sql: Connection, space: int, name: str) -> None:
    """Until the transaction ends, nobody else holds this name in this space; on SQLite nobody else writes at all."""
    if sql.dialect.name == "postgresql":
        lock = {"space": space, "name": crc32(name.encode()) - 2**31}
        sql.execute(text("SELECT pg_advisory_xact_lock(:space, CAST(:name AS integer))"), lock)


def overwrite_deleted(sql: Connection) -> None:
    """From now on this connection leaves nothing of what it deletes; PostgreSQL does so when it vacuums."""
    if sql.dialect.name == "sqlite":
        sql.exec_driver_sql("PRAGMA secure_delete=ON")


def storable(value: str) -> bool:
    """Whether a text can be kept at all: PostgreSQL refuses NUL, so nothing is known under a name that has one."""
    return "\0" not in value


def storable_among(values: Iterable[str]) -> list[str]:
    """Those of the texts that can be kept."""
    return list(filter(storable, values))
