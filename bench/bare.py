"""The bare library doing the same: SQLite with the hub's durability, and nothing of the hub's around it."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import orjson

from hub.kernel.records import Record
from hub.ports.catalogue import Document
from services.catalog.core.projection import document

BATCH_ROWS = 2_000
TERMS = "CREATE VIRTUAL TABLE terms USING fts5(title, body, pinyin, content='', tokenize=\"unicode61 tokenchars '.-'\")"

T = TypeVar("T")


def connected(path: Path) -> sqlite3.Connection:
    """Explicit transactions, WAL, and a commit that survives loss of power, as hub.sql.sqlite has them."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA cache_size=-65536")
    return connection


def document_of(line: bytes) -> Document:
    """The searchable text of one row of bench.organisations."""
    fields = orjson.loads(line)
    record_id = fields.pop("_id")
    return document(Record(record_id, "organisation", 1, "active", "2026-01-01", "2026-01-01", fields, {}, ()))


def store_rows(path: Path, rows: Iterable[tuple[str, bytes]]) -> None:
    """Ids and JSON bytes in a table."""
    connection = connected(path)
    connection.execute("CREATE TABLE rows (id TEXT PRIMARY KEY, body BLOB NOT NULL)")
    for batch in in_batches(rows):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO rows VALUES (?, ?)", batch)
        connection.execute("COMMIT")
    connection.close()


def store_searchable(path: Path, documents: Iterable[Document]) -> None:
    """The same, and the terms of each document in a full-text index."""
    connection = connected(path)
    connection.execute("CREATE TABLE rows (row INTEGER PRIMARY KEY, id TEXT UNIQUE, body BLOB NOT NULL)")
    connection.execute(TERMS)
    first = 1
    for batch in in_batches(documents):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "INSERT INTO rows VALUES (?, ?, ?)", [(row, one.id, one.public) for row, one in enumerate(batch, first)]
        )
        connection.executemany(
            "INSERT INTO terms (rowid, title, body, pinyin) VALUES (?, ?, ?, ?)",
            [(row, one.title, one.body, one.pinyin) for row, one in enumerate(batch, first)],
        )
        connection.execute("COMMIT")
        first += len(batch)
    connection.close()


def in_batches(items: Iterable[T], size: int = BATCH_ROWS) -> Iterator[Sequence[T]]:
    """Lists of `size` items, and what is left."""
    batch: list[T] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
