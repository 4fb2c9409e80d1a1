"""The worker that keeps bookings under the organisations that hold their instruments now."""

import threading
from collections.abc import Collection, Mapping
from time import monotonic

from hub.kernel.records import Record
from hub.ports.records import RecordReader
from schemas.rights import holder_of
from services.booking.ports import NOBODY, BookingStore

PAGE_INSTRUMENTS = 500
EVERY_SECONDS = 60.0


class OwnerUpkeep:
    """A hub.ports.worker.Worker that looks up who holds the instruments that ever had a booking, round after round.

    What speaks for a record may change without a new version of it, and so without an event. Therefore the records
    themselves are read.
    """

    name = "booking.owners"

    def __init__(self, bookings: BookingStore, records: RecordReader) -> None:
        self._bookings = bookings
        self._records = records
        self._closed = threading.Event()
        self._after = ""
        self._rests_until = 0.0

    def step(self, timeout: float) -> int:
        """Look at one page of instruments; returns how many there were, 0 while it rests after a round."""
        if monotonic() < self._rests_until:
            self._closed.wait(timeout)
            return 0
        page = self._bookings.held(self._after, PAGE_INSTRUMENTS)
        records = records_of(self._records, [instrument for instrument, _ in page])
        for instrument, before in page:
            holder = held_by(records.get(instrument))
            if holder != before:
                self._bookings.set_holder(instrument, holder)
        self._after = page[-1][0] if len(page) == PAGE_INSTRUMENTS else ""
        if not self._after:
            self._rests_until = monotonic() + EVERY_SECONDS
        return len(page)

    def close(self) -> None:
        """Wake a step that waits."""
        self._closed.set()


def held_by(record: Record | None) -> str:
    """The holder as the booking store has it."""
    holder = holder_of(record)
    return NOBODY if holder is None else holder


def records_of(records: RecordReader, instruments: Collection[str]) -> Mapping[str, Record]:
    """Each instrument's record, or the one that it was joined to since."""
    known = records.get(instruments)
    joined = {one.replaced_by for one in known.values() if one.replaced_by}
    into = records.get(joined) if joined else {}
    return {instrument: into.get(one.replaced_by or "", one) for instrument, one in known.items()}
