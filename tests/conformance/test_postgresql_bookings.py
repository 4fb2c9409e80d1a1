"""The booking store on PostgreSQL: the suite of the port, and what is its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import psycopg
import pytest

from hub.sql.postgresql import PostgresDatabase
from services.booking.adapters.postgresql_bookings import PostgresBookings
from services.booking.adapters.sql_managers import SqlManagers
from services.booking.ports import ManagerStore
from tests.conformance.bookings import CANCEL, CONFIRM, BookingStoreConformance, Open, at, booking
from tests.conformance.managers import ManagerStoreConformance
from tests.waiting import wait_until

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

pytestmark = pytest.mark.conformance


class TestPostgresBookings(BookingStoreConformance):
    adapter = "PostgresBookings"
    capabilities = frozenset()

    @pytest.fixture
    def open_store(self, postgres: PostgresDatabase) -> Open:
        return lambda: PostgresBookings(postgres, "hub")


class TestPostgresManagers(ManagerStoreConformance):
    adapter = "SqlManagers on PostgreSQL"
    capabilities = frozenset()

    @pytest.fixture
    def reopened(self, postgres: PostgresDatabase) -> Callable[[], ManagerStore]:
        return lambda: SqlManagers(postgres)


@pytest.fixture
def store(postgres: PostgresDatabase) -> PostgresBookings:
    return PostgresBookings(postgres, "hub")


@pytest.mark.parametrize(
    "statement",
    [
        'INSERT INTO bookings (id, instrument, start, "end", status, version, booked_by, body) '
        "SELECT 'x', instrument, start + 1, \"end\" + 1, status, 1, 'x', body FROM bookings WHERE id = 'b0001'",
        "UPDATE bookings SET status = 'confirmed' WHERE id = 'b0002'",
        "UPDATE bookings SET instrument = (SELECT instrument FROM bookings WHERE id = 'b0001') WHERE id = 'b0003'",
        'UPDATE bookings SET start = start - 3600, "end" = "end" - 3600 WHERE id = \'b0004\'',
    ],
)
def test_no_statement_can_write_an_overlap(store: PostgresBookings, database: str, statement: str) -> None:
    store.add(booking(2, 9, 11))
    store.change("b0002", 1, CANCEL)
    for one in (booking(1, 9, 11), booking(3, 9, 11, "other"), booking(4, 11, 12)):
        assert store.add(one).outcome == "added"
    with psycopg.connect(database) as sql, pytest.raises(psycopg.errors.ExclusionViolation):
        sql.execute(statement)


def test_an_overlap_that_only_the_table_noticed_is_told_as_any_other(store: PostgresBookings, database: str) -> None:
    """Somebody who does not lock the instrument inserts while a booking is being added."""
    store.add(booking(1, 12, 13))
    with psycopg.connect(database) as sql, ThreadPoolExecutor(1) as pool:
        sql.execute(
            'INSERT INTO bookings (id, instrument, start, "end", status, version, booked_by, body) '
            "SELECT 'x', instrument, start - 3600, start, status, 1, 'x', body FROM bookings WHERE id = 'b0001'"
        )
        waiting = pool.submit(store.add, booking(2, 11, 12))
        with psycopg.connect(database, autocommit=True) as watch:
            wait_until(lambda: watch.execute(WAITING).fetchone() == (1,))
        sql.commit()
        told = waiting.result()
    assert (told.outcome, told.conflicts) == ("overlap", ((at(11), at(12)),))
    assert store.get("b0002") is None
    assert [one.number for one in store.pending(10)] == [1]


def test_joined_instruments_exclude_each_other_whoever_is_first(store: PostgresBookings) -> None:
    def add(number: int) -> str:
        one, other = ("i", "j") if number % 2 else ("j", "i")
        return store.add(booking(number, number // 4, number // 4 + 1, one), also=[other]).outcome

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(add, range(64)))
    assert outcomes.count("added") == 16
    assert len(store.between(["i", "j"], at(0), at(24))) == 16


def test_one_key_for_two_instruments_at_once_books_one(store: PostgresBookings) -> None:
    for number in range(20):
        pair = [booking(number * 2 + n, number, number + 1, f"i{n}") for n in (0, 1)]
        with ThreadPoolExecutor(2) as pool:
            outcomes = sorted(pool.map(lambda one, key=f"k{number}": store.add(one, key).outcome, pair))
        assert outcomes == ["added", "mismatch"]


def test_the_first_and_the_last_second_can_be_booked(store: PostgresBookings) -> None:
    first = datetime(1970, 1, 1, tzinfo=UTC)
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    ends = [replace(booking(n, 0, 1, f"i{n}"), start=first, end=last) for n in range(3)]
    assert [store.add(one).outcome for one in ends] == ["added"] * 3
    assert store.between(["i1"], first, last) == [(first, last)]
    with pytest.raises(psycopg.errors.CheckViolation):
        store.add(replace(booking(9, 0, 1, "i9"), start=datetime(1969, 12, 31, tzinfo=UTC)))
    assert store.get("b0009") is None


def test_nothing_is_known_under_a_name_that_cannot_be_stored(store: PostgresBookings) -> None:
    store.add(booking(1, 9, 10))
    assert store.get("b0001\0") is None
    assert store.change("b0001\0", 1, CONFIRM).outcome == "unknown"
    assert not [*store.between(["i\0"], at(0), at(24)), *store.on(["i\0"], 9)]
