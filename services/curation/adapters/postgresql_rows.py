"""Rows as arrays: one statement a table and batch, however many rows."""

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import Connection


def many(sql: Connection[Any], statement: str, rows: Iterable[Sequence[object]]) -> int:
    """Run a statement over the rows, given as one array a column; returns how many rows it stored or removed."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    return sql.execute(statement, columns).rowcount if columns else 0
