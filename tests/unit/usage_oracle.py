"""What usage must be, worked out anew from a whole set of facts, hour by hour; and facts to work it out from."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from schemas.events.usage import MonthUsage, moment_text
from services.usage.core.counting import absorb, indicators
from services.usage.core.facts import Fact, Happening, Item, Placement, booking_key

HOUR = 3_600
EPOCH_HOUR = int(datetime(2026, 2, 26, tzinfo=UTC).timestamp()) // HOUR
HOURS = 40 * 24
INSTRUMENTS = ("instrument-a", "instrument-b")


class DictState:
    """services.usage.core.counting.State in memory, as JSON would keep it."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def get(self, key: str) -> Any:
        return _copied(self.values.get(key))

    def put(self, key: str, value: Any) -> None:
        self.values[key] = _copied(value)


class Rows:
    """The rows as a reader of the usage topic has them: the one that knows more in the place of the other."""

    def __init__(self) -> None:
        self.rows: dict[str, MonthUsage] = {}

    def put(self, row: MonthUsage) -> None:
        old = self.rows.get(row.key())
        if old is None or (row.record_version, row.revision) >= (old.record_version, old.revision):
            self.rows[row.key()] = row

    def told(self) -> dict[str, MonthUsage]:
        """Without how much they know, and without months in which nothing happened."""
        plain = {key: replace(row, revision=0) for key, row in self.rows.items()}
        return {key: row for key, row in plain.items() if row.effective_seconds or row.bookings}


def fed(state: Any, rows: Rows, facts: Iterable[Fact]) -> None:
    for fact in facts:
        for instrument, month in absorb(state, fact):
            rows.put(indicators(state, instrument, month))


def expected(facts: Iterable[Fact]) -> dict[str, MonthUsage]:
    """The indicators by their definitions: an hour counts once, whoever reports it how often."""
    newest: dict[tuple[str, str], Item] = {}
    facts = list(facts)
    places = {fact.instrument: Placement(fact.instrument, 0, "Asia/Shanghai") for fact in facts}
    for fact in facts:
        if isinstance(fact, Placement):
            places[fact.instrument] = max(places[fact.instrument], fact, key=lambda one: one.version)
        else:
            name = (fact.instrument, fact.key)
            newest[name] = max(newest.get(name, fact.item), fact.item, key=lambda one: one.version)
    rows: dict[str, MonthUsage] = {}
    for instrument, place in places.items():
        items = {key: item for (of, key), item in newest.items() if of == instrument}
        for row in _rows(place, items):
            rows[row.key()] = row
    return rows


def _rows(place: Placement, items: dict[str, Item]) -> Iterable[MonthUsage]:
    zone = ZoneInfo(place.time_zone)
    runs = {key: item for key, item in items.items() if item.kind == "run"}
    bookings = {key: item for key, item in items.items() if item.kind == "booking" and item.counts}
    served = {hour for run in runs.values() for hour in _hours(run)}
    others = {
        hour for run in runs.values() for hour in _hours(run) if run.counts or _for_others(run, hour, bookings, place)
    }
    months = {_month(hour, zone) for hour in served} | {_month(one.start // HOUR, zone) for one in bookings.values()}
    for month in months:
        booked = {key: one for key, one in bookings.items() if _month(one.start // HOUR, zone) == month}
        missed = sorted(one.end + 24 * HOUR for key, one in booked.items() if not _attended(key, one, runs.values()))
        yield MonthUsage(
            place.instrument, month, place.version, 0,
            HOUR * sum(_month(hour, zone) == month for hour in served),
            HOUR * sum(_month(hour, zone) == month for hour in others),
            len(booked),
            tuple(moment_text(datetime.fromtimestamp(due, UTC)) for due in missed),
            place.laboratory, place.organisation, place.county,
        )  # fmt: skip


def _for_others(run: Item, hour: int, bookings: dict[str, Item], place: Placement) -> bool:
    return any(
        hour in _hours(one) and one.about and place.owners and one.about not in place.owners
        for key, one in bookings.items()
        if run.about in (None, key)
    )


def _attended(key: str, booking: Item, runs: Iterable[Item]) -> bool:
    return any(run.about in (None, key) and set(_hours(run)) & set(_hours(booking)) for run in runs)


def _hours(item: Item) -> range:
    return range(item.start // HOUR, item.end // HOUR)


def _month(hour: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(hour * HOUR, zone).strftime("%Y-%m")


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    return [_copied(inner) for inner in value] if isinstance(value, list | tuple) else value


def _item(kind: str, version: int, time: tuple[int, int], counts: bool, about: str | None) -> Item:
    first, length = time
    start = (EPOCH_HOUR + first) * HOUR
    return Item(kind, version, start, start + length * HOUR, counts, about)  # type: ignore[arg-type]


_BOOKINGS = tuple(booking_key(name) for name in "xyz")
_time = st.tuples(st.integers(0, HOURS), st.one_of(st.integers(1, 12), st.integers(1, 35 * 24)))
_about = st.sampled_from([None, *_BOOKINGS])
_runs = st.builds(
    Happening,
    st.sampled_from(INSTRUMENTS),
    st.sampled_from(["r1", "r2", "r3", "r4"]),
    st.builds(_item, st.just("run"), st.integers(1, 9), _time, st.booleans(), _about),
)
_booked = st.builds(
    Happening,
    st.sampled_from(INSTRUMENTS),
    st.sampled_from(_BOOKINGS),
    st.builds(
        _item, st.just("booking"), st.integers(1, 9), _time, st.booleans(),
        st.sampled_from([None, "organisation-own", "organisation-other"]),
    ),
)  # fmt: skip
_places = st.builds(
    Placement,
    st.sampled_from(INSTRUMENTS),
    st.integers(1, 9),
    st.sampled_from(["Asia/Shanghai", "America/New_York", "Pacific/Kiritimati", "UTC"]),
    st.sampled_from([None, "laboratory-1"]),
    st.just("organisation-own"),
    st.sampled_from([None, "330106", "330825"]),
    st.sampled_from([(), ("organisation-own",)]),
)


def _name(fact: Fact) -> tuple[str, str, int]:
    if isinstance(fact, Placement):
        return fact.instrument, "", fact.version
    return fact.instrument, fact.key, fact.item.version


facts = st.lists(st.one_of(_runs, _booked, _places), max_size=14, unique_by=_name)
"""Facts of two instruments around the ends of two months; no version of a thing is told in two ways."""
