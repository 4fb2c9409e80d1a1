"""From checked rows to the events of a batch; private values are handed to a tokeniser, all of a batch at once."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from hub.kernel.cloudevents import Envelope
from hub.kernel.records import SUBMITTED
from hub.ports.eventlog import Entry
from hub.ports.receipts import Accepted
from services.ingest.core.bounds import too_large, too_large_event, too_long_fields
from services.ingest.core.rows import Limits, Row
from services.ingest.core.submissions import Checked, Frame, Refused, checked, submission

Tokenise = Callable[[Collection[str]], Mapping[str, str]]


class Event(NamedTuple):
    """An accepted row and the entry of the log that it became."""

    accepted: Accepted
    entry: Entry


class Made(NamedTuple):
    """What a batch of rows came to, in the order of the rows."""

    accepted: tuple[Accepted, ...]
    entries: list[Entry]
    refused: list[Refused]


class EventMaker:
    """Makes the events of one request's rows."""

    def __init__(self, frame: Frame, limits: Limits, event_source: str) -> None:
        self._frame = frame
        self._limits = limits
        self._envelope = Envelope(event_source, SUBMITTED, frame.received_at)

    def made(self, rows: Sequence[Row], tokenise: Tokenise) -> Made:
        """Check the rows; of those that are taken, put tokens in the place of private values and make events."""
        # A row without private values becomes its event at once: a batch of bytes is lighter than one of fields.
        results = [self._first(row) for row in rows]
        places = [place for result in results if type(result) is Checked for place in result.secrets]
        if places:
            values = [place.value for place in places]
            tokens = tokenise(set(values))
            for place, value in zip(places, values, strict=True):
                place.put(tokens[value])
            results = [self._event(result) if type(result) is Checked else result for result in results]
        events = [result for result in results if type(result) is Event]
        return Made(
            tuple([event.accepted for event in events]),
            [event.entry for event in events],
            [result for result in results if type(result) is Refused],
        )

    def _first(self, row: Row) -> Event | Checked | Refused:
        if problem := too_large(row, self._limits):
            return Refused(row, (*row.problems, problem))
        result = checked(row, self._frame)
        if type(result) is not Checked:
            return result
        if problems := too_long_fields(row, result.fields, self._limits):
            return Refused(row, problems)
        return result if result.secrets else self._event(result)

    def _event(self, row: Checked) -> Event | Refused:
        said = submission(row, self._frame)
        if isinstance(said, Refused):
            return said
        event_id, data = said.event_id(), said.to_bytes()
        if problem := too_large_event(data):
            return Refused(row.row, (problem,))
        entry = self._envelope.entry(event_id, said.subject(), data)
        return Event(Accepted(row.row.number, event_id, said.record_id or ""), entry)
