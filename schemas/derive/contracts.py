"""The contracts that the hub publishes: a JSON Schema for each of its kinds and for the data of each event type."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter

from hub.kernel.contributions import (
    CLAIM_DECIDED,
    PREFERENCE_DECIDED,
    SAME_AS_DECIDED,
    ClaimDecided,
    Preference,
    SameAs,
)
from hub.kernel.records import RECORD_CHANGED, SUBMITTED, Record, Submission
from hub.kernel.versions import LARGEST
from hub.text.language import Bilingual
from schemas.derive.jsonschema import DIALECT, Generator, Schema, json_schema, schema_id
from schemas.events.bookings import BOOKING_CHANGED, PRIVATE, Booking
from schemas.events.usage import RUN_RECORDED, USAGE_COUNTED, MonthUsage, Run
from schemas.kind import kind_named, shipped_kinds

EVENTS: Mapping[str, tuple[type, Bilingual]] = {
    SUBMITTED: (Submission, Bilingual("提交", "Submission")),
    RECORD_CHANGED: (Record, Bilingual("记录的一个版本", "A version of a record")),
    SAME_AS_DECIDED: (SameAs, Bilingual("关于重复记录的决定", "A decision on duplicates")),
    PREFERENCE_DECIDED: (Preference, Bilingual("关于来源取舍的决定", "A decision on which source to believe")),
    CLAIM_DECIDED: (ClaimDecided, Bilingual("关于记录归属的决定", "A decision on whose a record is")),
    BOOKING_CHANGED: (Booking, Bilingual("预约的一个版本", "A version of a booking")),
    RUN_RECORDED: (Run, Bilingual("仪器的一次运行", "A run of an instrument")),
    USAGE_COUNTED: (MonthUsage, Bilingual("仪器一个月的使用指标", "The use of an instrument in a month")),
}
"""The value that each event type carries, and what people call it."""

_KEPT_BACK: Mapping[str, tuple[str, ...]] = {BOOKING_CHANGED: PRIVATE}
"""Members of the value that its events leave out."""

_PREFIX = "cn.research-hub."
_TIME = {"format": "date-time"}
_NAMED = {"minLength": 1, "maxLength": 512}
_NUMBERED: Schema = {"minimum": 0, "maximum": LARGEST}
_RULES: Mapping[str, Schema] = {
    **dict.fromkeys(("received_at", "created_at", "updated_at", "decided_at"), _TIME),
    "month": {"pattern": "^[0-9]{4}-[0-9]{2}$"},
    **dict.fromkeys(
        ("id", "kind", "source", "source_record_id", "record_id", "left", "right", "field", "instrument_id"), _NAMED
    ),
    **dict.fromkeys(("source_version", "version", "record_version", "revision"), _NUMBERED),
}
"""What every attribute of that name holds to, beside its type."""


def contracts() -> dict[str, Schema]:
    """Every published schema by its file's name without the suffix; kinds registered at run time are not the hub's."""
    kinds = {name: json_schema(kind_named(name)) for name in shipped_kinds()}
    return kinds | {schema_name(event_type): event_schema(event_type) for event_type in EVENTS}


def schema_name(event_type: str) -> str:
    """`record.v1` for `cn.research-hub.record.v1`, as schemas/topics.yaml names it."""
    return event_type.removeprefix(_PREFIX)


def event_schema(event_type: str) -> Schema:
    """The schema of the event's data; what it says of `fields` is the schema of the record's kind."""
    model, label = EVENTS[event_type]
    made = TypeAdapter(model).json_schema(schema_generator=Generator)
    for name in _KEPT_BACK.get(event_type, ()):
        del made["properties"][name]
    made["required"] = [name for name in made["required"] if name in made["properties"]]
    for node in (made, *made.get("$defs", {}).values()):
        _rule(node)
    head: Schema = {
        "$schema": DIALECT,
        "$id": schema_id(schema_name(event_type)),
        "title": f"{label.zh} · {label.en}",
        "x-label": asdict(label),
        "x-event-type": event_type,
    }
    return head | {name: value for name, value in made.items() if name != "title"}


def _rule(node: Schema) -> None:
    for name, value in node.get("properties", {}).items():
        value.pop("title", None)
        for option in value.get("anyOf", [value]):
            if option.get("type") in ("string", "integer"):
                option.update(_rules_for(name, option))
        if name == "fields":
            value["description"] = "as the schema of the kind says; values of secret fields are vault tokens"


def _rules_for(name: str, option: Mapping[str, Any]) -> Schema:
    rules = _RULES.get(name, {})
    numeric = option["type"] == "integer"
    return {} if "enum" in option or numeric != ("minimum" in rules) else rules
