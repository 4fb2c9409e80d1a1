"""The tables on PostgreSQL: read in order, counted, and loaded whole or not at all."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from psycopg import Connection
from psycopg.sql import SQL, Literal
from sqlalchemy import BigInteger, Boolean, Integer, LargeBinary, Table, Text

from app.operations.tables import TABLES, Digest, Row, as_before, columns_of, digest_rows
from hub.sql.metadata import moved_columns
from hub.sql.postgresql import PostgresDatabase
from services.booking.adapters.postgresql_bookings import RELAY_LOCK as BOOKINGS_RELAY
from services.curation.adapters.postgresql_store import RELAY_LOCK as RECORDS_RELAY

_TYPES = {Text: "text", Integer: "int4", BigInteger: "int8", Boolean: "bool", LargeBinary: "bytea"}
_SELECT = "SELECT {columns} FROM {table} ORDER BY {order}"
_SELECT_BOOKINGS = """
SELECT {columns} FROM (SELECT bookings.*, instruments.id AS instrument_id FROM bookings
JOIN instruments ON instruments.number = bookings.instrument) AS bookings ORDER BY {order}
"""
# The numbers that instruments have here are nobody's business elsewhere, so they are given anew.
_STAGE = """
CREATE TEMPORARY TABLE arriving ON COMMIT DROP AS SELECT b.id, i.id AS instrument, b.start, b."end", b.status,
    b.version, b.booked_by, b.key, b.body FROM bookings AS b JOIN instruments AS i ON i.number = b.instrument
    WITH NO DATA
"""
_UNSTAGE = (
    "INSERT INTO instruments (id) SELECT DISTINCT instrument FROM arriving ORDER BY instrument",
    """INSERT INTO bookings (id, instrument, start, "end", status, version, booked_by, key, body)
    SELECT arriving.id, number, start, "end", status, version, booked_by, key, body
    FROM arriving JOIN instruments ON instruments.id = arriving.instrument""",
)


class Servers:
    """The tables of one database, in a session of its own."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._sql: Connection[Any] = database.session()
        # Between two tables other work is done, such as writing what was read to a slow disk.
        self._sql.execute("SET idle_in_transaction_session_timeout = 0")

    def close(self) -> None:
        self._sql.close()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Whatever is read in the block is of one moment."""
        with self._sql.transaction():
            self._sql.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            self._sql.execute("SELECT 1 FROM vault_key")  # the moment is that of the first query
            yield

    def alone(self) -> bool:
        """Keep hubs from relaying until this is closed; False where one is at work already."""
        got = self._sql.execute(
            "SELECT pg_try_advisory_lock(%s) AND pg_try_advisory_lock(%s)", (RECORDS_RELAY, BOOKINGS_RELAY)
        ).fetchone()
        return got == (True,)

    def rows(self, table: Table) -> Iterator[Row]:
        """Every row in the order of the key; bounded memory."""
        with self._sql.cursor() as cursor, cursor.copy(f"COPY ({_select(table)}) TO STDOUT (FORMAT BINARY)") as copy:
            copy.set_types(_types(table))
            yield from cast(Iterator[Row], copy.rows())

    def count(self, table: Table) -> int:
        row = self._sql.execute(f"SELECT count(*) FROM {table.name}").fetchone()
        return int(row[0]) if row else 0

    def empty(self) -> bool:
        """Whether there is nothing of a hub's data; the marks of the vault's key and of sealing are none."""
        return not any(
            self._sql.execute(f"SELECT 1 FROM {table.name} LIMIT 1").fetchone()
            for table in TABLES
            if table.name not in ("vault_key", "sealed")
        )

    def digest(self, table: Table) -> Digest:
        return digest_rows(as_before(table, self.rows(table)))

    def load(self, table: Table, rows: Iterable[Row]) -> None:
        """Put the rows into the table in one transaction, in place of what was there."""
        is_bookings = table.name == "bookings"
        with self._sql.transaction():
            emptied = f"{table.name}, instruments" if is_bookings else table.name
            self._sql.execute(f"TRUNCATE {emptied} RESTART IDENTITY")
            if is_bookings:
                self._sql.execute(_STAGE)
            self._copy("arriving" if is_bookings else table.name, table, rows)
            for statement in _UNSTAGE if is_bookings else ():
                self._sql.execute(statement)
        self._sql.execute(f"ANALYZE {table.name}")

    def mark(self) -> str:
        """What `set_mark` left in the database; empty where nothing did."""
        row = self._sql.execute("SELECT obj_description('vault_key'::regclass, 'pg_class')").fetchone()
        return str(row[0] or "") if row else ""

    def set_mark(self, text: str) -> None:
        """Leave a note in the database, as the comment of a table."""
        self._sql.execute(SQL("COMMENT ON TABLE vault_key IS {}").format(Literal(text)))

    def _copy(self, name: str, table: Table, rows: Iterable[Row]) -> None:
        truths = [at for at, kind in enumerate(_types(table)) if kind == "bool"]
        into = f"COPY {name} ({columns_of(table)}) FROM STDIN (FORMAT BINARY)"
        with self._sql.cursor() as cursor, cursor.copy(into) as copy:
            copy.set_types(_types(table))
            for row in rows:
                copy.write_row(_with_truths(row, truths) if truths else row)


def _with_truths(row: Row, places: list[int]) -> Row:
    """SQLite keeps truth as a number."""
    changed: list[Any] = list(row)
    for at in places:
        changed[at] = bool(changed[at])
    return changed


def _types(table: Table) -> list[str]:
    """Of the columns that are moved, with the id of its instrument for a booking's number of it."""
    return [_TYPES[type(column.type)] for column in moved_columns(table)]


def _select(table: Table) -> str:
    """Texts in the order of their bytes, as SQLite has them, whatever the database's own collation."""
    order = ", ".join(
        f'"{column.name}" COLLATE "C"' if isinstance(column.type, Text) else f'"{column.name}"'
        for column in table.primary_key
    )
    columns = columns_of(table)
    if table.name == "bookings":
        return _SELECT_BOOKINGS.format(columns=columns.replace('"instrument"', "instrument_id"), order=order)
    return _SELECT.format(columns=columns, table=table.name, order=order)
