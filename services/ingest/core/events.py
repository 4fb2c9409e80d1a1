"""From rows to the events of a batch, with tokens in the place of private values."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from hub.kernel.characters import may_be_unclean, unclean
from hub.kernel.cloudevents import Envelope
from hub.kernel.entries import Entry
from hub.kernel.problems import Problem, expecting
from hub.kernel.records import SUBMITTED
from hub.ports.personal import Sealer
from hub.text.messages import bilingual
from services.ingest.core.echoes import OwnWord, without_own_word
from services.ingest.core.rows import Limits, Row
from services.ingest.core.submissions import Checked, Frame, Refused, checked, subject_of, submission
from services.ingest.ports.receipts import Accepted

EVENT_BYTES = 1_000_000
"""Of a submission as an event: what a Kafka broker takes by its defaults, headers aside."""


def too_large(row: Row, limits: Limits) -> Problem | None:
    """Whether the row itself is longer than a row may be; formats that read row by row have seen to it before."""
    size = len(row.data) if isinstance(row.data, bytes) else row.size
    return _too_many_bytes(limits.row_bytes) if size > limits.row_bytes else None


def too_long_fields(row: Row, fields: dict[str, Any], limits: Limits) -> tuple[Problem, ...]:
    """A problem a text that is longer than a text may be."""
    # A text has no more characters than its row has bytes, so that almost no row is looked through.
    size = len(row.data) if isinstance(row.data, bytes) else row.size
    if 0 < size <= limits.field_chars:
        return ()
    return tuple(
        expecting("text-too-long", "ingest.most-characters", "", path, limit=limits.field_chars)
        for path in _long_texts(fields, "", limits.field_chars)
    )


def unclean_fields(row: Row, fields: dict[str, Any]) -> tuple[Problem, ...]:
    """A problem a text that has characters which no text has."""
    json = row.data if isinstance(row.data, bytes) else orjson.dumps(fields)
    return unclean(fields) if may_be_unclean(json) else ()


def too_large_event(data: bytes) -> Problem | None:
    """Whether the event log would not take the submission."""
    return _too_many_bytes(EVENT_BYTES) if len(data) > EVENT_BYTES else None


def _too_many_bytes(limit: int) -> Problem:
    return Problem("row-too-long", bilingual("ingest.row-too-long", limit=limit))


def _long_texts(value: Any, path: str, limit: int) -> Iterator[str]:
    if isinstance(value, str):
        if len(value) > limit:
            yield path
    elif isinstance(value, dict):
        for name, member in value.items():
            yield from _long_texts(member, f"{path}.{name}" if path else name, limit)
    elif isinstance(value, list):
        for item in value:
            yield from _long_texts(item, path, limit)


class Event(NamedTuple):
    """An accepted row and the entry of the log that it became."""

    accepted: Accepted
    entry: Entry


class Made(NamedTuple):
    """What a batch of rows came to, in the order of the rows; `subjects` are whom private values in it are about."""

    accepted: tuple[Accepted, ...]
    entries: list[Entry]
    refused: list[Refused]
    subjects: frozenset[str]


class EventMaker:
    """Makes the events of one request's rows; `sealers` gives what seals the private values of each subject."""

    def __init__(
        self,
        frame: Frame,
        limits: Limits,
        event_source: str,
        sealers: Callable[[Collection[str]], Mapping[str, Sealer]],
        own_word: OwnWord = lambda _, __: None,
    ) -> None:
        self._frame = frame
        self._limits = limits
        self._envelope = Envelope(event_source, SUBMITTED, frame.received_at)
        self._sealers = sealers
        self._own_word = own_word

    def made(self, rows: Sequence[Row]) -> Made:
        """Check the rows; those that are taken become events, in which tokens stand in the place of private values."""
        # Each row becomes its event at once: the fields of a whole batch would push each other out of the CPU's cache.
        # Those with private values wait for the keys of all of them, which are read together.
        results = [self._made(row) for row in rows]
        waiting = [(at, row, subject_of(row, self._frame)) for at, row in enumerate(results) if type(row) is Checked]
        subjects = frozenset(subject for _, _, subject in waiting) - {""}
        sealers = self._sealers(subjects) if subjects else {}
        for at, row, subject in waiting:
            results[at] = self._sealed(row, sealers.get(subject))
        events = [result for result in results if type(result) is Event]
        return Made(
            tuple([event.accepted for event in events]),
            [event.entry for event in events],
            [result for result in results if type(result) is Refused],
            subjects,
        )

    def _made(self, row: Row) -> Event | Refused | Checked:
        if problem := too_large(row, self._limits):
            return Refused(row, (*row.problems, problem))
        result = checked(row, self._frame)
        if isinstance(result, Checked):
            result = without_own_word(result, self._frame, self._own_word)
        if isinstance(result, Refused):
            return result
        if problems := (
            *too_long_fields(row, result.fields, self._limits),
            *unclean_fields(row, result.fields),
        ):
            return Refused(row, problems)
        return result if result.private else self._event(result)

    def _sealed(self, row: Checked, sealer: Sealer | None) -> Event | Refused:
        if sealer:
            for place in row.private:
                place.seal(sealer)
        return self._event(row)  # which refuses what is about nobody

    def _event(self, row: Checked) -> Event | Refused:
        candidate = submission(row, self._frame)
        if isinstance(candidate, Refused):
            return candidate
        event_id, data = candidate.event_id(), candidate.to_bytes()
        if problem := too_large_event(data):
            return Refused(row.row, (problem,))
        entry = self._envelope.entry(event_id, candidate.subject(), data)
        return Event(Accepted(row.row.number, event_id, candidate.record_id or ""), entry)
