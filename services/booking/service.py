"""The booking desk: what people ask of it, and the worker that tells the log of every booking."""

import secrets
import time
from base64 import b32encode
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from hub.kernel.access import Principal
from hub.kernel.problems import Problem, Refusal, expecting, quoted, refusal
from hub.kernel.records import Record
from hub.observability import metrics
from hub.ports.clock import Clock, rfc3339
from hub.ports.eventlog import EventLog
from hub.ports.records import RecordReader
from hub.text.messages import bilingual
from schemas.events.bookings import BOOKINGS, Booking, BookingStatus, Change, Interval
from schemas.http.booking import MOST_DAYS, Action
from schemas.rights import DECIDERS
from services.booking.core import policy
from services.booking.core.offers import Offer, offer_of
from services.booking.core.requests import DEFAULT_DAYS, Ask, read_date, read_whole
from services.booking.core.slots import calendar, day_of, days_from, instant_of, nearest_free, search_window
from services.booking.core.views import Availability, Seen
from services.booking.managers import Managers
from services.booking.owners import held_by, records_of
from services.booking.ports import PAGE_LIMIT, BookingStore, Position
from services.booking.private import PrivateTexts

ATTEMPTS = 5
"""Of a change that others get ahead of, before the caller is asked to look again."""
OWNED_READ = 1_000
"""Bookings that one page of an owner's reads at most, since others may own all of them."""
LINGER = 0.01
"""Seconds in which bookings that follow one another closely gather, to be told of in one batch."""

_WITHDRAWN = bilingual("booking.withdrawn.record-not-withdrawn")
_OWNER = bilingual("booking.not-allowed.token-instrument-owner-operator")
_FREE = bilingual("booking.free")


class Taken(Refusal):
    """409: others have the wanted time; `free` are the nearest times to have instead."""

    def __init__(self, offer: Offer, wanted: Interval, free: list[Interval]) -> None:
        expected = _FREE.format(free=policy.spans_text(offer, free))
        super().__init__(Problem("taken", expected, policy.span_text(offer, wanted), "start"), status=409)
        self.zone = offer.zone
        self.free = free


