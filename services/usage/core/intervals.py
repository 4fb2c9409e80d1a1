"""Time as sorted, disjoint intervals of whole seconds since 1970, each without its end."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

Span = tuple[int, int]


def merged(spans: Iterable[Span]) -> list[Span]:
    """The union of the intervals: sorted, disjoint, none empty."""
    union: list[Span] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if union and start <= union[-1][1]:
            if end > union[-1][1]:
                union[-1] = (union[-1][0], end)
        else:
            union.append((start, end))
    return union


def common(left: Sequence[Span], right: Sequence[Span]) -> list[Span]:
    """The time that two unions share."""
    shared: list[Span] = []
    at = by = 0
    while at < len(left) and by < len(right):
        start, end = max(left[at][0], right[by][0]), min(left[at][1], right[by][1])
        if start < end:
            shared.append((start, end))
        if left[at][1] < right[by][1]:
            at += 1
        else:
            by += 1
    return shared


def touches(union: Sequence[Span], span: Span) -> bool:
    """Whether the union has any time within the interval."""
    at = bisect_right(union, (span[0], span[0]))
    if at and union[at - 1][1] > span[0]:
        return span[0] < span[1]
    return at < len(union) and union[at][0] < span[1]


def seconds(union: Iterable[Span]) -> int:
    return sum(end - start for start, end in union)
