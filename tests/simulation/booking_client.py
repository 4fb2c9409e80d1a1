"""A process of the booking simulation: clients that book, cancel and read at random, or the relay; made to be killed.

python -m tests.simulation.booking_client clients|relay FOLDER NAME SEED

Every operation is written to FOLDER/NAME.history before it starts and again when it is answered, so that what a killed
process was told is known. The store is FOLDER/bookings.db, or the PostgreSQL database whose address is in FOLDER/dsn;
one that is lost answers nothing, and clients go on.
"""

import os
import random
import sys
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import psycopg

from hub.log.sqlite_eventlog import SqliteEventLog
from hub.sql.postgresql import PostgresDatabase
from schemas.events.bookings import Booking, Change
from services.booking.adapters.postgresql_bookings import PostgresBookings
from services.booking.adapters.sqlite_bookings import SqliteBookings
from services.booking.ports import BookingStore
from services.booking.service import BookingRelay

DAY = datetime(2026, 12, 1, tzinfo=UTC)
NOW = "2026-11-01T00:00:00.000000Z"
HOURS = 10
THREADS = 4
INSTRUMENTS = ("i", "j")
PAUSE_SECONDS = 0.004


class Client:
    """One thread's random operations on the store."""

    def __init__(self, store: BookingStore, log: int, name: str, seed: int) -> None:
        self._store = store
        self._log = log
        self._name = name
        self._random = random.Random(f"{seed}-{name}")
        self._held: list[Booking] = []
        self._count = 0

    def run(self) -> None:
        while True:
            self._count += 1
            with suppress(psycopg.OperationalError):
                self._do_something()
            time.sleep(self._random.random() * PAUSE_SECONDS)

    def _do_something(self) -> None:
        dice = self._random.random()
        if dice < 0.55 or not self._held:
            self._book()
        elif dice < 0.85:
            self._cancel()
        else:
            self._read()

    def _book(self) -> None:
        start = self._random.randrange(HOURS)
        end = start + self._random.randint(1, 3)
        booking = Booking(
            f"{self._name}-{self._count}", self._random.choice(INSTRUMENTS), DAY + timedelta(hours=start),
            DAY + timedelta(hours=end), "Asia/Shanghai", "requested", "", self._name, NOW, NOW,
        )  # fmt: skip
        self._say("book", booking, start, end)
        added = self._store.add(booking, key=str(self._count))
        self._answer(added.outcome)
        if added.outcome == "added":
            self._held.append(booking)

    def _cancel(self) -> None:
        """Half of them are confirmed first, which changes nothing about whose the time is."""
        booking = self._held.pop(self._random.randrange(len(self._held)))
        version = 1
        if self._random.random() < 0.5:
            self._store.change(booking.id, version, Change("confirmed", NOW, "owner"))
            version += 1
            time.sleep(self._random.random() * PAUSE_SECONDS)
        self._say("cancel", booking, 0, 0)
        self._answer(self._store.change(booking.id, version, Change("cancelled", NOW, self._name)).outcome)

    def _read(self) -> None:
        instrument = self._random.choice(INSTRUMENTS)
        self._write(["read", self._name, self._count, time.monotonic_ns(), "", instrument, 0, HOURS + 3])
        found = self._store.between([instrument], DAY, DAY + timedelta(hours=HOURS + 3))
        self._answer("", [[(at - DAY) // timedelta(hours=1) for at in interval] for interval in found])

    def _say(self, kind: str, booking: Booking, start: int, end: int) -> None:
        named = [booking.id, booking.instrument_id, start, end]
        self._write([kind, self._name, self._count, time.monotonic_ns(), *named])

    def _answer(self, outcome: str, seen: object = ()) -> None:
        self._write(["answer", self._name, self._count, time.monotonic_ns(), outcome, seen])

    def _write(self, line: list[object]) -> None:
        os.write(self._log, orjson.dumps(line) + b"\n")


def clients(folder: Path, name: str, seed: int) -> None:
    log = os.open(folder / f"{name}.history", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    store = store_in(folder)
    threads = [
        threading.Thread(target=Client(store, log, f"{name}{thread}", seed).run, daemon=True)
        for thread in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def relay(folder: Path) -> None:
    worker = BookingRelay(SqliteEventLog(folder / "log.db"), store_in(folder), 20)
    while True:
        with suppress(psycopg.OperationalError):
            worker.step(0.01)


def store_in(folder: Path) -> BookingStore:
    dsn = folder / "dsn"
    if dsn.exists():
        return PostgresBookings(PostgresDatabase(dsn.read_text()), "hub")
    return SqliteBookings(folder / "bookings.db", "hub")


if __name__ == "__main__":
    if sys.argv[1] == "relay":
        relay(Path(sys.argv[2]))
    else:
        clients(Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
