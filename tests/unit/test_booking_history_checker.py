"""The history checker finds each kind of broken promise, and excuses what concurrency and crashes can explain."""

import pytest

from tests.history import Operation, violations

HISTORY = list[Operation]


def book(name: str, invoked: float, responded: float | None, outcome: str = "added", span: str = "0-2") -> Operation:
    start, end = map(int, span.split("-"))
    return Operation("book", name, "i", start, end, invoked, responded, outcome if responded else "")


def cancel(name: str, invoked: float, responded: float | None) -> Operation:
    return Operation("cancel", name, "i", 0, 0, invoked, responded, "changed" if responded else "")


def read(invoked: float, responded: float, *seen: tuple[int, int]) -> Operation:
    return Operation("read", "", "i", 0, 10, invoked, responded, "", seen)


@pytest.mark.parametrize(
    ("history", "final"),
    [
        ([book("a", 1, 2), book("b", 1, 2, span="2-4"), book("c", 3, 4, "overlap")], {"a": True, "b": True}),
        ([book("a", 1, 2), cancel("a", 3, 4), book("b", 5, 6)], {"a": False, "b": True}),
        ([book("a", 1, 2), cancel("a", 3, 6), book("b", 4, 5)], {"a": False, "b": True}),
        ([book("a", 1, None), book("b", 2, 3)], {"b": True}),
        ([book("a", 1, None), book("b", 2, 3, "overlap")], {"a": True}),
        ([book("a", 1, 2), cancel("a", 3, None), book("b", 9, 10)], {"a": False, "b": True}),
        ([book("a", 1, 2), cancel("a", 3, None), book("b", 9, 10, "overlap")], {"a": True}),
        ([book("a", 1, 2), cancel("a", 3, 5), book("b", 4, 6, "overlap")], {"a": False}),
        ([book("a", 1, 3), read(2, 4), read(2, 4, (0, 2)), read(5, 6, (0, 2))], {"a": True}),
    ],
)
def test_what_can_be_explained_passes(history: HISTORY, final: dict[str, bool]) -> None:
    assert violations(history, final) == []


@pytest.mark.parametrize(
    ("history", "final", "found"),
    [
        ([book("a", 1, 2), book("b", 3, 4, span="1-3")], {"a": True, "b": True}, "overlap in the end"),
        ([book("a", 1, 2), book("b", 3, 4), cancel("a", 5, 6)], {"a": False, "b": True}, "a and b overlapped"),
        ([book("a", 1, 4), book("b", 2, 3), cancel("a", 5, 6), cancel("b", 5, 6)], {"a": False, "b": False}, "overl"),
        ([book("a", 1, 2)], {}, "acknowledged and is lost"),
        ([book("a", 1, 2)], {"a": False}, "nobody cancelled it"),
        ([book("a", 1, 2), cancel("a", 3, 4)], {"a": True}, "cancellation was acknowledged"),
        ([book("a", 1, 2), book("b", 3, 4, "overlap")], {"a": True, "b": False}, "refused and is stored"),
        ([], {"a": True}, "nobody asked for it"),
        ([book("a", 1, 2), cancel("a", 3, 4), book("b", 5, 6, "overlap")], {"a": False}, "its time was free"),
        ([book("b", 1, 2, "overlap"), book("a", 3, 4)], {"a": True}, "its time was free"),
        ([book("a", 1, 2), read(3, 4)], {"a": True}, "missed [(0, 2)]"),
        ([book("a", 1, 2), cancel("a", 3, 4), read(5, 6, (0, 2))], {"a": False}, "nobody held"),
    ],
)
def test_each_broken_promise_is_found(history: HISTORY, final: dict[str, bool], found: str) -> None:
    assert any(found in violation for violation in violations(history, final))
