"""What usage is counted from: where an instrument stands, its runs and its bookings, read from the log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import orjson

from hub.kernel.canonical import short_digest
from hub.kernel.cloudevents import CloudEvent
from hub.kernel.contributions import kind_of
from hub.kernel.entries import Delivered
from hub.kernel.problems import Refusal, quoted
from hub.kernel.records import RECORD_CHANGED, RECORDS, Record
from schemas.events.bookings import BOOKING_CHANGED, BOOKINGS
from schemas.events.usage import ID_CHARS, LARGEST_VERSION, LONGEST_RUN, RUN_RECORDED, TELEMETRY, YEARS, Run
from schemas.fields import by_path
from schemas.kind import Kind, kinds, value_at
from schemas.kinds.instrument import DEFAULT_TIME_ZONE
from schemas.views.references import WEAK, affiliation, keys_of

SOURCES = (RECORDS, TELEMETRY, BOOKINGS)
"""The topics that usage is counted from; all keyed by the instrument's id, so that a partition has all of one."""


class Placement(NamedTuple):
    """Where an instrument stands, as version `version` of its record says. `owners` are the strong ids of its owner."""

    instrument: str
    version: int
    time_zone: str
    laboratory: str | None = None
    organisation: str | None = None
    county: str | None = None
    owners: tuple[str, ...] = ()


class Item(NamedTuple):
    """A run or a booking at one version; seconds since 1970.

    `counts`: of a run that it served others than the owner, of a booking that it is confirmed. `about`: of a run the
    key of the booking that it names, of a booking the organisation that it is for, where it tells.
    """

    kind: Literal["run", "booking"]
    version: int
    start: int
    end: int
    counts: bool
    about: str | None = None


@dataclass(frozen=True, slots=True)
class Happening:
    """An item of an instrument under the key by which its versions know each other."""

    instrument: str
    key: str
    item: Item


Fact = Placement | Happening


@dataclass(frozen=True, slots=True)
class Malformed:
    """Why an entry is a dead letter: a stable code, and a sentence in English that quotes no values."""

    code: str
    reason: str


def decoded(entry: Delivered) -> Fact | Malformed | None:
    """What an entry of one of SOURCES says; None where it says nothing of usage."""
    if entry.topic == RECORDS:
        return _placement(entry)
    try:
        event = CloudEvent.from_delivered(entry)
    except (KeyError, ValueError) as error:
        return Malformed("no-event", f"a header is missing or no text: {quoted(error)}")
    wanted, read = (RUN_RECORDED, _run) if entry.topic == TELEMETRY else (BOOKING_CHANGED, _booking)
    if event.type != wanted:
        return Malformed("unknown-type", f"the event type {quoted(event.type)} is none that usage reads")
    found = read(event)
    if isinstance(found, Happening) and found.instrument.encode() != entry.key:
        return Malformed("wrong-key", "the key is not the id of the instrument that the data name")
    return found


def run_key(source: str, event_id: str) -> str:
    """The key of a run: its event's source and id."""
    return short_digest(f"{source}\x1f{event_id}".encode())


def booking_key(booking_id: str) -> str:
    return short_digest(f"\x1f{booking_id}".encode())


def happening_of(run: Run, source: str, event_id: str) -> Happening:
    """The run as usage counts it."""
    about = booking_key(run.booking_id) if run.booking_id else None
    start, end = int(run.started_at.timestamp()), int(run.ended_at.timestamp())
    item = Item("run", run.version, start, end, run.user_kind == "external", about)
    return Happening(run.instrument_id, run_key(source, event_id), item)


def placement_of(record: Record) -> Placement | None:
    """Where the instrument stands; None for a record that cannot be booked.

    None for a withdrawn one as well, which tells no place: what was used stays where it was used.
    """
    kind = kinds().get(record.kind)
    if kind is None or not kind.bookable or record.status != "active":
        return None
    fields = record.fields
    owner, laboratory = (_part(fields, path) for path in (affiliation(kind), _referring(kind, "laboratory")))
    owners = keys_of(kinds()["organisation"], owner, None) if owner else ()
    laboratories = keys_of(kinds()["laboratory"], laboratory, owner) if laboratory else ()
    county = value_at(fields, "place.division")
    return Placement(
        record.id,
        record.version,
        str(fields.get("time_zone") or DEFAULT_TIME_ZONE),
        next(iter(laboratories), None),
        next(iter(owners), None),
        str(county) if county else None,
        tuple(key for key in owners if not key.startswith(WEAK)),
    )


def _placement(entry: Delivered) -> Placement | None:
    """Records that cannot be read are told of by the catalogue."""
    kind = kinds().get(kind_of(entry.key.decode("utf-8", "replace")))
    if kind is None or not kind.bookable:
        return None
    try:
        event = CloudEvent.from_delivered(entry)
        return placement_of(Record.from_bytes(event.data)) if event.type == RECORD_CHANGED else None
    except (KeyError, ValueError, TypeError, AttributeError):
        return None


def _run(event: CloudEvent) -> Happening | Malformed:
    try:
        return happening_of(Run.from_bytes(event.data), event.source, event.id)
    except Refusal as refusal:
        told = (f"{problem.field or 'data'}: expected {problem.expected.en}" for problem in refusal.problems)
        return Malformed("bad-data", "; ".join(told))


def _booking(event: CloudEvent) -> Happening | Malformed:
    """Reads the members it needs and tolerates more; `organisation`, whom the booking is for, may be missing."""
    try:
        raw = orjson.loads(event.data)
        start, end = (datetime.fromisoformat(raw[name]).astimezone(UTC) for name in ("start", "end"))
        ids = (raw["id"], raw["instrument_id"])
        version, organisation = raw["version"], raw.get("organisation")
        if not all(type(one) is str and 0 < len(one) <= ID_CHARS for one in ids):
            raise ValueError
        if type(version) is not int or not 0 < version <= LARGEST_VERSION:
            raise ValueError
        if not start < end <= start + LONGEST_RUN or not YEARS[0] < start.year < YEARS[1]:
            raise ValueError
        confirmed = raw["status"] == "confirmed"
    except (KeyError, ValueError, TypeError, AttributeError, OverflowError) as error:
        return Malformed("bad-data", f"the data are no booking that can be counted: {type(error).__name__}")
    about = organisation if isinstance(organisation, str) and organisation else None
    item = Item("booking", version, int(start.timestamp()), int(end.timestamp()), confirmed, about)
    return Happening(ids[1], booking_key(ids[0]), item)


def _part(fields: Mapping[str, Any], path: str | None) -> Mapping[str, Any] | None:
    value = value_at(fields, path) if path else None
    return value if isinstance(value, Mapping) else None


@lru_cache(maxsize=256)
def _referring(kind: Kind, refers: str) -> str | None:
    """The field of the kind that is one reference to a record of the other kind."""
    specs = by_path(kind).values()
    return next((s.path for s in specs if s.meta.refers == refers and s.path == s.top and not s.multiple), None)
