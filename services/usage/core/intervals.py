"""Time as sorted, disjoint intervals of whole seconds since 1970, each without its end, and as months `YYYY-MM`.

Of the UTC calendar, by which events are kept, and of an instrument's time zone.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from schemas.kinds.instrument import DEFAULT_TIME_ZONE

Span = tuple[int, int]

UTC_ZONE = UTC
Zone = ZoneInfo | timezone


@lru_cache(maxsize=1_024)
def zone_named(name: str) -> Zone:
    """The time zone of that IANA name; the one of instruments that name none where it is unknown."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(DEFAULT_TIME_ZONE)


def months_of(span: Span, zone: Zone) -> list[str]:
    """The months that an interval touches; an empty one touches that of its start."""
    start, end = span
    return list(months_between(month_at(start, zone), month_at(max(start, end - 1), zone)))


def months_between(first: str, last: str) -> Iterator[str]:
    """The months from `first` to `last`, both included."""
    for number in range(_number(first), _number(last) + 1):
        yield _month(number)


def month_at(second: int, zone: Zone) -> str:
    return _month_of_day(datetime.fromtimestamp(second, zone))


@lru_cache(maxsize=65_536)
def span_of(month: str, zone: Zone) -> Span:
    """The seconds of a month."""
    first, then = month, shifted(month, 1)
    start, end = (datetime(int(name[:4]), int(name[5:]), 1, tzinfo=zone) for name in (first, then))
    return int(start.timestamp()), int(end.timestamp())


def shifted(month: str, by: int) -> str:
    """The month that is so many later."""
    return _month(_number(month) + by)


def _month_of_day(moment: datetime) -> str:
    return f"{moment.year:04}-{moment.month:02}"


def _number(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:]) - 1


def _month(number: int) -> str:
    return f"{number // 12:04}-{number % 12 + 1:02}"


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
