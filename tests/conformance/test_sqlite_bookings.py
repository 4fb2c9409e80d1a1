"""The SQLite booking store: the suite of the port, and what is its own."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hub.sql.sqlite import Database, StoreFiles
from services.booking.adapters.group_commit import GroupCommit
from services.booking.adapters.sql_managers import SqlManagers
from services.booking.adapters.sqlite_bookings import SqliteBookings
from services.booking.ports import ManagerStore
from tests.conformance.bookings import CANCEL, CONFIRM, BookingStoreConformance, Open, booking
from tests.conformance.managers import ManagerStoreConformance
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.conformance


class TestSqliteBookings(BookingStoreConformance):
    adapter = "SqliteBookings"
    capabilities = frozenset()

    @pytest.fixture
    def open_store(self, tmp_path: Path) -> Open:
        return lambda: SqliteBookings(tmp_path / "bookings.db", "hub")


class TestSqliteManagers(ManagerStoreConformance):
    adapter = "SqlManagers on SQLite"
    capabilities = frozenset()

    @pytest.fixture
    def reopened(self, tmp_path: Path) -> Iterator[Callable[[], ManagerStore]]:
        files = StoreFiles(tmp_path)
        yield lambda: SqlManagers(files.open("managers"))
        files.close()


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO bookings SELECT 'x', instrument, start + 1, \"end\" + 1, status, 1, 'x', NULL, body, NULL "
        "FROM bookings WHERE id = 'b0001'",
        "UPDATE bookings SET status = 'confirmed' WHERE id = 'b0002'",
        "UPDATE bookings SET instrument = 'i' WHERE id = 'b0003'",
        'UPDATE bookings SET start = start - 3600, "end" = "end" - 3600 WHERE id = \'b0004\'',
    ],
)
def test_no_statement_can_write_an_overlap(tmp_path: Path, statement: str) -> None:
    store = SqliteBookings(tmp_path / "bookings.db", "hub")
    store.add(booking(2, 9, 11))
    store.change("b0002", 1, CANCEL)
    for one in (booking(1, 9, 11), booking(3, 9, 11, "other"), booking(4, 11, 12)):
        assert store.add(one).outcome == "added"
    store.close()
    with pytest.raises(sqlite3.IntegrityError, match="overlap"):
        sqlite3.connect(tmp_path / "bookings.db").execute(statement)


def test_confirming_a_booking_between_others_is_no_overlap(tmp_path: Path) -> None:
    store = SqliteBookings(tmp_path / "bookings.db", "hub")
    for one in (booking(1, 8, 9), booking(2, 9, 10), booking(3, 10, 11)):
        store.add(one)
    assert store.change("b0002", 1, CONFIRM).outcome == "changed"
    store.close()


def test_writes_that_come_while_one_commits_share_the_next_commit(tmp_path: Path) -> None:
    database = Database(tmp_path / "d.db", "CREATE TABLE t (n INTEGER)")
    commits, group = Counted(database), GroupCommit(database)
    entered, go_on = threading.Event(), threading.Event()

    def slow(sql: sqlite3.Connection) -> int:
        entered.set()
        go_on.wait(PATIENCE_SECONDS)
        return insert(sql, 0)

    def insert(sql: sqlite3.Connection, number: int) -> int:
        sql.execute("INSERT INTO t VALUES (?)", (number,))
        return number

    with ThreadPoolExecutor(21) as pool:
        first = pool.submit(group.run, slow)
        assert entered.wait(PATIENCE_SECONDS)
        others = [pool.submit(group.run, lambda sql, n=n: insert(sql, n)) for n in range(1, 21)]
        wait_until(lambda: len(group._waiting) == 20)
        go_on.set()
        assert sorted([first.result(), *(other.result() for other in others)]) == list(range(21))
    assert commits.count == 2
    assert database.read().execute("SELECT count(*) FROM t").fetchone() == (21,)
    database.close()


def test_a_commit_that_fails_is_told_to_all_that_shared_it(tmp_path: Path) -> None:
    database = Database(tmp_path / "d.db", "CREATE TABLE t (n INTEGER)")
    group = GroupCommit(database)

    def broken(sql: sqlite3.Connection) -> None:
        sql.execute("INSERT INTO t VALUES (1)")
        sql.execute("RELEASE one")

    with pytest.raises(sqlite3.OperationalError):
        group.run(broken)
    group.run(lambda sql: sql.execute("INSERT INTO t VALUES (2)").rowcount)
    assert database.read().execute("SELECT n FROM t").fetchall() == [(2,)]
    database.close()


class Counted:
    """Counts the commits of a database from now on."""

    def __init__(self, database: Database) -> None:
        self.count = 0
        database._writer.set_trace_callback(self._seen)

    def _seen(self, statement: str) -> None:
        self.count += statement == "COMMIT"
