"""The embedded adapters' database: what waits for the disk, and what need not."""

import sqlite3
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hub.log.sqlite_eventlog import SqliteEventLog
from hub.ports.eventlog import Topic
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


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("restless")
def test_threads_that_open_files_at_one_moment_make_the_tables_of_each(tmp_path: Path) -> None:
    """Threads, since a process may open its stores side by side; the steps' library keeps its place for all of it."""
    with ThreadPoolExecutor(8) as pool:
        logs = list(pool.map(lambda number: SqliteEventLog(tmp_path / f"{number}.db"), range(24)))
    for log in logs:
        log.create_topics([Topic("records")])
        log.close()
