"""Counting: each fact goes into the state of its instrument, and the months it bears on are worked out anew.

Nothing is ever added up from event to event. The state keeps values by the event's own key, the greater version in the
place of the lesser, so that the state, and what is worked out of it, is a function of the set of facts: their order,
their repetition and how they were spread over workers leave no trace.

A state is one mapping with three sorts of keys, all of one instrument and so of one partition:

    i|<instrument>             where it stands, and the UTC months in which anything of it is kept
    f|<instrument>|<key>       the newest version of one item, and the hull of all times it ever had
    m|<instrument>|<YYYY-MM>   the items that touch a UTC month, by their keys

Every key that a fact bears on is written each time, changed or not: a worker that was killed between two of the writes
finds the first one done when the fact comes again, and must not take that for all of them.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

import orjson

from schemas.events.usage import GRACE, MonthUsage, moment_text
from schemas.kinds.instrument import DEFAULT_TIME_ZONE
from services.usage.core.facts import Fact, Happening, Item, Placement
from services.usage.core.intervals import (
    UTC_ZONE,
    Span,
    Zone,
    common,
    merged,
    month_at,
    months_of,
    seconds,
    shifted,
    span_of,
    touches,
    zone_named,
)

MONTH_LIMIT = 8_000
"""Items of one instrument in a month; what is beyond is refused, so that a month fits in one log entry."""
_GONE = "gone"  # stands for an item that a correction moved elsewhere


class State(Protocol):
    """Keeps JSON values by key. A value that was got may be changed in place before it is put."""

    def get(self, key: str) -> Any: ...

    def put(self, key: str, value: Any) -> None: ...


class MonthFull(ValueError):
    """The instrument has MONTH_LIMIT items in this month already."""


class _Known(NamedTuple):
    """What is known of an instrument: its placement, and the UTC months of its items."""

    placement: Placement
    months: tuple[str, ...]

    @property
    def zone(self) -> Zone:
        return zone_named(self.placement.time_zone)


def absorb(state: State, fact: Fact) -> set[tuple[str, str]]:
    """Take a fact into the state; returns the (instrument, month) pairs whose indicators may be others now.

    Raises MonthFull, and the state is as before.
    """
    if isinstance(fact, Placement):
        return _place(state, fact)
    return _happen(state, fact)


def indicators(state: State, instrument: str, month: str) -> MonthUsage:
    """The indicators of one instrument in a month of its time zone."""
    known = _known(state, instrument)
    span = span_of(month, known.zone)
    all_items = _items(state, instrument, months_of(span, UTC_ZONE))
    items = {key: item for key, item in all_items.items() if item.kind != _GONE}
    bookings = {
        key: item
        for key, item in items.items()
        if item.kind == "booking" and item.counts and span[0] <= item.start < span[1]
    }
    runs = _runs(items.values(), span)
    effective = merged(run.span for run in runs)
    return MonthUsage(
        instrument,
        month,
        known.placement.version,
        sum(item.version for item in all_items.values()),
        seconds(effective),
        seconds(_external(runs, items, known.placement.owners)),
        len(bookings),
        tuple(_unattended(state, instrument, bookings, items, span)),
        known.placement.laboratory,
        known.placement.organisation,
        known.placement.county,
    )


class _Run(NamedTuple):
    """The part of a run within a month."""

    span: Span
    external: bool
    booking: str | None


def _place(state: State, placement: Placement) -> set[tuple[str, str]]:
    """Its months are told again, with their neighbours: in another time zone their edges lie elsewhere."""
    known = _known(state, placement.instrument)
    newest = max(known.placement, placement, key=_rank)
    _know(state, _Known(newest, known.months))
    around = {shifted(month, by) for month in known.months for by in (-1, 0, 1)}
    return {(placement.instrument, month) for month in around}


def _happen(state: State, fact: Happening) -> set[tuple[str, str]]:
    instrument, item = fact.instrument, fact.item
    known = _known(state, instrument)
    newest, hull = item, (item.start, item.end)
    if (before := state.get(f"f|{instrument}|{fact.key}")) is not None:
        newest = max(Item(*before[0]), item, key=_rank)
        hull = (min(hull[0], before[1]), max(hull[1], before[2]))
    months = months_of(hull, UTC_ZONE)
    kept = {month: state.get(_month_key(instrument, month)) or {} for month in months}
    current = set(months_of((newest.start, newest.end), UTC_ZONE))
    if any(fact.key not in kept[month] and len(kept[month]) >= MONTH_LIMIT for month in current):
        raise MonthFull(f"{instrument} has {MONTH_LIMIT} items in a month already")
    state.put(f"f|{instrument}|{fact.key}", [list(newest), *hull])
    _know(state, _Known(known.placement, tuple(sorted({*known.months, *months}))))
    for month, items in kept.items():
        items[fact.key] = list(newest) if month in current else [_GONE, newest.version, 0, 0, False, None]
        state.put(_month_key(instrument, month), items)
    return {(instrument, month) for month in _months_of_interest(kept.values(), hull, known.zone)}


def _months_of_interest(kept: Iterable[Mapping[str, Any]], hull: Span, zone: Zone) -> Iterator[str]:
    """The months of the time itself, and those in which bookings begin whose attendance it may decide."""
    yield from months_of(hull, zone)
    for items in kept:
        for kind, _, start, end, *_ in items.values():
            if kind == "booking" and start < hull[0] < end:
                yield month_at(start, zone)


def _runs(items: Iterable[Item], within: Span) -> list[_Run]:
    return [
        _Run((max(item.start, within[0]), min(item.end, within[1])), item.counts, item.about)
        for item in items
        if item.kind == "run" and item.start < within[1] and item.end > within[0]
    ]


def _external(runs: Iterable[_Run], items: Mapping[str, Item], owners: tuple[str, ...]) -> list[Span]:
    """The time of others: runs told to be theirs, and what of other runs lies within bookings for them.

    A run that names a booking lies in no other; whom a booking is for is told only where the owner's ids are known.
    """
    foreign = {
        key: (item.start, item.end)
        for key, item in items.items()
        if item.kind == "booking" and item.counts and item.about and owners and item.about not in owners
    }
    runs = list(runs)
    found = [run.span for run in runs if run.external]
    if foreign:
        found += common(merged(run.span for run in runs if run.booking is None), merged(foreign.values()))
        named = [run for run in runs if run.booking in foreign]
        found += [span for run in named for span in common([run.span], [foreign[str(run.booking)]])]
    return merged(found)


def _unattended(
    state: State, instrument: str, bookings: Mapping[str, Item], items: Mapping[str, Item], month: Span
) -> Iterator[str]:
    """When each booking without a run becomes a no-show; a run that names another booking attends that one alone."""
    if not bookings:
        return
    reach = max(item.end for item in bookings.values())
    if reach > month[1]:
        items = {**items, **_items(state, instrument, months_of((month[1], reach), UTC_ZONE))}
    runs = _runs(items.values(), (month[0], reach))
    unnamed = merged(run.span for run in runs if run.booking is None)
    named: dict[str, list[Span]] = {}
    for run in runs:
        if run.booking in bookings:
            named.setdefault(str(run.booking), []).append(run.span)
    ends = [
        item.end
        for key, item in bookings.items()
        if not touches(unnamed, (item.start, item.end))
        and not touches(merged(named.get(key, ())), (item.start, item.end))
    ]
    grace = int(GRACE.total_seconds())
    for end in sorted(ends):
        yield moment_text(datetime.fromtimestamp(end + grace, UTC))


def _items(state: State, instrument: str, months: Iterable[str]) -> dict[str, Item]:
    """What is kept in these UTC months, by key; where a month has it elsewhere, as the other one has it."""
    found: dict[str, Item] = {}
    for month in months:
        for key, raw in (state.get(_month_key(instrument, month)) or {}).items():
            if raw[0] != _GONE or key not in found:
                found[key] = Item(*raw)
    return found


def _known(state: State, instrument: str) -> _Known:
    raw = state.get(f"i|{instrument}")
    if raw is None:
        return _Known(Placement(instrument, 0, DEFAULT_TIME_ZONE), ())
    placement, months = raw
    told = Placement(*placement)
    return _Known(told._replace(owners=tuple(told.owners)), tuple(months))


def _know(state: State, known: _Known) -> None:
    state.put(f"i|{known.placement.instrument}", [list(known.placement), known.months])


def _rank(one: Item | Placement) -> tuple[int, bytes]:
    """Which of two versions of one thing is kept; where a source gives one number to two, any rule that is one."""
    return one.version, orjson.dumps(list(one))


def _month_key(instrument: str, month: str) -> str:
    return f"m|{instrument}|{month}"
