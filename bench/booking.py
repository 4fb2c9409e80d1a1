"""Booking attempts per second, each for a free time, beside bare SQLite inserts with the same durability.

    python -m bench.booking --attempts 400

The hub checks the instrument's terms and that the time is free, and stores the booking with the event that tells of
it; the bare peer inserts a row with an instrument, two times and JSON, one transaction each. The hub's workers run
meanwhile in its process, as always. Every peer has made some bookings before: a write-ahead log that grows is slower.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import count
from pathlib import Path
from time import perf_counter

import orjson

from app.composition import compose
from bench.bare import connected
from bench.common import OPERATOR, Report, folder, options, ratios, spread, table
from bench.serving import served
from hub.kernel.records import Record
from hub.runtime.manifest import RECORD_STORE
from hub.runtime.settings import Settings
from hub.runtime.threads import Runtime, drain
from schemas.events.bookings import Interval
from services.booking.core.requests import Ask
from services.booking.manifest import desk
from services.ingest.manifest import ingest

INSTRUMENTS = 50
THREADS = (1, 8)
WARM_UP = 300
LOG_BYTES = 8 * 2**20
SLOT = timedelta(minutes=15)
Attempt = Callable[[str, datetime], None]
"""Book the instrument from then on for a SLOT."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and report."""
    parser = options("Booking attempts per second.", attempts=(int, 400, "bookings of each peer in each round"))
    asked = parser.parse_args(arguments)
    command = f"python -m bench.booking --attempts {asked.attempts} --rounds {asked.rounds}"
    report = Report("booking", f"Booking, {asked.attempts} attempts a peer and round", command)
    with folder() as data, folder() as other:
        found = _measured(data, other, asked.attempts, asked.rounds)
    rows = []
    for threads in THREADS:
        bare = found["bare INSERT", threads]
        for name in ("bare INSERT", "BookingDesk", "HTTP"):
            rates = found[name, threads]
            rows.append([name, str(threads), spread(rates), "" if name == "bare INSERT" else ratios(rates, bare)])
    report.add(table(["", "threads", "attempts/s: median (least–greatest)", "as a share of the bare one"], rows))
    report.finish(asked.write)


def _measured(data: Path, other: Path, attempts: int, rounds: int) -> dict[tuple[str, int], list[float]]:
    """Rates of each peer and number of threads, a round after the other."""
    instruments = _registered(data)
    found: dict[tuple[str, int], list[float]] = {}
    times = _times(instruments)
    bare = _Bare(other / "bare.db")
    hub = compose(Settings(data_dir=data))
    runtime = Runtime(hub.workers)
    runtime.start()

    bookings = desk(hub.resources)

    def at_desk(instrument: str, start: datetime) -> None:
        bookings.book(Ask(instrument, Interval(start, start + SLOT), "bench"), OPERATOR)

    with folder() as apart:
        _registered(apart)
        with served(apart) as server:
            clients = threading.local()

            def over_http(instrument: str, start: datetime) -> None:
                if not hasattr(clients, "own"):
                    clients.own = server.client()
                times = {"start": start.isoformat(), "end": (start + SLOT).isoformat()}
                clients.own.post("/api/v1/bookings", orjson.dumps({"instrument": instrument, **times}), 201)

            peers: dict[str, Attempt] = {"bare INSERT": bare.book, "BookingDesk": at_desk, "HTTP": over_http}
            bare.grow()
            for attempt in peers.values():
                _rate(attempt, [next(times) for _ in range(min(WARM_UP, attempts))], max(THREADS))
            for number in range(rounds):
                for name in list(peers)[:: -1 if number % 2 else 1]:
                    for threads in THREADS:
                        asked = [next(times) for _ in range(attempts)]
                        found.setdefault((name, threads), []).append(_rate(peers[name], asked, threads))
    runtime.stop()
    hub.close()
    return found


def _rate(attempt: Attempt, asked: Sequence[tuple[str, datetime]], threads: int) -> float:
    failed: list[BaseException] = []

    def work(share: Sequence[tuple[str, datetime]]) -> None:
        try:
            for instrument, start in share:
                attempt(instrument, start)
        except BaseException as error:
            failed.append(error)

    workers = [threading.Thread(target=work, args=(asked[number::threads],)) for number in range(threads)]
    began = perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    took = perf_counter() - began
    if failed:
        raise failed[0]
    return len(asked) / took


class _Bare:
    """A table of bookings on one connection, which threads take in turn: SQLite has one writer at a time anyway."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._connection = connected(path)
        self._connection.execute(
            "CREATE TABLE bookings (id INTEGER PRIMARY KEY, instrument TEXT NOT NULL, start INTEGER NOT NULL,"
            ' "end" INTEGER NOT NULL, body BLOB NOT NULL)'
        )

    def book(self, instrument: str, start: datetime) -> None:
        first, last = int(start.timestamp()), int((start + SLOT).timestamp())
        body = orjson.dumps({"instrument": instrument, "start": start, "end": start + SLOT, "purpose": "bench"})
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute(
                'INSERT INTO bookings (instrument, start, "end", body) VALUES (?, ?, ?, ?)',
                (instrument, first, last, body),
            )
            self._connection.execute("COMMIT")

    def grow(self) -> None:
        """Let the write-ahead log reach the size at which it is written anew: until then every commit lengthens it."""
        self._connection.execute("INSERT INTO bookings VALUES (0, '', 0, 0, zeroblob(?))", (LOG_BYTES,))
        self._connection.execute("DELETE FROM bookings WHERE id = 0")


def _registered(data: Path) -> list[str]:
    """The ids of INSTRUMENTS instruments that can be booked at any time of the coming year."""
    fields = {
        "owner": {"name_zh": "示例大学"},
        "shared": True,
        "status": "in_service",
        "opening_hours": [{"days": ["MO", "TU", "WE", "TH", "FR", "SA", "SU"], "opens": "00:00", "closes": "24:00"}],
        "time_zone": "Asia/Shanghai",
        "slot_minutes": 15,
        "booking_confirmation": "automatic",
        "max_advance_days": 365,
        "hourly_rate": {"amount": "100.00", "currency": "CNY"},
    }
    named = [
        {"_id": f"b{number}", "name_zh": f"示例仪器{number}", "inventory_number": f"B{number:04}", **fields}
        for number in range(INSTRUMENTS)
    ]
    hub = compose(Settings(data_dir=data))
    try:
        body = b"\n".join(map(orjson.dumps, named))
        receipt = ingest(hub.resources).receive(BytesIO(body), "instrument", "sample", OPERATOR, format_name="ndjson")
        if receipt.refused:
            raise RuntimeError(f"{receipt.refused} instruments are refused")
        drain(hub.workers)
        records: list[Record] = list(hub.get(RECORD_STORE).scan("instrument"))
        return [record.id for record in records]
    finally:
        for worker in hub.workers:
            worker.close()
        hub.close()


def _times(instruments: Sequence[str]) -> Iterator[tuple[str, datetime]]:
    """Free times from the day after tomorrow on, of each instrument in turn."""
    first = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=2)
    for number in count():
        yield instruments[number % len(instruments)], first + SLOT * (number // len(instruments))


if __name__ == "__main__":
    main()
