"""Rebuilds: a new generation beside the one that serves, taken in its place in one transaction.

A generation that is being built is named in `state.building`, and whoever applies documents meanwhile stores them in
both. If the building process dies, the lock on the file beside the catalogue is released by the operating system, and
the next process that opens the catalogue drops what was built.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from hub.sql.sqlite import make_private
from services.catalog.adapters.sqlite_catalogue_tables import Tables


class Rebuilding(RuntimeError):
    """Somebody else is rebuilding this catalogue."""


@contextmanager
def sole_rebuilder(path: Path) -> Iterator[None]:
    """Hold the right to rebuild; raises Rebuilding where another process or thread holds it."""
    lock = path.with_name(f"{path.name}.rebuild")
    make_private(lock)
    with closing(sqlite3.connect(lock, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            raise Rebuilding(f"{path.name} is being rebuilt") from None
        yield


def prepare(connection: sqlite3.Connection) -> None:
    """Create the tables of a new catalogue."""
    if connection.execute("SELECT 1 FROM state").fetchone() is None:
        Tables(1).create(connection)
        connection.execute("INSERT INTO state (only, generation) VALUES (1, 1)")


def serving(connection: sqlite3.Connection) -> int:
    """The generation that serves."""
    (number,) = connection.execute("SELECT generation FROM state").fetchone()
    return int(number)


def building(connection: sqlite3.Connection) -> int | None:
    """The generation that is being built."""
    (number,) = connection.execute("SELECT building FROM state").fetchone()
    return number if number is None else int(number)


def begin(connection: sqlite3.Connection) -> Tables:
    """Start a new generation, in place of an unfinished one."""
    drop_others(connection)
    tables = Tables(serving(connection) + 1)
    tables.create(connection)
    connection.execute("UPDATE state SET building = ?", (tables.number,))
    return tables


def swap(connection: sqlite3.Connection, tables: Tables) -> None:
    connection.execute("UPDATE state SET generation = ?, building = NULL", (tables.number,))


def drop_others(connection: sqlite3.Connection) -> None:
    """Drop every generation but the one that serves."""
    connection.execute("UPDATE state SET building = NULL")
    kept = serving(connection)
    for (number,) in connection.execute("SELECT number FROM generations").fetchall():
        if number != kept:
            Tables(number).drop(connection)
