"""The booking policy: what may be booked, at what price, and who may move a booking on. Every rule of it is here."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from heapq import nsmallest
from itertools import pairwise
from typing import get_args

from hub.kernel.access import Principal
from hub.kernel.problems import Problem, Refusal, expecting, refusal
from hub.text.language import Bilingual
from hub.text.messages import bilingual
from schemas.events.bookings import Booking, BookingStatus, Interval, Price
from schemas.http.booking import Action
from services.booking.core.offers import Offer
from services.booking.core.slots import Cover, bookable_time, day_of, days_from, fits_grid, grid_on, opening_on

ACTIONS: tuple[Action, ...] = get_args(Action)
MOVES: Mapping[Action, tuple[frozenset[BookingStatus], BookingStatus]] = {
    "confirm": (frozenset({"requested"}), "confirmed"),
    "decline": (frozenset({"requested"}), "declined"),
    "cancel": (frozenset({"requested", "confirmed"}), "cancelled"),
}
STATUS_NAMES: Mapping[BookingStatus, Bilingual] = {
    "requested": bilingual("booking.status-names.requested"),
    "confirmed": bilingual("booking.status-names.confirmed"),
    "declined": bilingual("booking.status-names.declined"),
    "cancelled": bilingual("booking.status-names.cancelled"),
}
HOUR = timedelta(hours=1)
CONTACT_AFTER = timedelta(days=30)
CENT = Decimal("0.01")
SHOWN_TIMES = 6

_STATE = bilingual("booking.state")
_NONE = bilingual("booking.none")
_AND = bilingual("hub.and")
_OR = bilingual("booking.or")


def signed_in(principal: Principal) -> None:
    """Raises Refusal: 401 for the anonymous, 403 for whoever acts for no organisation."""
    if not principal.account:
        raise refusal("sign-in", "booking.sign-in", "", "Authorization", 401)
    if not principal.roles:
        raise refusal("no-organisation", "booking.no-organisation", "", None, 403)


def may_see(principal: Principal, booking: Booking, owner: bool) -> bool:
    """Whether the caller may know who booked and why; others learn only that the time is taken."""
    return owner or is_booker(principal, booking)


def is_booker(principal: Principal, booking: Booking) -> bool:
    own = principal.formerly if booking.booker_name is None else principal.account
    return bool(principal.roles and own) and own == booking.booked_by


def may_call(principal: Principal, booking: Booking, now: datetime) -> bool:
    """Whether the caller is told whom to ask about the instrument: who booked it, until it is long over."""
    return booking.status == "confirmed" and is_booker(principal, booking) and now < booking.end + CONTACT_AFTER


def may_book(
    offer: Offer, wanted: Interval, now: datetime, principal: Principal, existing: Sequence[Interval] = ()
) -> tuple[Problem, ...]:
    """What keeps the caller from booking the wanted time of a bookable instrument; empty where nothing does.

    `existing` are the active bookings known of; the booking store has the last word on them. The caller is asked for
    because policies tell classes of users apart.
    """
    del principal
    if wanted.end <= wanted.start:
        return (expecting("order", "booking.order", time_text(offer, wanted.end), "end"),)
    if wanted.end - wanted.start > offer.longest:
        hours = f"{offer.longest / HOUR:g}"
        return (expecting("too-long", "booking.too-long", span_text(offer, wanted), "end", hours=hours),)
    problem = _when(offer, wanted, now) or _where(offer, wanted) or _taken(offer, wanted, existing)
    return (problem,) if problem else ()


def first_status(offer: Offer) -> BookingStatus:
    return "confirmed" if offer.automatic else "requested"


def price_of(offer: Offer, wanted: Interval, principal: Principal) -> Price | None:
    """Hours times the hourly rate, to two places; None where the owner gives no rate.

    The caller is asked for because classes of users pay differently.
    """
    del principal
    rate = offer.hourly_rate
    if rate is None:
        return None
    seconds = Decimal(int((wanted.end - wanted.start).total_seconds()))
    return Price((rate.amount * seconds / 3600).quantize(CENT, ROUND_HALF_UP), rate.currency)


def decided(action: Action, booking: Booking, principal: Principal, owner: bool, now: datetime) -> BookingStatus:
    """The status that the action leads to.

    Raises Refusal: 403 where the caller may not do it, 409 where the booking is past it.
    """
    allowed_from, status = MOVES[action]
    if not owner and not (action == "cancel" and is_booker(principal, booking)):
        raise refusal("not-allowed", "booking.not-allowed", "", "Authorization", 403)
    if booking.status not in allowed_from:
        names = [STATUS_NAMES[known] for known in STATUS_NAMES if known in allowed_from]
        expected = _STATE.format(wanted=_OR.join(names))
        raise Refusal(Problem("wrong-status", expected, booking.status, "status"), status=409)
    if not owner and booking.start <= now:  # whoever is no owner can only have come to cancel
        raise refusal("too-late", "booking.too-late", "", "start", 409)
    if action == "confirm" and booking.end <= now:
        raise refusal("too-late", "booking.too-late.confirming-before-booking-over", "", "end", 409)
    return status


def actions_of(booking: Booking, principal: Principal, owner: bool, now: datetime) -> tuple[Action, ...]:
    """The actions that the caller may take on the booking now."""
    return tuple(action for action in ACTIONS if _may(action, booking, principal, owner, now))


def time_text(offer: Offer, moment: datetime) -> str:
    """As messages tell a time: on the instrument's wall clock, with its offset."""
    return moment.astimezone(offer.zone).isoformat(" ", "minutes")


