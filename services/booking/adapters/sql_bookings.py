"""What the booking store does alike on either database."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Literal

from hub.kernel.canonical import digest_of
from hub.kernel.cloudevents import CloudEvent
from hub.ports.records import Pending
from hub.sql.statements import storable, storable_among
from schemas.events.bookings import BOOKING_CHANGED, Booking, BookingStatus, Change, Interval
from services.booking.ports import PAGE_LIMIT, Position

SCAN_ROWS = 1_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
UNBOUNDED = ((1 << 62), "")
Range = tuple[str | int, ...]
"""Of an index that ends in start and id: a condition with what stands for its marks."""


class SqlBookings:
    """The reading half of services.booking.ports.BookingStore; `event_source` is the CloudEvents source of its events.

    The holder of an instrument is a column of its bookings, so that a holder's queue is one range of an index.
    """

    mark: ClassVar[str]
    """Of the driver, for a value."""

    def __init__(self, event_source: str) -> None:
        self._event_source = event_source

    def reading(self) -> AbstractContextManager[Any]:
        """The driver's connection, each statement of which sees the last committed state."""
        raise NotImplementedError

    def snapshot(self) -> AbstractContextManager[Any]:
        """The driver's connection, all statements of which see one state."""
        raise NotImplementedError

    def places(self, sql: Any, instruments: Collection[str]) -> Iterable[str | int]:
        """The instruments as the table of bookings has them."""
        raise NotImplementedError

    def get(self, booking_id: str) -> Booking | None:
        with self.reading() as sql:
            return self.booking(sql, "id = ?", booking_id)

    def with_key(self, booked_by: str, key: str) -> Booking | None:
        with self.reading() as sql:
            return self.booking(sql, "booked_by = ? AND key = ?", booked_by, key)

    def of(self, bookers: Collection[str], limit: int, before: Position | None = None) -> list[Booking]:
        with self.snapshot() as sql:
            return self._pages(sql, [("booked_by = ?", booker) for booker in set(bookers)], limit, before)

    def on(self, instruments: Collection[str], limit: int, before: Position | None = None) -> list[Booking]:
        with self.snapshot() as sql:
            places = self.places(sql, storable_among(set(instruments)))
            return self._pages(sql, [("instrument = ?", place) for place in places], limit, before)

    def having(
        self,
        statuses: Collection[BookingStatus],
        limit: int,
        before: Position | None = None,
        holder: str | None = None,
    ) -> list[Booking]:
        ranges: list[Range] = [("status = ?", status) for status in set(statuses)]
        if holder is not None:
            held = [("owners = ? AND status = ?", holder, status) for _, status in ranges]
            ranges = [*held, *(("owners IS NULL AND status = ?", status) for _, status in ranges)]
        with self.snapshot() as sql:
            return self._pages(sql, ranges, limit, before)

    def scan(self) -> Iterator[Booking]:
        yield from map(Booking.from_bytes, self._bodies())

    def digest(self) -> str:
        return digest_of(self._bodies())

    def booking(self, sql: Any, condition: str, *values: str) -> Booking | None:
        """The one that the condition is true of."""
        if not all(map(storable, values)):
            return None
        row = sql.execute(self._marked(f"SELECT body FROM bookings WHERE {condition}"), values).fetchone()
        return Booking.from_bytes(row[0]) if row else None

    def events(self, sql: Any, limit: int) -> list[Pending]:
        """The oldest of the outbox."""
        query = "SELECT number, event_id, instrument, at, data FROM booking_outbox ORDER BY number LIMIT ?"
        source = self._event_source
        return [
            Pending(number, CloudEvent(event_id, source, BOOKING_CHANGED, instrument, at, data).as_entry())
            for number, event_id, instrument, at, data in sql.execute(self._marked(query), (limit,))
        ]

    def _bodies(self) -> Iterator[bytes]:
        after, query = "", self._marked("SELECT id, body FROM bookings WHERE id > ? ORDER BY id LIMIT ?")
        while True:
            with self.reading() as sql:
                rows = sql.execute(query, (after, SCAN_ROWS)).fetchall()
            if not rows:
                return
            yield from (body for _, body in rows)
            after = rows[-1][0]

    def _pages(self, sql: Any, ranges: Iterable[Range], limit: int, before: Position | None) -> list[Booking]:
        most = max(0, min(limit, PAGE_LIMIT))
        start, booking_id = (first_second(before[0]), before[1].partition("\0")[0]) if before else UNBOUNDED
        pages: list[Booking] = []
        for condition, *values in ranges:
            query = f"SELECT body FROM bookings WHERE {condition} AND (start, id) < (?, ?) "
            rows = sql.execute(
                self._marked(f"{query} ORDER BY start DESC, id DESC LIMIT ?"), (*values, start, booking_id, most)
            )
            pages += [Booking.from_bytes(body) for (body,) in rows]
        return sorted(pages, key=lambda booking: (booking.start, booking.id), reverse=True)[:most]

    def _marked(self, query: str) -> str:
        return query.replace("?", self.mark)


def changed(before: Booking, change: Change) -> Booking:
    """The booking's next version."""
    return replace(
        before,
        status=change.status,
        version=before.version + 1,
        updated_at=change.at,
        reason=change.reason,
        changed_by=change.by,
        changer_name=change.name,
    )


def replayed(earlier: Booking, booking: Booking) -> Literal["replayed", "mismatch"]:
    """What a request is whose key an earlier one has."""
    return "replayed" if earlier.asks_the_same_as(booking) else "mismatch"


def stored(booking: Booking, key: str = "") -> dict[str, object]:
    """What the tables have of a booking's version, its event included."""
    return {
        "id": booking.id,
        "start": first_second(booking.start),
        "end": last_second(booking.end),
        "booked_by": booking.booked_by,
        "key": key or None,
        "status": booking.status,
        "version": booking.version,
        "body": booking.to_bytes(),
        "event_id": f"{booking.id}@{booking.version}",
        "instrument": booking.instrument_id,
        "at": booking.updated_at,
        "data": booking.event_data(),
    }


def interval(start: int, end: int) -> Interval:
    """Between two seconds since 1970."""
    return Interval(EPOCH + start * SECOND, EPOCH + end * SECOND)


def first_second(moment: datetime) -> int:
    """Whole seconds since 1970, rounded down."""
    return (moment - EPOCH) // SECOND


def last_second(moment: datetime) -> int:
    """Whole seconds since 1970, rounded up."""
    return -((EPOCH - moment) // SECOND)
