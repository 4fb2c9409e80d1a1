"""The booking simulation on PostgreSQL: clients, the relay and once the server itself are killed (kill -9)."""

import random
import time
from pathlib import Path

import pytest

from app.devstack.postgresql import Postgresql
from hub.log.sqlite_eventlog import SqliteEventLog
from hub.ports.eventlog import Topic
from hub.sql.postgresql import PostgresDatabase
from schemas.events.bookings import BOOKINGS
from services.booking.adapters.postgresql_bookings import PostgresBookings
from services.booking.service import BookingRelay
from tests.history import violations
from tests.simulation.test_booking_history import OUTCOMES, PROCESSES, Crowd, assert_told, operations
from tests.waiting import wait_until

pytestmark = pytest.mark.simulation
KILLS = 4
OTHERS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_overlaps_and_nothing_acknowledged_is_lost(
    tmp_path: Path, killable_postgresql: Postgresql, seed: int
) -> None:
    (tmp_path / "dsn").write_text(killable_postgresql.dsn)
    event_log = SqliteEventLog(tmp_path / "log.db")
    event_log.create_topics([Topic(BOOKINGS)])
    run(tmp_path, killable_postgresql, seed)
    database = PostgresDatabase(killable_postgresql.dsn)
    until_alone(database)
    store = PostgresBookings(database, "hub")
    history = [operation for path in sorted(tmp_path.glob("*.history")) for operation in operations(path)]
    final = {booking.id: booking.active for booking in store.scan()}
    assert violations(history, final) == []
    outcomes = {operation.outcome for operation in history}
    assert outcomes >= OUTCOMES
    relay = BookingRelay(event_log, store)
    while relay.step(0):
        pass
    assert_told(event_log, {booking.id: booking.version for booking in store.scan()})
    for closing in (store, database, event_log):
        closing.close()


def run(folder: Path, server: Postgresql, seed: int) -> None:
    crowd = Crowd(folder, seed)
    pauses = random.Random(-seed)
    try:
        for role in ("relay", *["clients"] * PROCESSES):
            crowd.start(role)
        for turn in range(KILLS):
            time.sleep(0.2 + pauses.random() * 0.3)
            if turn == KILLS // 2:
                server.kill()
                server.start()
                server.wait()
                time.sleep(0.3)
            crowd.kill_one()
        wait_until(crowd.seen)
    finally:
        crowd.kill_all()


def until_alone(database: PostgresDatabase) -> None:
    """What a killed client had asked for may still be under way."""
    with database.read() as sql:
        wait_until(lambda: sql.execute(OTHERS).fetchone() == (0,))
