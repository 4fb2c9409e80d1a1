"""What callers of the booking API write: read at its edges, and refused by the field's name."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from hub.kernel.problems import Refusal
from schemas.events.bookings import Interval
from services.booking.core.requests import (
    STATUSES,
    Ask,
    cursor_after,
    read_ask,
    read_cursor,
    read_date,
    read_key,
    read_limit,
    read_reason,
    read_statuses,
    read_whole,
)

pytestmark = pytest.mark.unit
NINE, TEN = (datetime(2026, 12, 1, hour, tzinfo=UTC) for hour in (1, 2))
BODY = {
    "instrument": " i1 ",
    "start": "2026-12-01T09:00:00+08:00",
    "end": " 2026-12-01T02:00:00Z ",
    "purpose": " 断口 ",
}
TODAY = date(2026, 11, 30)


def refused(read: Callable[[], Any]) -> tuple[int, list[tuple[str, str | None]]]:
    with pytest.raises(Refusal) as error:
        read()
    return error.value.status, [(problem.code, problem.field) for problem in error.value.problems]


def test_what_is_asked_for_is_in_utc_and_stripped() -> None:
    assert read_ask(BODY) == Ask("i1", Interval(NINE, TEN), "断口")
    assert read_ask({name: BODY[name] for name in ("instrument", "start", "end")}).purpose == ""
    assert read_ask(BODY | {"instrument": "i" * 200, "purpose": "x" * 2_000}).instrument_id == "i" * 200


def test_every_problem_of_what_is_asked_for_is_told_at_once() -> None:
    wrong = {"instrument": " ", "start": "2026-12-01T09:00:00", "end": 5, "purpose": "x" * 2_001}
    assert refused(lambda: read_ask(wrong)) == (
        422, [("instrument", "instrument"), ("bad-time", "start"), ("bad-time", "end"), ("bad-text", "purpose")],
    )  # fmt: skip
    for instrument in (None, 5, "", "i" * 201):
        assert refused(lambda given=instrument: read_ask(BODY | {"instrument": given})) == (  # type: ignore[misc]
            422, [("instrument", "instrument")],
        )  # fmt: skip


@pytest.mark.parametrize("start", ["1999-12-31T23:00:00Z", "2201-01-01T00:00:00Z", "tomorrow", ""])
def test_times_lie_in_this_age(start: str) -> None:
    assert refused(lambda: read_ask(BODY | {"start": start})) == (422, [("bad-time", "start")])


def test_a_body_is_an_object_of_known_members() -> None:
    assert refused(lambda: read_ask([BODY])) == (400, [("not-an-object", None)])
    assert refused(lambda: read_ask(BODY | {"stat": 1})) == (422, [("unknown-field", "stat")])


def test_reasons_and_keys_are_texts_with_a_longest() -> None:
    assert (read_reason({}), read_reason({"reason": " 好 "}), read_reason({"reason": "x" * 500})) == (
        "",
        "好",
        "x" * 500,
    )
    assert refused(lambda: read_reason({"reason": "x" * 501})) == (422, [("bad-text", "reason")])
    assert refused(lambda: read_reason({"reason": 1})) == (422, [("bad-text", "reason")])
    assert (read_key(None), read_key(" k "), read_key("k" * 255)) == ("", "k", "k" * 255)
    assert refused(lambda: read_key("k" * 256)) == (422, [("bad-text", "Idempotency-Key")])


def test_dates_and_whole_numbers_have_defaults_and_bounds() -> None:
    assert read_date(None, "from", TODAY) == TODAY
    assert [read_date(f" {text} ", "from", TODAY).year for text in ("2000-01-01", "2200-12-31")] == [2000, 2200]
    for text in ("1999-12-31", "2201-01-01", "20260301", "2026-W10-1", "x", ""):
        assert refused(lambda given=text: read_date(given, "from", TODAY)) == (422, [("bad-date", "from")])  # type: ignore[misc]
    assert [read_whole(text, "days", 7, 31) for text in (None, "", " 1 ", "31")] == [7, 7, 1, 31]
    for text in ("0", "32", "-1", "１", "x", "0000000001"):
        assert refused(lambda given=text: read_whole(given, "days", 7, 31)) == (422, [("out-of-range", "days")])  # type: ignore[misc]
    assert read_limit(None) == 50


def test_a_cursor_leads_back_to_where_it_was_made() -> None:
    assert read_cursor(None) is None
    assert cursor_after((NINE, "b~1")) == "2026-12-01T01:00:00Z~b~1"
    assert read_cursor("2026-12-01T01:00:00Z~b~1") == (NINE, "b~1")
    for text in ("2026-12-01T01:00:00Z", "x~b"):
        assert refused(lambda given=text: read_cursor(given)) == (400, [("bad-cursor", "cursor")])  # type: ignore[misc]


def test_statuses_are_those_named_or_all() -> None:
    assert read_statuses(None) == read_statuses([]) == STATUSES
    assert read_statuses(["cancelled", "requested"]) == ("requested", "cancelled")
    assert refused(lambda: read_statuses(["requested", "done"])) == (400, [("bad-status", "status")])
