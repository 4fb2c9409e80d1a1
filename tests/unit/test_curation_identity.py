"""Records keep their ids whatever becomes of their identifiers, and shared identifiers make one record of several."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.kernel.records import Record, Submission
from schemas.kind import kind_named
from services.curation.core.components import MEMBERS_LIMIT
from services.curation.core.weak import identifier_key
from tests.unit.curation_memory import MemoryUnit, curate, same_as, submission

pytestmark = pytest.mark.unit
INSTRUMENT = kind_named("instrument")
OWNER = {"uscc": "12100000470095016Q"}


def row(source: str, number: str, version: int, fields: Mapping[str, Any], **more: Any) -> Submission:
    """As ingest sends it: its record, where it is new, by its strongest identifier or its source's own id."""
    proposal = INSTRUMENT.id_of(fields, source, number, more.get("organisation", ""))
    return submission(source, number, version, proposal, fields, kind="instrument", **more)


def gone(source: str, number: str, version: int) -> Submission:
    return submission(source, number, version, None, kind="instrument")


def leading_on(store: MemoryUnit, record_id: str) -> Record:
    """The record that an id leads to."""
    record = store.current[record_id]
    return store.current[record.replaced_by] if record.replaced_by else record


def active(store: MemoryUnit) -> list[Record]:
    return [record for record in store.current.values() if record.status == "active"]


def test_a_record_that_gains_a_stronger_identifier_keeps_its_id() -> None:
    store = curate(MemoryUnit(), [row("campus", "mv1", 1, {"name_en": "m"})])
    (before,) = active(store)
    for version, more in enumerate(({"pid": "10.5072/mv1"}, {"national_number": "N 1"}, {}), start=2):
        curate(store, [row("campus", "mv1", version, {"name_en": "m"} | more)])
        (now,) = active(store)
        assert (now.id, now.replaced_by) == (before.id, None)
    assert store.led[INSTRUMENT.identities({"pid": "10.5072/mv1"})[0]] == (before.id,)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0)])
def test_identifiers_spread_over_sources_make_one_record(order: tuple[int, ...]) -> None:
    rows = [
        row("campus", "a", 1, {"pid": "10.5072/x", "national_number": "N1", "inventory_number": "7", "owner": OWNER}),
        row("national", "b", 1, {"pid": "10.5072/X"}),
        row("web", "c", 1, {"national_number": "n 1"}),
    ]
    store = MemoryUnit()
    given_ids = set()
    for place in order:
        curate(store, [rows[place]])
        given_ids |= {record.id for record in active(store)}
    (one,) = active(store)
    assert {source.source for source in one.sources} == {"campus", "national", "web"}
    assert {leading_on(store, record_id).id for record_id in given_ids} == {one.id}


def test_records_that_come_to_share_an_identifier_are_joined() -> None:
    ror = "https://ror.org/00a2xv884"
    city = submission("city", "1", 1, "organisation-u", {"name_zh": "甲", "uscc": "12100000470095016Q"})
    web = submission("web", "2", 1, "organisation-r", {"name_en": "A", "ror": ror})
    store = curate(MemoryUnit(), [city, web])
    assert len(active(store)) == 2
    both = {"name_zh": "甲", "uscc": "12100000470095016Q", "ror": ror}
    curate(store, [submission("city", "1", 2, "organisation-u", both)])
    (one,) = active(store)
    assert (one.fields["name_en"], one.same_as) == ("A", ("organisation-u",))
    assert store.current["organisation-u"].replaced_by == one.id == "organisation-r"
    assert [decision.version for decision in store.decided.values()] == [0]
    curate(store, [same_as("organisation-r", "organisation-u", 5, "separate")])
    curate(store, [submission("city", "1", 3, "organisation-u", both | {"name_zh": "乙"})])
    assert len(active(store)) == 2  # what a person decided stays decided


def test_what_an_identifier_tells_apart_is_not_joined_but_asked_about_first() -> None:
    one = row("campus", "1", 1, {"pid": "10.5072/x", "national_number": "N1"})
    other = row("city", "2", 1, {"pid": "10.5072/x", "national_number": "N2"})
    store = curate(MemoryUnit(), [one, other])
    assert len(active(store)) == 2
    shared = identifier_key(INSTRUMENT.identities({"pid": "10.5072/x"})[0])
    assert {record_id for key, record_id in store.weak if key == shared} == {record.id for record in active(store)}
    curate(store, [row("city", "2", 2, {"pid": "10.5072/x", "national_number": "N1"})])
    assert len(active(store)) == 1


def test_an_identifier_that_was_corrected_leads_its_next_bearer_to_a_record_of_its_own() -> None:
    store = curate(MemoryUnit(), [row("campus", "1", 1, {"pid": "10.5072/wrong"})])
    curate(store, [row("campus", "1", 2, {"pid": "10.5072/right"}), row("city", "9", 1, {"pid": "10.5072/wrong"})])
    first, second = sorted(active(store), key=lambda record: record.sources[0].source)
    assert (first.fields["pid"], second.fields["pid"]) == ("10.5072/right", "10.5072/wrong")


@pytest.mark.parametrize("pair", [("AB 1", "AB1"), ("straße", "STRASSE"), ("Ａ", "A"), ("ﬁ", "fi")])
def test_a_sources_own_ids_are_compared_exactly(pair: tuple[str, str]) -> None:
    store = curate(MemoryUnit(), [row("campus", number, 1, {"name_en": number}) for number in pair])
    assert {record.fields["name_en"] for record in active(store)} == set(pair)


