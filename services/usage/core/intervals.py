"""Time as sorted, disjoint intervals of whole seconds since 1970, each without its end."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

Span = tuple[int, int]


def merged(spans: Iterable[Span]) -> list[Span]:
    """The union of the intervals: sorted, disjoint, none empty."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if found and start <= found[-1][1]:
            if end > found[-1][1]:
                found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def common(one: Sequence[Span], other: Sequence[Span]) -> list[Span]:
    """The time that two unions share."""
    found: list[Span] = []
    at = by = 0
    while at < len(one) and by < len(other):
        start, end = max(one[at][0], other[by][0]), min(one[at][1], other[by][1])
        if start < end:
            found.append((start, end))
        if one[at][1] < other[by][1]:
            at += 1
        else:
            by += 1
    return found


def touches(union: Sequence[Span], span: Span) -> bool:
    """Whether the union has any time within the interval."""
    at = bisect_right(union, (span[0], span[0]))
    if at and union[at - 1][1] > span[0]:
        return span[0] < span[1]
    return at < len(union) and union[at][0] < span[1]


def seconds(union: Iterable[Span]) -> int:
    return sum(end - start for start, end in union)
