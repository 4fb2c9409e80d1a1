"""Where private values stand in what earlier releases kept, and whom they are about."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from hub.kernel.identifiers import own_id
from hub.ports.personal import GONE
from schemas.kind import kinds
from schemas.views.personal import is_token
from services.curation.adapters.sql_rows import split_key
from services.ingest.core.submissions import Place, private_paths, private_places

OF_A_NAME = "name-"
"""How the subject of who booked before accounts had ids begins."""


def spoken_of(key: str, fields: dict[str, Any]) -> str:
    """Whom a contribution is about, by its key in the table."""
    kind, source, organisation, number = split_key(key)
    return subject_of(kind, source, organisation, number, fields)


def subject_of(kind: str, source: str, organisation: str, number: str, fields: dict[str, Any]) -> str:
    """Whom a row is about, as ingest says it."""
    return kinds()[kind].identified(fields) or own_id(kind, source, organisation, number)


def clear_places(kind: str, fields: dict[str, Any]) -> Iterator[Place]:
    """The places that have a private value in clear, or a token of the vault's."""
    paths = private_paths(kinds()[kind]) if kind in kinds() else ()
    for place in private_places(fields, paths):
        value = place.container[place.key]
        if not (is_token(value) and ("=" in value or value == GONE)):
            yield place


def clear_in_record(record: dict[str, Any]) -> Iterator[Place]:
    """The same of a record, what its sources differ in included."""
    yield from clear_places(record["kind"], record["fields"])
    for conflict in record.get("conflicts", ()):
        for pair in conflict["values"]:
            inner = {conflict["field"]: pair[1]}
            for place in clear_places(record["kind"], inner):
                yield Place(pair, 1) if place.container is inner else place


def booker(booking: Mapping[str, Any]) -> str:
    """Whom a booking is of."""
    by = str(booking["booked_by"])
    return by if booking.get("booker_name") is not None else OF_A_NAME + by


def event(value: bytes) -> dict[str, Any] | None:
    """A row's or a record's event; None for others."""
    try:
        document = orjson.loads(value)
    except ValueError:
        return None
    told = isinstance(document, dict) and isinstance(document.get("fields"), dict) and "kind" in document
    return document if told else None
