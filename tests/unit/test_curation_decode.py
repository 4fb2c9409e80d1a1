"""Entries of the submissions topic: whatever is written there, curation either takes it or says why it cannot."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.kernel.cloudevents import CloudEvent
from hub.kernel.contributions import PREFERENCE_DECIDED, SAME_AS_DECIDED
from hub.kernel.entries import Delivered
from hub.kernel.records import SUBMITTED, Record, Submission
from services.curation.core.decode import Malformed, decoded
from tests.unit.curation_memory import AT, MemoryUnit, curate, preference, same_as, submission

pytestmark = pytest.mark.unit
ONE, OTHER = "organisation-a", "organisation-b"


def delivered(data: bytes, event_type: str = SUBMITTED, event_id: str = "e1") -> Delivered:
    entry = CloudEvent(event_id, "hub", event_type, ONE, AT, data).as_entry()
    return Delivered("submissions", 0, 0, entry.key, entry.value, entry.headers)


def said(**changes: Any) -> bytes:
    raw = orjson.loads(submission("city", "1", 1, ONE, {"name_zh": "甲"}).to_bytes())
    return orjson.dumps(raw | changes)


def nested(depth: int) -> bytes:
    """A submission whose field lies so many lists deep, as orjson reads it but may not write it."""
    return said(fields={"name_zh": "@"}).replace(b'"@"', b"[" * depth + b"]" * depth)


def test_what_is_as_its_contract_says_is_read() -> None:
    known = submission("city", "1", 1, ONE, {"name_zh": "甲"})
    assert decoded(delivered(known.to_bytes())) == ("e1", known)
    joined, choice = same_as(ONE, OTHER, 1), preference(ONE, "name_zh", "city", "1", 1)
    assert decoded(delivered(joined.to_bytes(), SAME_AS_DECIDED)) == ("e1", joined)
    assert decoded(delivered(choice.to_bytes(), PREFERENCE_DECIDED)) == ("e1", choice)


@pytest.mark.parametrize(
    ("data", "code", "names"),
    [
        (b"", "bad-data", ""),
        (b"[]", "bad-data", ""),
        (said(kind=["organisation"]), "bad-data", ""),
        (said(kind="galaxy"), "unknown-kind", "galaxy"),
        (said(source="a\x1fb"), "bad-attribute", "source"),
        (said(source_record_id="a\0b"), "bad-attribute", "source_record_id"),
        (said(source_version=True), "bad-attribute", "source_version"),
        (said(source_version=2**63), "bad-attribute", "source_version"),
        (said(record_id="expert-a"), "bad-attribute", "record_id"),
        (said(record_id=None), "bad-attribute", "record_id"),
        (said(further=1), "bad-data", ""),
        (nested(250), "bad-attribute", "fields"),
    ],
)
def test_what_is_not_says_why(data: bytes, code: str, names: str) -> None:
    found = decoded(delivered(data))
    assert isinstance(found, Malformed)
    assert (found.code, found.event_id) == (code, "e1")
    assert names in found.reason


def test_an_event_without_a_usable_id_is_dead_and_has_no_outcome() -> None:
    for event_id in ("", "a\0b", "x" * 600):
        found = decoded(delivered(said(), event_id=event_id))
        assert isinstance(found, Malformed)
        assert found.event_id == ""


@pytest.mark.parametrize("depth", [1, 150, 199, 220, 235, 238, 240, 245, 253])
def test_what_is_taken_can_be_written_even_in_a_conflict(depth: int) -> None:
    found = decoded(delivered(nested(depth)))
    assert isinstance(found, Malformed) == (depth > 236)
    if not isinstance(found, Malformed):
        assert isinstance(found[1], Submission)
        other = submission("campus", "2", 1, ONE, {"name_zh": "乙"})
        record = curate(MemoryUnit(), [found[1], other]).current[ONE]
        assert len(record.conflicts) == 1
        assert Record.from_bytes(record.to_bytes()) == record


ATTRIBUTES = ["kind", "source", "source_record_id", "source_version", "operation", "authority", "record_id", "fields"]
ATTRIBUTES += ["received_at", "left", "right", "decision", "version", "decided_by", "decided_at", "field"]
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.text(max_size=3)),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([SUBMITTED, SAME_AS_DECIDED, PREFERENCE_DECIDED]),
    st.dictionaries(
        st.sampled_from(ATTRIBUTES),
        JSON,
        max_size=2,
    ),
)
def test_any_attribute_of_any_type_is_taken_or_told(event_type: str, changes: dict[str, Any]) -> None:
    whole = {
        SUBMITTED: orjson.loads(said()),
        SAME_AS_DECIDED: orjson.loads(same_as(ONE, OTHER, 1).to_bytes()),
        PREFERENCE_DECIDED: orjson.loads(preference(ONE, "name_zh", None, None, 1).to_bytes()),
    }[event_type]
    known = {name: value for name, value in changes.items() if name in whole}
    found = decoded(delivered(orjson.dumps(whole | known), event_type))
    if not isinstance(found, Malformed):
        for record in curate(MemoryUnit(), [found[1]]).current.values():
            assert Record.from_bytes(record.to_bytes()) == record
