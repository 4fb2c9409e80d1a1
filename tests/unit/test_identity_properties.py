"""Identifiers come, change and go in any order, from several organisations and sources: things stay countable, ids lead
on, and bookings stay with their things.

HUB_TESTS_EXAMPLES is how many examples are tried in the place of a few seconds' worth.
"""

import os
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import combinations, count
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.kernel.access import Principal
from hub.kernel.problems import Refusal
from hub.kernel.records import Record, Submission
from hub.ports.audit import AuditEvent
from hub.ports.clock import ManualClock
from hub.sql.sqlite import StoreFiles
from schemas.events.bookings import Interval
from schemas.kind import kind_named
from services.booking.adapters.sql_managers import SqlManagers
from services.booking.adapters.sqlite_bookings import SqliteBookings
from services.booking.core.requests import Ask
from services.booking.managers import Managers
from services.booking.private import PrivateTexts
from services.booking.service import BookingDesk
from services.curation.core.plan import Rules
from services.privacy.adapters.sql_personal import SqlPersonalValues
from tests.unit.curation_memory import MemoryUnit, curate, submission

pytestmark = pytest.mark.unit
EXAMPLES = int(os.environ.get("HUB_TESTS_EXAMPLES", "0"))
INSTRUMENT = kind_named("instrument")
CODES = {"org-a": "12100000470095016Q", "org-b": "91330000142919654P"}
HOLDERS = tuple(CODES)
RULES = Rules(codes=CODES)
SCHEMES = ("pid", "national_number", "inventory_number")
OPEN = [{"days": ["MO", "TU", "WE", "TH", "FR", "SA", "SU"], "opens": "00:00", "closes": "24:00"}]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
LAST = 10_000
"""A version after all others."""
Speaker = tuple[str, str]
"""A source, and the organisation for which it speaks."""


class Step(NamedTuple):
    """A row about a thing: the identifiers that it tells, of which `changed` ones have a value of former days, or a
    withdrawal.
    """

    thing: int
    speaker: int
    told: frozenset[str]
    changed: frozenset[str]
    withdrawn: bool
    booked: int
    """The slot of the thing that somebody books then, by any id that it ever had."""


STEPS = st.lists(
    st.builds(
        Step,
        st.integers(0, 3),
        st.integers(0, 3),
        st.frozensets(st.sampled_from(SCHEMES)),
        st.frozensets(st.sampled_from(SCHEMES)),
        st.booleans(),
        st.integers(-2, 3),
    ),
    max_size=14,
)


def speakers_of(thing: int) -> tuple[Speaker, ...]:
    """The thing's owner, two systems, and an organisation that has no right to it."""
    return (("campus", HOLDERS[thing % 2]), ("national", ""), ("web", ""), ("city", "org-stranger"))


class World:
    """Things, and what is said of them; `mark` keeps examples apart that share a store."""

    def __init__(self, mark: int) -> None:
        self.mark = mark
        self.unit = MemoryUnit()
        self.given: dict[str, int] = {}

    def row(self, step: Step, version: int) -> Submission:
        """Rows of one source about several organisations' things have the same ids."""
        source, organisation = speakers_of(step.thing)[step.speaker]
        number = f"{self.mark}-{step.thing // 2 if source == 'campus' else step.thing}"
        if step.withdrawn:
            return submission(source, number, version, None, kind="instrument", organisation=organisation)
        owner = {"uscc": CODES[HOLDERS[step.thing % 2]]}
        fields: dict[str, Any] = {"name_en": f"thing {step.thing}", "opening_hours": OPEN, "shared": True}
        fields |= {"owner": owner, "booking_confirmation": "automatic", "slot_minutes": 60}
        for scheme in step.told:
            former = "-former" if scheme in step.changed else ""
            prefix = "10.5072/" if scheme == "pid" else "N"
            fields[scheme] = f"{prefix}{self.mark}-{step.thing}{former}"
        proposal = INSTRUMENT.id_of(fields, source, number, organisation)
        return submission(source, number, version, proposal, fields, kind="instrument", organisation=organisation)

    def take(self, rows: Collection[Submission]) -> None:
        curate(self.unit, rows, RULES)
        for record in self.active():
            self.given.setdefault(record.id, int(record.fields["name_en"].removeprefix("thing ")))
        for record_id in self.given:
            assert self.lead(record_id).replaced_by is None

    def lead(self, record_id: str) -> Record:
        """The record that the id leads to."""
        record = self.unit.current[record_id]
        return self.unit.current[record.replaced_by] if record.replaced_by else record

    def active(self) -> list[Record]:
        return [record for record in self.unit.current.values() if record.status == "active"]

    def settle(self, steps: Collection[Step], chance: Any) -> None:
        """Everybody who ever spoke tells all of it rightly, in any order, until nobody has anything new to say."""
        rows = [Step(*pair, frozenset(SCHEMES), frozenset(), False, -1) for pair in {step[:2] for step in steps}]
        for version in (LAST, LAST + 1, LAST + 2):
            chance.shuffle(rows)
            for row in rows:
                self.take([self.row(row, version)])


