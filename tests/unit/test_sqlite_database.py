"""The embedded adapters' database: what waits for the disk, and what need not."""

import sqlite3
from pathlib import Path

import pytest

from hub.sql.sqlite import Database

pytestmark = pytest.mark.unit
SCHEMA = "CREATE TABLE IF NOT EXISTS said (word TEXT NOT NULL)"
NORMAL, FULL = 1, 2


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "said.db", SCHEMA)


def test_only_a_note_does_not_wait_for_the_disk(database: Database) -> None:
    with database.write() as sql:
        assert sql.execute("PRAGMA synchronous").fetchone() == (FULL,)
    with database.note() as sql:
        assert sql.execute("PRAGMA synchronous").fetchone() == (NORMAL,)
    with database.write() as sql:
        assert sql.execute("PRAGMA synchronous").fetchone() == (FULL,)


def test_a_note_is_seen_by_all_at_once_or_not_at_all(database: Database) -> None:
    def noted(*words: str | None) -> None:
        with database.note() as sql:
            for word in words:
                sql.execute("INSERT INTO said VALUES (?)", (word,))

    noted("one", "two")
    with pytest.raises(sqlite3.IntegrityError):
        noted("taken back", None)
    assert database.read().execute("SELECT word FROM said").fetchall() == [("one",), ("two",)]
    with database.write() as sql:
        assert sql.execute("PRAGMA synchronous").fetchone() == (FULL,)
