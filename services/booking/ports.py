"""The booking store: the truth about who has an instrument when. Two active bookings never overlap in it."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from hub.ports.records import Pending
from schemas.events.bookings import Booking, BookingStatus, Change, Interval

PAGE_LIMIT = 100
CONFLICT_LIMIT = 20

Position = tuple[datetime, str]
"""Where a page ended: the start and id of its last booking."""


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a new booking.

    `added`: stored; `replayed`: the same request with the same idempotency key is stored already, as `booking`;
    `mismatch`: the key was used for another request; `overlap`: `conflicts` (at most CONFLICT_LIMIT, in order of time)
    are taken, and nothing was stored.
    """

    outcome: Literal["added", "replayed", "mismatch", "overlap"]
    booking: Booking | None = None
    conflicts: tuple[Interval, ...] = ()


@dataclass(frozen=True, slots=True)
class Changed:
    """What became of a change.

    `changed`: `booking` is the new version; `stale`: `booking` is at another version than expected; `unknown`: there is
    no such booking; `overlap`: it would become active again in time that others hold. Only `changed` stored anything.
    """

    outcome: Literal["changed", "stale", "unknown", "overlap"]
    booking: Booking | None = None


class BookingStore(Protocol):
    """Durable when each method returns. Safe for many threads and processes."""

    def add(self, booking: Booking, key: str = "", also: Collection[str] = (), owners: Collection[str] = ()) -> Added:
        """Store a new booking unless active ones overlap it, and the event that tells of it, in one step.

        `key` is the booker's idempotency key; a request that was not stored leaves it unused. `also` are further ids
        of the same instrument (records joined to it), whose bookings exclude this one too. `owners` are the sources
        that own the instrument now, see `set_owners`.
        """

    def change(self, booking_id: str, expected_version: int, change: Change) -> Changed:
        """Move the booking on from this version to the next, and store the event that tells of it, in one step."""

    def get(self, booking_id: str) -> Booking | None: ...

    def with_key(self, booked_by: str, key: str) -> Booking | None:
        """The booking that this booker made with the idempotency key."""

    def between(self, instruments: Collection[str], start: datetime, end: datetime) -> Sequence[Interval]:
        """The intervals of active bookings of any of these instruments that overlap [start, end), in order."""

    def of(self, booked_by: str, limit: int, before: Position | None = None) -> Sequence[Booking]:
        """The bookings of one booker, latest start first, at most PAGE_LIMIT; those after `before` in that order."""

    def on(self, instruments: Collection[str], limit: int, before: Position | None = None) -> Sequence[Booking]:
        """The bookings of any of these instruments, latest start first, at most PAGE_LIMIT."""

    def having(
        self,
        statuses: Collection[BookingStatus],
        limit: int,
        before: Position | None = None,
        owners: Collection[str] | None = None,
    ) -> Sequence[Booking]:
        """The bookings of every instrument that have one of these statuses, latest start first, at most PAGE_LIMIT.

        `owners`: only of instruments that one of these sources owns, or whose owners nobody has looked up yet.
        """

    def set_owners(self, instrument_id: str, owners: Collection[str]) -> None:
        """Say which sources own an instrument that has bookings, for those there are and for no later ones."""

    def owned(self, after: str, limit: int) -> Sequence[tuple[str, frozenset[str] | None]]:
        """Instruments that ever had a booking, those after this id in the order of their ids, with their owners.

        None where nobody has looked them up yet.
        """

    def pending(self, limit: int, timeout: float = 0.0) -> Sequence[Pending]:
        """The oldest events that wait, in order of storing; waits up to `timeout` seconds for one."""

    def waiting(self) -> int:
        """How many events wait to be published; more than WAITING_LIMIT are told as one more than that."""

    def published(self, up_to: int) -> None:
        """Forget the events up to this number."""

    def scan(self) -> Iterator[Booking]:
        """Every booking in the order of its id; bounded memory."""

    def digest(self) -> str:
        """`hub.kernel.canonical.digest_of` every booking's to_bytes()."""

    def close(self) -> None: ...