def of_right(steps: Collection[Step]) -> set[int]:
    """The things of which somebody spoke who has a right to."""
    return {step.thing for step in steps if step.speaker != 3}


@settings(max_examples=EXAMPLES or 80)
@given(STEPS, st.randoms(use_true_random=False), st.integers(1, 5))
def test_there_are_as_many_records_as_things_and_every_id_leads_to_one(
    steps: list[Step], chance: Any, size: int
) -> None:
    world, batch = World(0), []
    for version, step in enumerate(steps, start=1):
        batch.append(world.row(step, version))
        if len(batch) >= size:
            world.take(batch)
            batch = []
    world.take(batch)
    world.settle(steps, chance)
    found = world.active()
    assert {record.fields["name_en"] for record in found} >= {f"thing {thing}" for thing in of_right(steps)}
    assert len(found) == len({step.thing for step in steps})
    assert world.unit.refused == {}
    for record_id, thing in world.given.items():
        record = world.lead(record_id)
        assert (record.status, record.fields["name_en"]) == ("active", f"thing {thing}")


class Desk:
    """The booking desk on one SQLite store for all examples; it reads the records of the world at hand."""

    def __init__(self, folder: Path) -> None:
        self.world = World(0)
        self.marks = count(1)
        self._files = StoreFiles(folder)
        self.store = SqliteBookings(folder / "bookings.db", "hub")
        clock = ManualClock(NOW)
        managers = Managers(SqlManagers(self._files.open("managers")), self, self, clock)  # type: ignore[arg-type]
        private = PrivateTexts(SqlPersonalValues(self._files.open("keys"), folder, clock), self, clock)  # type: ignore[arg-type]
        self.desk = BookingDesk(self.store, managers, self, private, clock)  # type: ignore[arg-type]

    def note(self, event: AuditEvent) -> None:
        """As an audit trail: nobody is named a manager here."""

    def get(self, ids: Collection[str]) -> Mapping[str, Record]:
        """As much of a record store as the desk asks for."""
        return self.world.unit.records(ids)

    def begin(self) -> World:
        self.world = World(next(self.marks))
        return self.world

    def close(self) -> None:
        self.store.close()
        self._files.close()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    made = Desk(tmp_path_factory.mktemp("bookings"))
    yield made
    made.close()


class Made(NamedTuple):
    """A booking, the thing that it is of, and the ids that stood for the same record when it was made."""

    booking: str
    thing: int
    ids: frozenset[str]


COMPANY = Principal("li", frozenset({"member"}), account="acc-li", organisation="org-li")
OPERATOR = Principal("op", frozenset({"operator"}), account="acc-op")


def booked(desk: Desk, step: Step, chance: Any) -> Iterator[Made]:
    """Somebody books the thing by one of the ids that it ever had, where the time is free."""
    ids = sorted(record_id for record_id, thing in desk.world.given.items() if thing == step.thing)
    if not ids or step.booked < 0:
        return
    wanted = chance.choice(ids)
    start = NOW + timedelta(days=2, hours=step.booked)
    try:
        seen, _ = desk.desk.book(Ask(wanted, Interval(start, start + timedelta(hours=2))), COMPANY)
    except Refusal as refusal:
        if refusal.status in (409, 410):
            return
        raise
    record = desk.world.lead(wanted)
    yield Made(seen.booking.id, step.thing, frozenset({record.id, *record.same_as}))


@settings(max_examples=EXAMPLES or 40)
@given(STEPS, st.randoms(use_true_random=False))
def test_bookings_are_neither_lost_nor_on_two_records_nor_sold_twice(
    desk: Desk, steps: list[Step], chance: Any
) -> None:
    world, made = desk.begin(), list[Made]()
    for version, step in enumerate(steps, start=1):
        world.take([world.row(step, version)])
        made += booked(desk, step, chance)
    world.settle(steps, chance)
    for step in steps:
        made += booked(desk, step, chance)
    on: dict[str, list[str]] = {}
    for record in world.active():
        for seen in desk.desk.of_instrument(record.id, OPERATOR, 100):
            on.setdefault(seen.booking.id, []).append(record.fields["name_en"])
    assert on == {one.booking: [f"thing {one.thing}"] for one in made}
    for earlier, later in combinations(made, 2):
        first, second = (desk.store.get(one.booking) for one in (earlier, later))
        assert first
        assert second
        together = earlier.thing == later.thing and first.instrument_id in later.ids
        assert not together or first.end <= second.start or second.end <= first.start
