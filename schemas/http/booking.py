"""Bookings over HTTP: what an instrument has free, booking it, and moving bookings on."""

from typing import Annotated, Literal

from pydantic import Field

from hub.kernel.operation import Operation
from hub.kernel.problems import ProblemDetails
from schemas.events.bookings import BookingStatus
from schemas.http.parts import Body, Day, Model, Moment, Operations, Parameters

Action = Literal["confirm", "decline", "cancel"]
SlotState = Literal["free", "taken", "closed", "past"]
ClosedBy = Literal["closure", "notice", "advance"]
PURPOSE_CHARS = 2_000
REASON_CHARS = 500
ID_CHARS = 200
MOST_DAYS = 31
PAGE_LIMIT = 100
MANAGERS_LIMIT = 100


class NamedInstrument(Model):
    """An instrument by its record's id and its name in the reader's language."""

    id: str
    title: str


class OfferedInstrument(NamedInstrument):
    """An instrument, with its record's kind."""

    kind: str


class Price(Model):
    """An amount with two places, as text, in a currency of ISO 4217."""

    amount: str
    currency: str


class Slot(Model):
    """One step of the grid, from `start` to before `end`; `why` says what closes a closed one."""

    start: Moment
    end: Moment
    state: SlotState
    why: ClosedBy | None = None


class SlotDay(Model):
    """The slots that start on a date of the instrument's calendar."""

    date: Day
    slots: tuple[Slot, ...]


class Availability(Model):
    """The terms on which an instrument is booked, and its slots by date; `reason` says why it cannot be booked."""

    instrument: OfferedInstrument
    bookable: bool
    reason: str | None
    time_zone: str
    slot_minutes: int
    confirmation: Literal["automatic", "owner"]
    min_notice_hours: int
    max_advance_days: int
    hourly_rate: Price | None
    days: tuple[SlotDay, ...]


class BookingContact(Model):
    """Whom to ask about the instrument; what the record does not tell, or cannot be opened, is empty."""

    name: str = ""
    phone: str = ""
    email: str = ""


class Booking(Model):
    """A booking at one version; `actions` are what the caller may do with it now. Times have the place's offset.

    `booked_by` is a name, `booked_by_account` whose it is; empty where the booking was made before accounts had ids.
    """

    id: str
    instrument: NamedInstrument
    start: Moment
    end: Moment
    time_zone: str
    status: BookingStatus
    purpose: str
    booked_by: str
    booked_by_account: str = ""
    created_at: Moment
    updated_at: Moment
    version: int
    price: Price | None
    reason: str
    changed_by: str
    actions: tuple[Action, ...]
    contacts: tuple[BookingContact, ...] = Field(
        (), description="of one booking, for its booker, from when it is confirmed until 30 days after its end"
    )


class BookingPage(Model):
    """Bookings, latest start first; `next` is the `cursor` of the following page."""

    bookings: tuple[Booking, ...]
    next: str | None


class Span(Model):
    """Time from `start` up to, without, `end`."""

    start: Moment
    end: Moment


class BookingProblem(ProblemDetails):
    """A booking that cannot be made; where others have the time, `free` are the nearest times to have instead."""

    free: tuple[Span, ...] | None = None


class NewBooking(Body):
    """What somebody wants to book; times are RFC 3339 with an offset."""

    instrument: Annotated[str, Field(min_length=1, max_length=ID_CHARS)]
    start: Moment
    end: Moment
    purpose: Annotated[str, Field(max_length=PURPOSE_CHARS)] | None = None


class Decision(Body):
    """The reason for a decision about a booking; may be left out."""

    reason: Annotated[str, Field(max_length=REASON_CHARS)] | None = None


class Managers(Model):
    """The accounts that decide about an instrument: those named for it, and those named for all of its holder's.

    Where there are none, every manager and approver of the organisation that holds the instrument decides.
    """

    instrument: str
    accounts: tuple[str, ...]
    everywhere: tuple[str, ...]
    holder: str = Field("", description="the organisation (a tenancy id) that holds the instrument")


class NewManagers(Body):
    """The accounts that are to be named, in the place of those named before."""

    accounts: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=ID_CHARS)], ...], Field(max_length=MANAGERS_LIMIT)
    ]


class AvailabilityQuery(Parameters):
    """From which date on (today, where none is given), and how many days."""

    first: Day | None = Field(None, alias="from")
    days: int | None = Field(None, ge=1, le=MOST_DAYS)


class BookingsQuery(Parameters):
    """Whose bookings: the caller's own, of all instruments that the caller decides about, or of one instrument."""

    scope: Literal["mine", "owned", "instrument"] = "mine"
    instrument: str | None = Field(None, description="with scope=instrument, and only then")
    status: tuple[BookingStatus, ...] | None = Field(None, description="with scope=owned")
    limit: int | None = Field(None, ge=1, le=PAGE_LIMIT)
    cursor: str | None = Field(None, description="the `next` of the page before")


OPERATIONS = Operations("booking")
AVAILABILITY = OPERATIONS.add(
    "get_availability",
    "GET /instruments/{instrument_id}/availability",
    "What an instrument has free",
    Availability,
    query=AvailabilityQuery,
    problems=(404, 410, 422),
)
BOOK = OPERATIONS.add(
    "book",
    "POST /bookings",
    "Book an instrument",
    Booking,
    status=201,
    body=NewBooking,
    problems=(400, 404, 410, 413, 422),
    further=((409, BookingProblem),),
    headers=("Idempotency-Key",),
    token=True,
)
BOOKINGS = OPERATIONS.add(
    "list_bookings",
    "GET /bookings",
    "Bookings, latest start first",
    BookingPage,
    query=BookingsQuery,
    problems=(400, 403, 422),
    token=True,
)
BOOKING = OPERATIONS.add(
    "get_booking", "GET /bookings/{booking_id}", "One booking", Booking, problems=(404,), token=True
)
CALENDAR = OPERATIONS.add(
    "get_booking_calendar",
    "GET /bookings/{booking_id}/calendar",
    "One booking as iCalendar (RFC 5545)",
    bytes,
    media=("text/calendar",),
    problems=(404,),
    token=True,
)
MANAGERS = OPERATIONS.add(
    "get_managers",
    "GET /instruments/{instrument_id}/managers",
    "Who decides about an instrument (`*`: about all that the caller's organisation holds)",
    Managers,
    problems=(403, 404, 409),
    token=True,
)
NAME_MANAGERS = OPERATIONS.add(
    "name_managers",
    "POST /instruments/{instrument_id}/managers",
    "Say who decides about an instrument (`*`: about all that the caller's organisation holds)",
    Managers,
    body=NewManagers,
    problems=(400, 403, 404, 409, 413, 422),
    token=True,
)


def _action(action: Action, summary: str) -> Operation[Booking]:
    return OPERATIONS.add(
        f"{action}_booking",
        f"POST /bookings/{{booking_id}}/{action}",
        summary,
        Booking,
        body=Decision,
        body_required=False,
        problems=(400, 403, 404, 409, 413, 422),
        token=True,
    )


ACTIONS: dict[Action, Operation[Booking]] = {
    "confirm": _action("confirm", "Confirm a request"),
    "decline": _action("decline", "Decline a request"),
    "cancel": _action("cancel", "Cancel a booking"),
}
