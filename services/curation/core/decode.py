"""Reading an entry of the submissions topic; whatever cannot be read says why."""

from dataclasses import dataclass
from typing import Any, TypeVar

import orjson

from hub.kernel.cloudevents import CloudEvent
from hub.kernel.contributions import (
    CLAIM_DECIDED,
    PREFERENCE_DECIDED,
    SAME_AS_DECIDED,
    ClaimDecided,
    Preference,
    SameAs,
    kind_of,
)
from hub.kernel.entries import Delivered
from hub.kernel.problems import quoted
from hub.kernel.records import AUTHORITIES, SUBMITTED, Submission
from hub.kernel.versions import LARGEST
from schemas.kind import kinds
from services.curation.core.known import Statement

ID_LIMIT = 512
NESTED_LIMIT = 200
"""So many lists and objects in an event's data may be too deep: orjson writes 254 levels, and reads more."""
_MARGIN = 16  # levels that a record puts around its fields, and more

_Decision = TypeVar("_Decision", SameAs, Preference, ClaimDecided)


@dataclass(frozen=True, slots=True)
class Malformed:
    """Why an entry is a dead letter: a stable code, and a sentence in English that quotes no field values."""

    code: str
    reason: str
    event_id: str = ""


class _Wrong(ValueError):
    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def decoded(entry: Delivered) -> tuple[str, Statement] | Malformed:
    """The event's id and what it says."""
    event_id = ""
    try:
        event = CloudEvent.from_delivered(entry)
        _require(_is_id(event.id), "id")
        event_id = event.id
        return event_id, _read_data(event)
    except KeyError as error:
        return Malformed("no-event", f"the header {quoted(error.args[0])} is missing", event_id)
    except _Wrong as error:
        return Malformed(error.code, str(error), event_id)
    except (ValueError, TypeError, AttributeError) as error:
        return Malformed(
            "bad-data", f"the data cannot be read as the event type says: {type(error).__name__}", event_id
        )


def _read_data(event: CloudEvent) -> Statement:
    if event.type == SUBMITTED:
        submission = _checked(Submission.from_bytes(event.data))
        _require(
            event.data.count(b"[") + event.data.count(b"{") < NESTED_LIMIT or _is_shallow(submission.fields), "fields"
        )
        return submission
    if event.type == SAME_AS_DECIDED:
        return _same_as(SameAs(**orjson.loads(event.data)))
    if event.type == PREFERENCE_DECIDED:
        return _preference(Preference(**orjson.loads(event.data)))
    if event.type == CLAIM_DECIDED:
        return _claim(ClaimDecided(**orjson.loads(event.data)))
    raise _Wrong("unknown-type", f"the event type {quoted(event.type)} is none that curation reads")


def _checked(submission: Submission) -> Submission:
    if submission.kind not in kinds():
        raise _Wrong("unknown-kind", f"there is no record kind {quoted(submission.kind)}")
    _require(type(submission.source_version) is int and 0 <= submission.source_version <= LARGEST, "source_version")
    _require(submission.operation in ("upsert", "withdraw"), "operation")
    _require(submission.authority in AUTHORITIES, "authority")
    _require(type(submission.fields) is dict, "fields")
    for name in ("source", "source_record_id", "received_at"):
        _require(_is_id(getattr(submission, name)), name)
    _require("\x1f" not in submission.source and "\x1e" not in submission.source, "source")
    _require(submission.organisation == "" or _is_tenancy(submission.organisation), "organisation")
    _require(type(submission.complete) is bool, "complete")
    if submission.record_id is None:
        _require(submission.operation == "withdraw", "record_id")
    else:
        _require(_is_id(submission.record_id) and kind_of(submission.record_id) == submission.kind, "record_id")
    return submission


def _same_as(said: SameAs) -> SameAs:
    _require(_is_id(said.left), "left")
    _require(_is_id(said.right) and said.left < said.right, "right")
    _require(kind_of(said.left) == kind_of(said.right) and kind_of(said.left) in kinds(), "right")
    _require(said.decision in ("joined", "separate", "undone"), "decision")
    return _decided(said)


def _preference(choice: Preference) -> Preference:
    _require(_is_id(choice.record_id) and kind_of(choice.record_id) in kinds(), "record_id")
    _require(_is_id(choice.field), "field")
    undone = choice.source is None and choice.source_record_id is None
    _require(undone or (_is_id(choice.source) and _is_id(choice.source_record_id)), "source")
    _require(_is_tenancy(choice.organisation), "organisation")
    _require(type(choice.decided_on) is str and len(choice.decided_on) <= ID_LIMIT, "decided_on")
    return _decided(choice)


def _claim(decided: ClaimDecided) -> ClaimDecided:
    _require(
        decided.kind in kinds() and _is_id(decided.record_id) and kind_of(decided.record_id) == decided.kind,
        "record_id",
    )
    _require(_is_id(decided.source) and not {"\x1f", "\x1e"} & set(decided.source), "source")
    _require(_is_id(decided.source_record_id), "source_record_id")
    _require(_is_tenancy(decided.organisation), "organisation")
    _require(decided.decision in ("accepted", "joined", "refused"), "decision")
    _require(decided.reason == "" or _is_id(decided.reason), "reason")
    return _decided(decided)


def _decided(said: _Decision) -> _Decision:
    _require(type(said.version) is int and 0 <= said.version <= LARGEST, "version")
    for name in ("decided_by", "decided_at"):
        _require(_is_id(getattr(said, name)), name)
    return said


def _is_id(value: object) -> bool:
    # PostgreSQL keeps no NUL in a text.
    return type(value) is str and 0 < len(value) <= ID_LIMIT and "\0" not in value


def _is_tenancy(value: object) -> bool:
    """Empty, or an id that can be part of a key."""
    return value == "" or (_is_id(value) and "\x1f" not in str(value) and "\x1e" not in str(value))


def _is_shallow(fields: Any) -> bool:
    """Whether a record of these fields can be written: what can be read may be too deep for that."""
    for _ in range(_MARGIN):
        fields = [fields]
    try:
        orjson.dumps(fields)
    except orjson.JSONEncodeError:
        return False
    return True


def _require(right: bool, name: str) -> None:
    if not right:
        raise _Wrong("bad-attribute", f"the attribute {name} is missing or not as its contract says")
