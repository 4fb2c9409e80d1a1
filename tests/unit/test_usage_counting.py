"""Usage is a function of the set of facts: no order, repetition, partitioning or crash leaves a trace."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.usage.core import counting
from services.usage.core.counting import MonthFull, absorb
from services.usage.core.facts import Fact, Happening, Item, Placement, booking_key
from tests.unit.usage_oracle import EPOCH_HOUR, HOUR, DictState, Rows, expected, facts, fed

pytestmark = pytest.mark.unit


class Killed(Exception):
    pass


class Mortal(DictState):
    """Dies at its n-th write."""

    def __init__(self, writes: int) -> None:
        super().__init__()
        self.left = writes

    def put(self, key: str, value: Any) -> None:
        if not self.left:
            raise Killed
        self.left -= 1
        super().put(key, value)


@given(st.data(), facts)
@settings(max_examples=30, deadline=None)
def test_any_order_and_repetition_gives_the_same(data: st.DataObject, told: list[Fact]) -> None:
    order = data.draw(st.permutations(told + told[: len(told) // 2]))
    state, rows = DictState(), Rows()
    fed(state, rows, order)
    assert rows.told() == expected(told)


@given(st.data(), facts)
@settings(max_examples=40, deadline=None)
def test_what_a_killed_worker_left_half_done_is_mended_by_the_replay(data: st.DataObject, told: list[Fact]) -> None:
    state, rows = Mortal(data.draw(st.integers(0, 30))), Rows()
    done = 0
    with suppress(Killed):
        for fact in told:
            fed(state, rows, [fact])
            done += 1
    state.left = 10**6
    fed(state, rows, told[data.draw(st.integers(0, done)) :])
    assert rows.told() == expected(told)


@given(st.data(), facts)
@settings(max_examples=40, deadline=None)
def test_rows_that_arrive_in_another_order_end_in_the_same(data: st.DataObject, told: list[Fact]) -> None:
    """A month's later rows know more, so a reader need not have them in order."""
    state, rows, sent = DictState(), Rows(), []
    for fact in told:
        sent += [counting.indicators(state, *one) for one in absorb(state, fact)]
    final: dict[str, Any] = {row.key(): (row.record_version, row.revision) for row in sent}
    for row in data.draw(st.permutations(sent)):
        rows.put(row)
    assert {key: (row.record_version, row.revision) for key, row in rows.rows.items()} == final


def run(key: str, first: int, length: int, *, counts: bool = False, about: str | None = None, version: int = 1) -> Fact:
    start = (EPOCH_HOUR + first) * HOUR
    return Happening("instrument-a", key, Item("run", version, start, start + length * HOUR, counts, about))


def booking(name: str, first: int, length: int, *, counts: bool = True, about: str | None = None) -> Fact:
    start = (EPOCH_HOUR + first) * HOUR
    return Happening("instrument-a", booking_key(name), Item("booking", 2, start, start + length * HOUR, counts, about))


def counted(*told: Fact) -> dict[str, tuple[int, int, int, int]]:
    state, rows = DictState(), Rows()
    fed(state, rows, told)
    return {
        row.month: (row.effective_seconds // HOUR, row.external_seconds // HOUR, row.bookings, len(row.unattended))
        for row in rows.told().values()
    }


def test_hours_split_at_the_end_of_the_month_where_the_instrument_stands() -> None:
    # 2026-02-28 14:00 UTC is 22:00 in Shanghai and 09:00 in New York.
    over_midnight = run("r", 62, 6)
    assert counted(over_midnight) == {"2026-02": (2, 0, 0, 0), "2026-03": (4, 0, 0, 0)}
    assert counted(over_midnight, Placement("instrument-a", 1, "America/New_York")) == {"2026-02": (6, 0, 0, 0)}


def test_overlapping_runs_count_once_and_others_hours_never_exceed_all() -> None:
    assert counted(run("1", 0, 4), run("2", 2, 4, counts=True), run("3", 2, 4, counts=True)) == {
        "2026-02": (6, 4, 0, 0)
    }


def test_a_correction_takes_the_place_of_what_it_corrects_wherever_that_was() -> None:
    wrong, right = run("r", 0, 4), run("r", 30 * 24, 2, version=2)
    assert counted(wrong, right) == counted(right, wrong, wrong) == {"2026-03": (2, 0, 0, 0)}


def test_only_confirmed_bookings_without_a_run_of_their_own_are_unattended() -> None:
    early = run("r", 9, 3, about=booking_key("next"))
    assert counted(booking("one", 8, 2), booking("next", 10, 2), early) == {"2026-02": (3, 0, 2, 1)}
    assert counted(booking("one", 8, 2), booking("next", 10, 2), run("r", 9, 3)) == {"2026-02": (3, 0, 2, 0)}
    assert counted(booking("one", 8, 2, counts=False)) == {}


def test_a_run_in_the_next_month_attends_a_booking_that_began_in_this_one() -> None:
    assert counted(booking("one", 62, 8), run("r", 66, 1)) == {"2026-02": (0, 0, 1, 0), "2026-03": (1, 0, 0, 0)}


def test_a_run_in_a_booking_for_another_organisation_served_that_one() -> None:
    place = Placement("instrument-a", 1, "Asia/Shanghai", owners=("organisation-own",))
    foreign = booking("one", 10, 4, about="organisation-other")
    assert counted(place, foreign, run("r", 8, 4)) == {"2026-02": (4, 2, 1, 0)}
    assert counted(place, foreign, run("r", 8, 4, about=booking_key("two"))) == {"2026-02": (4, 0, 1, 1)}
    assert counted(place, booking("one", 10, 4, about="organisation-own"), run("r", 8, 4))["2026-02"][1] == 0


def test_a_full_month_takes_corrections_and_nothing_new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "MONTH_LIMIT", 2)
    state, rows = DictState(), Rows()
    fed(state, rows, [run("1", 0, 1), run("2", 1, 1)])
    before = dict(state.values)
    with pytest.raises(MonthFull):
        absorb(state, run("3", 2, 1))
    assert state.values == before
    fed(state, rows, [run("2", 1, 3, version=2)])
    assert [row.effective_seconds for row in rows.told().values()] == [4 * HOUR]
