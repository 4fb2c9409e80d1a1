"""What callers of the usage API ask and report, read at its edges."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.kernel.problems import Refusal
from services.usage.core.requests import RUNS_LIMIT, Question, read_question, read_runs

pytestmark = pytest.mark.unit
NOW = datetime(2026, 3, 2, tzinfo=UTC)
RUN = {"started_at": "2026-03-01T08:00:00+08:00", "ended_at": "2026-03-01T02:00:00Z", "user_kind": "external"}


def ask(*given: str | None) -> Question:
    scope, wanted, first, last = given
    return read_question(scope, wanted, first, last, this_month="2026-03")


def report(body: Any) -> list[Any]:
    return read_runs(body, "instrument-1", ("instrument-1", "instrument-2"), NOW)


def refused(read: Callable[[], Any]) -> tuple[int, list[tuple[str, str | None]]]:
    with pytest.raises(Refusal) as error:
        read()
    return error.value.status, [(problem.code, problem.field) for problem in error.value.problems]


def test_a_question_is_of_the_last_twelve_months_unless_it_says_else() -> None:
    assert ask("instrument", "i", None, None) == Question("instrument", "i", "2025-04", "2026-03")
    assert ask("instrument", "i", "", "2025-12") == Question("instrument", "i", "2025-01", "2025-12")
    assert ask("county", "330825", "2026-03", "2026-03") == Question("county", "330825", "2026-03", "2026-03")


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        (("galaxy", "i", None, None), "bad-scope", "scope"),
        ((None, "i", None, None), "bad-scope", "scope"),
        (("instrument", None, None, None), "bad-id", "id"),
        (("instrument", "i" * 513, None, None), "bad-id", "id"),
        (("county", "33082", None, None), "bad-county", "id"),
        (("county", "999999", None, None), "bad-county", "id"),
        (("instrument", "i", "2026-13", None), "bad-month", "from"),
        (("instrument", "i", None, "1999-01"), "bad-month", "to"),
        (("instrument", "i", "2026-04", None), "order", "to"),
        (("instrument", "i", "2100-01", "2110-01"), "order", "to"),
    ],
)
def test_a_question_that_cannot_be_read_is_refused(given: tuple[str | None, ...], code: str, field: str) -> None:
    assert refused(lambda: ask(*given)) == (400, [(code, field)])


def test_a_question_spans_ten_years_at_most() -> None:
    assert ask("instrument", "i", "2100-01", "2109-12").last == "2109-12"


def test_runs_come_one_or_many_and_have_ids() -> None:
    ((made, run),) = report(RUN)
    assert (run.instrument_id, run.started_at) == ("instrument-1", datetime(2026, 3, 1, tzinfo=UTC))
    assert [run_id for run_id, _ in report([RUN, RUN | {"id": "r1", "instrument_id": "instrument-2"}])] == [made, "r1"]
    later = RUN | {"started_at": "2026-03-01T00:00:01Z"}
    assert report(later)[0][0] != made
    soon = NOW + timedelta(minutes=5)
    assert report(RUN | {"ended_at": soon.isoformat()})[0][1].ended_at == soon


def test_every_run_that_is_wrong_is_told() -> None:
    wrong = [
        "run",
        RUN | {"id": ""},
        RUN | {"id": 5},
        RUN | {"id": "a\nb"},
        RUN | {"instrument_id": "instrument-3"},
        RUN | {"ended_at": (NOW + timedelta(minutes=5, seconds=1)).isoformat()},
        RUN,
    ]
    assert refused(lambda: report(wrong)) == (
        422,
        [
            ("not-an-object", None),
            ("bad-id", "id"),
            ("bad-id", "id"),
            ("bad-id", "id"),
            ("wrong-instrument", "instrument_id"),
            ("not-over", "ended_at"),
        ],
    )
    assert len(refused(lambda: report(["run"] * 60))[1]) == 50


def test_there_is_a_least_and_a_most_of_runs() -> None:
    assert len(report([RUN] * RUNS_LIMIT)) == RUNS_LIMIT
    for many in ([], [RUN] * (RUNS_LIMIT + 1)):
        assert refused(lambda given=many: report(given)) == (422, [("bad-size", None)])  # type: ignore[misc]
