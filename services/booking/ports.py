"""The booking store: the truth about who has an instrument when. Two active bookings never overlap in it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from hub.ports.records import Pending
from schemas.events.bookings import Booking, BookingStatus, Change, Interval

PAGE_LIMIT = 100
CONFLICT_LIMIT = 20

NOBODY = "-"
"""In place of a holder where there is none: only operators decide about the instrument."""
EVERY = "*"
"""In place of an instrument: every one that the organisation holds."""

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

    def add(self, booking: Booking, key: str = "", also: Collection[str] = (), holder: str = NOBODY) -> Added:
        """Store a new booking unless active ones overlap it, and the event that tells of it, in one step.

        `key` is the idempotency key of the booker's account; a request that was not stored leaves it unused. `also` are
        further ids of the same instrument (records joined to it), whose bookings exclude this one too. `holder` is the
        organisation that holds the instrument now, see `set_holder`.
        """

    def change(self, booking_id: str, expected_version: int, change: Change) -> Changed:
        """Move the booking on from this version to the next, and store the event that tells of it, in one step."""

    def get(self, booking_id: str) -> Booking | None: ...

    def with_key(self, booked_by: str, key: str) -> Booking | None:
        """The booking that this booker made with the idempotency key."""

    def between(self, instruments: Collection[str], start: datetime, end: datetime) -> Sequence[Interval]:
        """The intervals of active bookings of any of these instruments that overlap [start, end), in order."""

    def of(self, bookers: Collection[str], limit: int, before: Position | None = None) -> Sequence[Booking]:
        """The bookings of any of these, latest start first, at most PAGE_LIMIT; those after `before` in that order."""

    def on(self, instruments: Collection[str], limit: int, before: Position | None = None) -> Sequence[Booking]:
        """The bookings of any of these instruments, latest start first, at most PAGE_LIMIT."""

    def having(
        self,
        statuses: Collection[BookingStatus],
        limit: int,
        before: Position | None = None,
        holder: str | None = None,
    ) -> Sequence[Booking]:
        """The bookings of every instrument that have one of these statuses, latest start first, at most PAGE_LIMIT.

        `holder`: only of instruments that this organisation holds, or whose holder nobody has looked up yet.
        """

    def set_holder(self, instrument_id: str, holder: str) -> None:
        """Say who holds an instrument that has bookings, for those there are and for no later ones."""

    def held(self, after: str, limit: int) -> Sequence[tuple[str, str | None]]:
        """Instruments that ever had a booking, those after this id in the order of their ids, with their holders.

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


class ManagerStore(Protocol):
    """Which accounts an organisation names as managers of an instrument, or of EVERY one. Durable when it returns."""

    def named(self, organisation: str, instruments: Collection[str]) -> Mapping[str, frozenset[str]]:
        """The accounts by instrument, those without any left out."""

    def name(self, organisation: str, instrument: str, accounts: Collection[str]) -> None:
        """Put these in the place of those named before."""

    def close(self) -> None: ...
