"""Limits on single rows. A row beyond them is refused; the rows around it are not its concern."""

from collections.abc import Iterator
from typing import Any

from hub.kernel.problems import Problem
from hub.text.messages import bilingual
from services.ingest.core.rows import Limits, Row

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
    expected = bilingual("ingest.most-characters", limit=limits.field_chars)
    return tuple(Problem("text-too-long", expected, field=path) for path in _long_texts(fields, "", limits.field_chars))


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
