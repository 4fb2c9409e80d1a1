"""What a booking has that is of a person: sealed with the booker's key while it rests, and erased with that."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from hub.ports.personal import PersonalValues, opened
from schemas.events.bookings import Booking


class PrivateTexts:
    """Seals and opens a booking's texts; names are sealed where they come from."""

    def __init__(self, personal: PersonalValues) -> None:
        self._personal = personal

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


def _texts(booking: Booking) -> Iterator[str]:
    yield from (booking.purpose, booking.reason, booking.booker_name or "", booking.changer_name or "")
