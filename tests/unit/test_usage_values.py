"""Runs and bookings as the log carries them: what is read, what is refused and how that is told."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.kernel.cloudevents import CloudEvent
from hub.kernel.entries import Delivered, Entry
from hub.kernel.identifiers import record_id
from hub.kernel.problems import Refusal
from hub.kernel.records import RECORD_CHANGED, RECORDS, Record
from schemas.derive.publish import PUBLISHED, ROOT
from schemas.events.bookings import BOOKING_CHANGED, BOOKINGS, Booking
from schemas.events.usage import RUN_RECORDED, TELEMETRY, MonthUsage, Run
from services.usage.core.facts import Happening, Malformed, Placement, booking_key, decoded
from services.usage.core.intervals import common, merged, seconds, touches
from tests.unit.jsonschema_subset import faults

pytestmark = pytest.mark.unit
START, END = datetime(2026, 3, 2, 1, tzinfo=UTC), datetime(2026, 3, 2, 3, tzinfo=UTC)
RUN = Run("instrument-a", START, END, "external", "booking-1", 2)
SAID = orjson.loads(RUN.to_bytes())
spans = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=8)


def delivered(topic: str, entry: Entry) -> Delivered:
    return Delivered(topic, 0, 7, entry.key, entry.value, entry.headers)


def event(data: bytes, event_type: str = RUN_RECORDED, subject: str = "instrument-a") -> Entry:
    return CloudEvent("e1", "hub/owner", event_type, subject, "2026-03-02T03:00:00Z", data).as_entry()


def test_a_run_goes_through_the_log_as_its_contract_says() -> None:
    assert Run.from_bytes(RUN.to_bytes()) == RUN
    schema = orjson.loads((ROOT / PUBLISHED / "telemetry.v1.json").read_bytes())
    assert list(faults(schema, SAID)) == []
    assert list(faults(schema, SAID | {"user_kind": "guest"}))
    found = decoded(delivered(TELEMETRY, event(RUN.to_bytes())))
    assert isinstance(found, Happening)
    assert found.item[1:] == (2, int(START.timestamp()), int(END.timestamp()), True, booking_key("booking-1"))


def test_indicators_go_through_the_log_as_their_contract_says() -> None:
    row = MonthUsage("instrument-a", "2026-03", 1, 9, 7_200, 0, 1, ("2026-03-03T03:00:00Z",), county="330825")
    assert MonthUsage.from_bytes(row.to_bytes()) == row
    assert (
        list(faults(orjson.loads((ROOT / PUBLISHED / "usage.v1.json").read_bytes()), orjson.loads(row.to_bytes())))
        == []
    )


@pytest.mark.parametrize(
    ("wrong", "field", "code"),
    [
        ({"started_at": "2026-03-02T01:00:00"}, "started_at", "bad-time"),
        ({"started_at": 17}, "started_at", "bad-time"),
        ({"ended_at": "2026-03-02T01:00:00Z"}, "ended_at", "order"),
        ({"ended_at": "2026-09-02T01:00:00Z"}, "ended_at", "order"),
        ({"ended_at": "3026-03-02T01:00:00Z"}, "ended_at", "bad-time"),
        ({"user_kind": "guest"}, "user_kind", "bad-kind"),
        ({"instrument_id": " "}, "instrument_id", "bad-id"),
        ({"booking_id": 5}, "booking_id", "bad-id"),
        ({"version": True}, "version", "bad-version"),
        ({"version": 0}, "version", "bad-version"),
        ({"colour": "red"}, "colour", "unknown-field"),
    ],
)
def test_each_wrong_member_is_told(wrong: dict[str, Any], field: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        Run.read(SAID | wrong, row=3)
    (problem,) = refused.value.problems
    assert (problem.field, problem.code, problem.row) == (field, code, 3)
    assert problem.message("zh").startswith("第 3 行")


def test_all_that_is_missing_is_told_at_once() -> None:
    with pytest.raises(Refusal) as refused:
        Run.read({})
    assert {problem.field for problem in refused.value.problems} == {
        "started_at", "ended_at", "user_kind", "instrument_id",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (Entry(b"instrument-a", RUN.to_bytes()), "no-event"),
        (event(RUN.to_bytes(), "cn.research-hub.telemetry.v9"), "unknown-type"),
        (event(b"{"), "bad-data"),
        (event(b"null"), "bad-data"),
        (event(RUN.to_bytes(), subject="instrument-b"), "wrong-key"),
    ],
)
def test_what_is_no_run_is_a_dead_letter_with_its_reason(entry: Entry, code: str) -> None:
    found = decoded(delivered(TELEMETRY, entry))
    assert isinstance(found, Malformed)
    assert found.code == code
    assert found.reason


def test_bookings_are_read_with_members_to_come_and_refused_without_their_own() -> None:
    booking = Booking("booking-1", "instrument-a", START, END, "Asia/Shanghai", "confirmed", "", "li", "", "", 2)
    said = orjson.loads(booking.event_data())

    def read(**changed: Any) -> Any:
        data = orjson.dumps(said | changed)
        return decoded(delivered(BOOKINGS, event(data, BOOKING_CHANGED)))

    assert read().item.counts
    assert read().key == booking_key("booking-1")
    assert not read(status="cancelled", version=3).item.counts
    assert read(organisation="organisation-x", more=1).item.about == "organisation-x"
    for wrong in (
        {"start": None},
        {"end": said["start"]},
        {"version": "2"},
        {"id": ""},
        {"start": "0001-01-01T00:00:00Z"},
    ):
        assert read(**wrong).code == "bad-data"


def test_an_instrument_stands_where_its_record_says() -> None:
    fields = {
        "owner": {"name_zh": "示例大学", "uscc": "12100000470095016Q"},
        "laboratory": {"name_zh": "示例中心"},
        "place": {"division": "330825"},
        "time_zone": "Asia/Urumqi",
    }
    record = Record("instrument-a", "instrument", 4, "active", "", "", fields, {}, ())

    def read(one: Record) -> Any:
        return decoded(delivered(RECORDS, event(one.to_bytes(), RECORD_CHANGED, one.id)))

    owner = record_id("organisation", "uscc", "12100000470095016Q")
    found = read(record)
    assert isinstance(found, Placement)
    assert (found.version, found.time_zone, found.county) == (4, "Asia/Urumqi", "330825")
    assert (found.organisation, found.owners) == (owner, (owner,))
    assert found.laboratory == record_id("laboratory", "host", "12100000470095016Q", "示例中心")
    assert read(Record("instrument-a", "instrument", 5, "withdrawn", "", "", {}, {}, ())) is None
    assert read(Record("expert-a", "expert", 1, "active", "", "", {}, {}, ())) is None
    assert decoded(delivered(RECORDS, event(b"{", RECORD_CHANGED))) is None


@given(spans, spans, st.tuples(st.integers(0, 40), st.integers(0, 40)))
def test_intervals_behave_as_the_sets_of_their_seconds(one: Any, other: Any, span: tuple[int, int]) -> None:
    def covered(union: Any) -> set[int]:
        return {second for start, end in union for second in range(start, end)}

    first, second = merged(one), merged(other)
    assert covered(first) == covered(one)
    assert seconds(first) == len(covered(one))
    assert covered(common(first, second)) == covered(one) & covered(other)
    assert touches(first, span) == bool(covered(one) & set(range(*span)))