def test_two_rows_with_one_proposal_and_no_identifier_are_two_things_of_their_source() -> None:
    said = [submission("city", number, 1, "organisation-a", {"name_zh": number}) for number in ("甲", "乙")]
    store = curate(MemoryUnit(), said)
    assert {record.fields["name_zh"] for record in active(store)} == {"甲", "乙"}


def test_a_withdrawal_by_identity_finds_the_sources_own_record() -> None:
    fields = {"number": "RE-1", "name_zh": "题"}
    project = kind_named("project").identified(fields)
    assert project
    said = submission("city", "R2", 2, project, fields, kind="project")
    other = submission("web", "w", 1, project, fields, kind="project")
    withdrawal = submission("city", project, 3, project, kind="project")
    store = curate(MemoryUnit(), [said, other])
    curate(store, [withdrawal])
    assert [source.source for source in store.current[project].sources] == ["web"]
    curate(store, [withdrawal])
    assert store.refused == {}
    again = submission("city", project, 4, project, kind="project")
    unknown = submission("campus", project, 3, project, kind="project")
    curate(store, [again, unknown])
    assert {one.code for one in store.refused.values()} == {"unknown-withdrawal"}
    assert set(store.refused) == {again.event_id(), unknown.event_id()}


def test_what_is_withdrawn_before_it_is_there_ends_as_if_it_had_come_in_order() -> None:
    said, ended = row("campus", "7", 2, {"pid": "10.5072/x"}), gone("campus", "7", 3)
    stores = []
    for batches in ([[said], [ended]], [[ended], [said]], [[ended, said]], [[said, ended, said]]):
        stores.append(MemoryUnit())
        for batch in batches:
            curate(stores[-1], batch)
    assert {record.status for store in stores for record in store.current.values()} == {"withdrawn"}
    assert {frozenset(store.current) for store in stores} == {frozenset({said.record_id})}


def test_what_is_withdrawn_and_was_never_there_makes_no_record() -> None:
    store = curate(MemoryUnit(), [gone("campus", "7", 3)])
    assert (store.current, store.published) == ({}, [])


def test_no_more_are_joined_by_identifiers_than_a_record_may_stand_for() -> None:
    store = MemoryUnit()
    numbers = range(MEMBERS_LIMIT + 3)
    curate(store, [row("web", f"n{n}", 1, {"national_number": f"N{n}"}) for n in numbers])
    for n in numbers:
        curate(store, [row("web", f"n{n}", 2, {"pid": "10.5072/all"}, complete=True)])
    assert max(1 + len(record.same_as) for record in active(store)) <= MEMBERS_LIMIT


# Each thing has one true value of each identifier, and every row of it tells some of them, or for a while a wrong one.
SCHEMES = ("pid", "national_number")
THINGS = range(3)


def _fields(thing: int, told: frozenset[str], wrong: str, marker: str) -> dict[str, Any]:
    fields: dict[str, Any] = {"name_en": f"thing {thing}"}
    for scheme in told:
        fields[scheme] = f"10.5072/{thing}" if scheme == "pid" else f"N{thing}"
    if wrong:
        fields[wrong] = f"10.5072/wrong-{marker}" if wrong == "pid" else f"wrong-{marker}"
    return fields


STEPS = st.lists(
    st.tuples(
        st.sampled_from(THINGS),
        st.sampled_from(["campus", "national", "web"]),
        st.frozensets(st.sampled_from(SCHEMES)),
        st.sampled_from(["", "", *SCHEMES]),
        st.booleans(),
    ),
    max_size=14,
)


@settings(max_examples=120, deadline=None)
@given(STEPS, st.randoms(use_true_random=False), st.integers(1, 5))
def test_there_are_as_many_records_as_things_whatever_identifiers_come_and_go(
    steps: list[tuple[int, str, frozenset[str], str, bool]], chance: Any, size: int
) -> None:
    store, given_ids, batch = MemoryUnit(), set(), []
    rows = {(thing, source) for thing, source, *_ in steps}
    sent = [(place + 1, *step) for place, step in enumerate(steps)]
    final = [(100, thing, source, frozenset(SCHEMES), "", False) for thing, source in rows]
    chance.shuffle(final)
    again = [(101, *one[1:]) for one in final]  # who was told apart by a wrong identifier until the end
    for version, thing, source, told, wrong, withdrawn in [*sent, *final, *again]:
        number = f"{thing}"
        fields = _fields(thing, told, wrong, f"{source}{version}")
        batch.append(gone(source, number, version) if withdrawn else row(source, number, version, fields))
        if len(batch) >= size or version >= 100:
            curate(store, batch)
            batch = []
            given_ids |= set(store.current)
            assert all(leading_on(store, record_id).replaced_by is None for record_id in given_ids)
    assert len(active(store)) == len({thing for thing, _ in rows})
    assert {record.fields["name_en"] for record in active(store)} == {f"thing {thing}" for thing, _ in rows}
    assert store.refused == {}


@settings(max_examples=120, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from("12"), st.sampled_from("xyz"), st.booleans()), max_size=12
    )
)
def test_one_sources_rows_are_its_things_whatever_they_are_called(steps: list[tuple[str, str, str, bool]]) -> None:
    store, live, first = MemoryUnit(), {}, {}
    for version, (number, pid, national, withdrawn) in enumerate(steps, start=1):
        fields = {"pid": f"10.5072/{number}{pid}", "national_number": f"{number}{national}"}
        curate(store, [gone("campus", number, version) if withdrawn else row("campus", number, version, fields)])
        live[number] = not withdrawn
        record_id = store.said["instrument", "campus", "", number].claim.record_id
        if record_id:
            assert first.setdefault(number, record_id) == record_id
    assert len(active(store)) == sum(live.values())
