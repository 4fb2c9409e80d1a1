"""Limits on rows, and whether a request has been made before."""

import pytest

from hub.kernel.problems import Refusal
from services.ingest.core.events import EVENT_BYTES, too_large, too_large_event, too_long_fields
from services.ingest.core.idempotency import KEY_LIMIT, LEASE_SECONDS, Verdict, judged, key_from_header
from services.ingest.core.rows import Limits, Row
from services.ingest.ports.receipts import Progress

pytestmark = pytest.mark.unit
LIMITS = Limits(row_bytes=10, field_chars=3)


def test_a_row_is_as_long_as_it_may_be() -> None:
    assert too_large(Row(1, "json", b"x" * 10), LIMITS) is None
    problem = too_large(Row(1, "json", b"x" * 11), LIMITS)
    assert problem is not None
    assert (problem.code, problem.expected.en) == ("row-too-long", "at most 10 bytes a row")


def test_texts_that_are_too_long_are_told_by_their_paths() -> None:
    fields = {"a": "xxx", "b": "xxxx", "c": {"d": "xxxx", "e": 12345}, "f": ["xxxx", {"g": "xxxx"}]}
    problems = too_long_fields(Row(1, "json", b"x" * 4), fields, LIMITS)
    assert [(problem.code, problem.field) for problem in problems] == [
        ("text-too-long", path) for path in ("b", "c.d", "f", "f.g")
    ]
    assert too_long_fields(Row(1, "json", b"x" * 3), fields, LIMITS) == ()


def test_an_event_is_as_long_as_a_broker_takes() -> None:
    assert too_large_event(b"x" * EVENT_BYTES) is None
    assert too_large_event(b"x" * (EVENT_BYTES + 1)) is not None


@pytest.mark.parametrize(
    ("same", "progress", "silent", "verdict"),
    [
        (False, "complete", 0.0, "mismatch"),
        (True, "complete", 0.0, "replayed"),
        (True, "receiving", LEASE_SECONDS - 0.1, "busy"),
        (True, "receiving", LEASE_SECONDS, "resumed"),
    ],
)
def test_a_repeat_is_judged_by_its_content_and_what_the_first_is_at(
    same: bool, progress: Progress, silent: float, verdict: Verdict
) -> None:
    assert judged(same_content=same, progress=progress, silent_seconds=silent) == verdict


def test_keys_are_bare_or_quoted() -> None:
    assert [key_from_header(given) for given in (None, " k ", '"k"', '"', "k" * KEY_LIMIT)] == [
        "", "k", "k", '"', "k" * KEY_LIMIT,
    ]  # fmt: skip
    for given in ("", '""', "键", "a\tb", "k" * (KEY_LIMIT + 1)):
        with pytest.raises(Refusal) as error:
            key_from_header(given)
        assert (error.value.status, error.value.problems[0].code) == (400, "bad-idempotency-key")
