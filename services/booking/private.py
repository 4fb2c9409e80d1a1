"""What of people a booking has and shows: its texts, sealed with the booker's key, and the instrument's contacts."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from hub.kernel.access import Principal
from hub.kernel.records import Record
from hub.ports.audit import Action, AuditEvent, AuditTrail
from hub.ports.clock import Clock
from hub.ports.personal import TOKEN_PREFIX, PersonalValues, opened
from schemas.events.bookings import Booking
from schemas.http.booking import BookingContact

CONTACTS = ("contact", "second_contact")
READ: Action = "contact.read"


class PrivateTexts:
    """Seals and opens a booking's texts; names are sealed where they come from."""

    def __init__(self, personal: PersonalValues, audit: AuditTrail, clock: Clock) -> None:
        self._personal = personal
        self._audit = audit
        self._clock = clock

    def seal(self, account: str, text: str) -> str:
        """The token of the text; of an empty one none."""
        return self._personal.sealers([account])[account](text) if text else text

    def opened(self, bookings: Iterable[Booking]) -> list[Booking]:
        """The bookings as people read them; what cannot be opened is empty, and so is a name that was erased."""
        kept = list(bookings)
        texts = {text for booking in kept for text in _texts(booking)}
        values = {**opened(self._personal, texts), "": ""}
        return [
            replace(
                booking,
                purpose=values[booking.purpose],
                reason=values[booking.reason],
                booker_name=None if booking.booker_name is None else values[booking.booker_name],
                changer_name=None if booking.changer_name is None else values[booking.changer_name],
            )
            for booking in kept
        ]

    def contacts(self, booking: Booking, record: Record, reader: Principal) -> tuple[BookingContact, ...]:
        """Whom to ask about the booking's instrument; that the reader was told a private value is noted."""
        stated = [part for name in CONTACTS if isinstance(part := record.fields.get(name), dict)]
        texts = [{name: str(part.get(name) or "") for name in BookingContact.model_fields} for part in stated]
        values = opened(self._personal, {text for part in texts for text in part.values() if text})
        if any(values[text] for text in values if text.startswith(TOKEN_PREFIX)):
            acting = reader.account, reader.organisation, reader.credential
            self._audit.note(AuditEvent(self._clock.now(), *acting, READ, record.id, detail=booking.id))
        shown = (BookingContact(**{name: values.get(text, "") for name, text in part.items()}) for part in texts)
        return tuple(contact for contact in shown if any(contact.model_dump().values()))


def _texts(booking: Booking) -> Iterator[str]:
    yield from (booking.purpose, booking.reason, booking.booker_name or "", booking.changer_name or "")
