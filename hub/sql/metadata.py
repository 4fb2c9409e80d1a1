"""The tables of every service in one MetaData; what each looks like is told once, in the service's `tables.py`.

PostgreSQL has all of them in one database, SQLite each in its store's own file. Both are brought there by the steps in
`hub.sql.migrations`; a test finds what the steps make and the MetaData say differently. What SQLite alone has, and is
read in its own SQL, the steps alone tell of: the log and usage.
"""

from types import ModuleType
from typing import Any, Literal

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import TEXT

Dialect = Literal["postgresql", "sqlite"]

metadata = MetaData(
    naming_convention={  # PostgreSQL's own
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_name)s_key",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
    }
)

NAME = Text().with_variant(TEXT(collation="C"), "postgresql")
"""Text that is compared and ordered by its bytes, as SQLite does."""

INT64 = BigInteger().with_variant(Integer(), "sqlite")
"""Whole numbers of up to 64 bits, which every INTEGER on SQLite has."""


def in_store(store: str, *, moved: bool = True, name: str = "") -> dict[str, Any]:
    """`Table.info` of a table that SQLite has in the file `<store>.db`.

    `moved`: the rows are part of a move and of a backup's digests, under `name` where that is not the table's own;
    others are made again from what is moved.
    """
    return {"store": store, "moved": moved, "name": name}


def only_on(dialect: Dialect) -> dict[str, Any]:
    """`info` of what the other dialect does not have: a column, an index, a constraint, or, added to it, a table."""
    return {"dialect": dialect}


ADDED = {"added": True}
"""`Column.info` of one that came after others of its table: a row that has nothing in it is as it was before, so that
backups of before compare. Such columns come last.
"""
NOT_MOVED = {"moved": False}
"""`Column.info` of what is made again where the other columns of its row are moved to."""


def is_on(item: Any, dialect: str) -> bool:
    """Whether a table, column, index or constraint is there on this dialect."""
    return bool(item.info.get("dialect", dialect) == dialect)


def declared(module: ModuleType) -> tuple[Table, ...]:
    """The tables that a `tables.py` has, in its order."""
    return tuple(value for value in vars(module).values() if isinstance(value, Table))


def moved_columns(table: Table) -> list[Column[Any]]:
    """The columns that are carried over: those that neither the database nor the hub makes again by itself."""
    return [
        column
        for column in table.columns
        if column.identity is None and column.computed is None and column.info.get("moved", True)
    ]


def moved_name(table: Table) -> str:
    """Unique among all tables, and the same in every release."""
    return f"{table.info['store']}.{table.info['name'] or table.name}"