class BookingDesk:
    """Answers what is free, takes bookings and moves them on.

    The rules are `services.booking.core.policy`; whether a time is still free is the store's to say.
    """

    def __init__(
        self, bookings: BookingStore, managers: Managers, records: RecordReader, private: PrivateTexts, clock: Clock
    ) -> None:
        self._bookings = bookings
        self._managers = managers
        self._records = records
        self._private = private
        self._clock = clock

    def availability(self, instrument_id: str, first: str | None = None, days: str | None = None) -> Availability:
        """The slots of some days, from today unless told otherwise; open to everybody.

        Raises Refusal: 404 for an unknown instrument, 410 for a withdrawn one, 422 for days that make no sense.
        """
        record = self._instrument(instrument_id)
        offer = offer_of(record)
        now = self._clock.now()
        start = read_date(first, "from", day_of(offer, now))
        count = read_whole(days, "days", DEFAULT_DAYS, MOST_DAYS)
        if offer.refusal:
            return Availability(record, offer)
        dates = days_from(start, count)
        span = Interval(instant_of(dates[0], 0, offer.zone), instant_of(dates[-1], 24 * 60, offer.zone))
        taken = self._bookings.between(offer.instruments, *span)
        return Availability(record, offer, tuple(calendar(offer, dates, taken, now)))

    def book(self, ask: Ask, principal: Principal, key: str = "") -> tuple[Seen, bool]:
        """The booking, and whether it was made by an earlier request with the same idempotency key.

        Raises Refusal: 401, 404, 410, 422 for times that policy forbids; Taken (409).
        """
        policy.signed_in(principal)
        record = self._instrument(ask.instrument_id)
        offer, now = offer_of(record), self._clock.now()
        purpose = self._private.seal(principal.account, ask.purpose)
        booking = _new(replace(ask, purpose=purpose), record, offer, principal, now)
        if key and (earlier := self._with_key(principal, key)):
            return self._replayed(earlier, booking, record, principal)
        if offer.refusal:
            raise Refusal(Problem("not-bookable", offer.refusal, ask.instrument_id, "instrument"), status=409)
        if problems := policy.may_book(offer, ask.wanted, now, principal):
            raise Refusal(*problems)
        added = self._bookings.add(booking, key, offer.instruments[1:], held_by(record))
        metrics.BOOKINGS.labels(added.outcome).inc()
        if added.outcome == "overlap":
            raise Taken(offer, ask.wanted, self._nearest(offer, ask.wanted, now))
        if added.outcome != "added" and added.booking:
            return self._replayed(added.booking, booking, record, principal)
        return self._decidable(booking, record, principal), False

    def get(self, booking_id: str, principal: Principal) -> Seen:
        """With the instrument's contacts for who booked it. Refusal: 401; 404 where the caller may not see it."""
        policy.signed_in(principal)
        seen = self._visible_booking(booking_id, principal)
        if seen.record is None or not policy.may_call(principal, seen.booking, self._clock.now()):
            return seen
        return replace(seen, contacts=self._private.contacts(seen.booking, seen.record, principal))

    def mine(self, principal: Principal, limit: int, before: Position | None = None) -> list[Seen]:
        """The caller's own bookings, latest start first."""
        policy.signed_in(principal)
        bookers = {principal.account, principal.formerly} - {""}
        return self._all_seen(self._bookings.of(bookers, limit, before), principal)

    def all_of(self, principal: Principal) -> Iterator[Seen]:
        """Every booking of the caller's, whatever the caller may do by now."""
        before: Position | None = None
        while page := self._bookings.of({principal.account, principal.formerly} - {""}, PAGE_LIMIT, before):
            yield from self._all_seen(page, principal)
            before = (page[-1].start, page[-1].id)

    def of_instrument(
        self, instrument_id: str, principal: Principal, limit: int, before: Position | None = None
    ) -> list[Seen]:
        """The bookings of an instrument, latest start first, for its owner: 403 for others."""
        policy.signed_in(principal)
        record = self._record(instrument_id)
        if not self._managers.decides(principal, record):
            raise Refusal(Problem("not-allowed", _OWNER, field="Authorization"), status=403)
        instruments = {instrument_id, *((record.id, *record.same_as) if record else ())}
        return self._all_seen(self._bookings.on(instruments, limit, before), principal)

    def owned(
        self, statuses: Collection[BookingStatus], principal: Principal, limit: int, before: Position | None = None
    ) -> tuple[list[Seen], Position | None]:
        """The bookings of all instruments that the caller decides about, latest start first, and where to read on.

        A page holds fewer than `limit` with more to follow only where OWNED_READ of them are still to be looked up, as
        after an upgrade. A change of an instrument's holder shows within a minute (OwnerUpkeep). Raises Refusal: 401;
        403 for those who decide about no instrument.
        """
        policy.signed_in(principal)
        holder = None if "operator" in principal.roles else principal.organisation
        if principal.roles.isdisjoint(DECIDERS | {"operator"}):
            raise Refusal(Problem("not-allowed", _OWNER, field="Authorization"), status=403)
        owned: list[Seen] = []
        for _ in range(OWNED_READ // PAGE_LIMIT):
            bookings = self._bookings.having(statuses, PAGE_LIMIT, before, holder)
            for seen in self._all_seen(bookings, principal):
                before = (seen.booking.start, seen.booking.id)
                if seen.decides:
                    owned.append(seen)
                if len(owned) == limit:
                    return owned, before
            if len(bookings) < PAGE_LIMIT:
                return owned, None
        return owned, before

    def act(self, action: Action, booking_id: str, reason: str, principal: Principal) -> Seen:
        """Confirm, decline or cancel; doing again what is done already changes nothing.

        Raises Refusal: 401, 403, 404, 409 where the booking is past it.
        """
        policy.signed_in(principal)
        for _ in range(ATTEMPTS):
            seen = self._visible_booking(booking_id, principal)
            booking, now = seen.booking, self._clock.now()
            if booking.status == policy.MOVES[action][1] and booking.changed_by == principal.account:
                return seen
            status = policy.decided(action, booking, principal, seen.decides, now)
            sealed = self._private.seal(booking.booked_by if booking.booker_name else principal.account, reason)
            change = Change(status, rfc3339(now), principal.account, sealed, principal.name)
            changed = self._bookings.change(booking_id, booking.version, change)
            if changed.outcome == "changed" and changed.booking:
                metrics.BOOKING_CHANGES.labels(status).inc()
                return self._seen(changed.booking, seen.record, principal, seen.decides)
        raise refusal("busy", "booking.busy", booking_id, "version", 409)

    def _instrument(self, instrument_id: str) -> Record:
        """The record, or the one that it was joined to since."""
        record = self._record(instrument_id)
        if record is None:
            problem = expecting("unknown-instrument", "booking.unknown-instrument", instrument_id, "instrument")
            raise Refusal(problem, status=404)
        if record.status == "withdrawn":
            raise Refusal(Problem("withdrawn", _WITHDRAWN, quoted(instrument_id), "instrument"), status=410)
        return record

    def _record(self, instrument_id: str) -> Record | None:
        return self._records_of({instrument_id}).get(instrument_id)

    def _records_of(self, instruments: Collection[str]) -> Mapping[str, Record]:
        """Each instrument's record, or the one that it was joined to since."""
        return records_of(self._records, instruments)

    def _visible_booking(self, booking_id: str, principal: Principal) -> Seen:
        booking = self._bookings.get(booking_id)
        record = self._record(booking.instrument_id) if booking else None
        decides = booking is not None and self._managers.decides(principal, record)
        if booking is None or not policy.may_see(principal, booking, decides):
            raise refusal("unknown-booking", "booking.unknown-booking", booking_id, "id", 404)
        return self._seen(booking, record, principal, decides)

    def _all_seen(self, bookings: Iterable[Booking], principal: Principal) -> list[Seen]:
        found = self._private.opened(bookings)
        records = self._records_of({booking.instrument_id for booking in found})
        decided = self._managers.decided(principal, records.values())
        operates = "operator" in principal.roles
        pairs = [(booking, records.get(booking.instrument_id)) for booking in found]
        return [
            self._actionable(booking, record, principal, operates or (record is not None and record.id in decided))
            for booking, record in pairs
        ]

    def _decidable(self, booking: Booking, record: Record, principal: Principal) -> Seen:
        return self._seen(booking, record, principal, self._managers.decides(principal, record))

    def _seen(self, booking: Booking, record: Record | None, principal: Principal, decides: bool) -> Seen:
        (opened,) = self._private.opened([booking])
        return self._actionable(opened, record, principal, decides)

    def _actionable(self, booking: Booking, record: Record | None, principal: Principal, decides: bool) -> Seen:
        return Seen(booking, record, policy.actions_of(booking, principal, decides, self._clock.now()), decides)

    def _with_key(self, principal: Principal, key: str) -> Booking | None:
        earlier = self._bookings.with_key(principal.account, key)
        if earlier is None and principal.formerly:
            earlier = self._bookings.with_key(principal.formerly, key)
        return earlier if earlier and policy.is_booker(principal, earlier) else None

    def _replayed(self, earlier: Booking, asked: Booking, record: Record, principal: Principal) -> tuple[Seen, bool]:
        before, now = self._private.opened([earlier, asked])
        if not before.asks_the_same_as(now):
            raise refusal("key-reused", "booking.key-reused", "", "Idempotency-Key", 422)
        return self._decidable(earlier, record, principal), True

    def _nearest(self, offer: Offer, wanted: Interval, now: datetime) -> list[Interval]:
        taken = self._bookings.between(offer.instruments, *search_window(wanted))
        return nearest_free(offer, wanted, taken, now)


class BookingRelay:
    """The worker that publishes bookings' events in the order in which they were stored.

    A crash between publishing and forgetting publishes some again; consumers know a repeat by its event id.
    """

    name = "booking.relay"

    def __init__(self, event_log: EventLog, bookings: BookingStore, batch_rows: int = 2_000) -> None:
        self._log = event_log
        self._bookings = bookings
        self._batch_rows = batch_rows
        self._published = float("-inf")

    def step(self, timeout: float) -> int:
        """Publish one batch: at once after a pause, else when it has had LINGER to gather, if the timeout allows."""
        waiting = self._bookings.pending(self._batch_rows, timeout)
        early = self._published + LINGER - time.monotonic()
        if waiting and early > 0 and timeout > 0 and len(waiting) < self._batch_rows:
            time.sleep(min(early, timeout))
            waiting = self._bookings.pending(self._batch_rows)
        if waiting:
            self._log.append(BOOKINGS, [pending.entry for pending in waiting])
            self._bookings.published(waiting[-1].number)
            self._published = time.monotonic()
        return len(waiting)

    def lag(self) -> int:
        """Events that wait in the outbox, up to hub.ports.records.WAITING_LIMIT and one."""
        return self._bookings.waiting()

    def close(self) -> None:
        """Nothing is held between steps."""


def new_id(now: datetime) -> str:
    """Ids grow with time, so that they are stored side by side, and end in 72 random bits."""
    milliseconds = int(now.timestamp() * 1_000)
    return f"booking-{b32encode(milliseconds.to_bytes(6) + secrets.token_bytes(9)).decode().lower()}"


def _new(ask: Ask, record: Record, offer: Offer, principal: Principal, now: datetime) -> Booking:
    return Booking(
        id=new_id(now),
        instrument_id=record.id,
        start=ask.wanted.start.astimezone(UTC),
        end=ask.wanted.end.astimezone(UTC),
        time_zone=offer.zone.key,
        status=policy.first_status(offer),
        purpose=ask.purpose,
        booked_by=principal.account,
        created_at=rfc3339(now),
        updated_at=rfc3339(now),
        price=policy.price_of(offer, ask.wanted, principal),
        changed_by=principal.account,
        booker_name=principal.name,
        changer_name=principal.name,
    )