def span_text(offer: Offer, span: Interval) -> str:
    """As messages tell an interval: the date of its end only where it differs."""
    start, end = (moment.astimezone(offer.zone) for moment in span)
    until = f"{end:%H:%M}" if end.date() == start.date() else f"{end:%Y-%m-%d %H:%M}"
    return f"{start:%Y-%m-%d %H:%M}–{until}"


def spans_text(offer: Offer, spans: Iterable[Interval]) -> Bilingual:
    """A few intervals in one line."""
    texts = [Bilingual(text, text) for text in (span_text(offer, span) for span in spans)]
    return _AND.join(texts) if texts else _NONE


def _may(action: Action, booking: Booking, principal: Principal, owner: bool, now: datetime) -> bool:
    try:
        decided(action, booking, principal, owner, now)
    except Refusal:
        return False
    return True


def _when(offer: Offer, wanted: Interval, now: datetime) -> Problem | None:
    """Past, too soon or too far."""
    bookable = bookable_time(offer, now)
    requested = time_text(offer, wanted.start)
    if wanted.start < now:
        return expecting("past", "booking.past", requested, "start")
    if wanted.start < bookable.start:
        return expecting("too-soon", "booking.too-soon", requested, "start", earliest=time_text(offer, bookable.start))
    if wanted.start >= bookable.end:
        return expecting("too-far", "booking.too-far", requested, "start", latest=time_text(offer, bookable.end))
    return None


def _where(offer: Offer, wanted: Interval) -> Problem | None:
    """Outside of the opening hours, in a closure, or off the grid, which is laid out only to explain a refusal."""
    if fits_grid(offer, wanted):
        return None
    first, last = day_of(offer, wanted.start), day_of(offer, wanted.end)
    days = days_from(first, (last - first).days + 1)
    openings = [opening for day in days for opening in opening_on(offer, day)]
    if not Cover(openings).contains(*wanted):
        hours = spans_text(offer, [opening for opening in openings if day_of(offer, opening.start) == first])
        return expecting("outside-opening-hours", "booking.outside", span_text(offer, wanted), "start", hours=hours)
    for closure in offer.closures:
        if closure.interval.overlaps(wanted):
            told = f"{span_text(offer, closure.interval)} {closure.reason}".strip()
            return expecting("closed", "booking.closed", span_text(offer, wanted), "start", closure=told)
    return _off_grid(offer, wanted, [step for day in days for step in grid_on(offer, day)])


def _off_grid(offer: Offer, wanted: Interval, grid: list[Interval]) -> Problem | None:
    within = [step for step in grid if step.overlaps(wanted)]
    apart = any(one.end != two.start for one, two in pairwise(within))
    for field, moment, edges in (
        ("start", wanted.start, [step.start for step in grid]),
        ("end", wanted.end, [step.end for step in grid]),
    ):
        if apart or moment not in edges:
            return expecting(
                "off-grid", "booking.off-grid", time_text(offer, moment), field, times=_near(offer, moment, edges)
            )
    return None


def _near(offer: Offer, moment: datetime, edges: list[datetime]) -> str:
    near = nsmallest(SHOWN_TIMES, edges, key=lambda edge: abs(edge - moment))
    return ", ".join(f"{edge.astimezone(offer.zone):%H:%M}" for edge in sorted(near))


def _taken(offer: Offer, wanted: Interval, existing: Sequence[Interval]) -> Problem | None:
    found = Cover(existing).hit(*wanted)
    if found is None:
        return None
    return expecting("taken", "booking.taken", span_text(offer, wanted), "start", taken=span_text(offer, found))
