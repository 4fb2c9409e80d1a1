"""Planning a batch: what is stored of it, and what is told of each of its events."""

from datetime import datetime
from itertools import permutations

import pytest

from schemas.kind import kind_named
from services.curation.core.known import Known, folded, touched
from services.curation.core.known import Statement as Event
from services.curation.core.plan import Rules, planned
from services.curation.core.weak import weak_keys
from services.curation.service import known
from tests.unit.curation_memory import AT, NOW, MemoryUnit, curate, preference, same_as, submission

pytestmark = pytest.mark.unit
A, B, C = (f"organisation-{letter}" for letter in "abc")
LATER = "2026-02-02T00:00:00.000000Z"
RULES = Rules()
Told = tuple[str, int, str]
"""Of an event: the record, its version now and the effect."""


def taken(store: MemoryUnit, *events: Event, at: str = AT) -> list[Told]:
    """Curate the events as one batch; what is told of each."""
    said = folded(((event.event_id(), event) for event in events), RULES.sources)
    changes, refused = planned(said, known(store, said), datetime.fromisoformat(at), RULES)
    store.save(changes)
    store.refused |= refused
    told = {outcome.event_id: (outcome.record_id, outcome.version, outcome.effect) for outcome in changes.outcomes}
    return [told[event.event_id()] for event in events]


def versions(store: MemoryUnit) -> dict[str, int]:
    return {record.id: record.version for record in store.current.values()}


def two_records(left: str = "甲", right: str = "乙") -> MemoryUnit:
    """What the city says of A, and the campus of B."""
    events = submission("city", "1", 1, A, {"name_zh": left}), submission("campus", "1", 1, B, {"name_zh": right})
    return curate(MemoryUnit(), events)


def test_of_one_source_record_said_twice_in_a_batch_the_newer_changes_and_the_older_is_stale() -> None:
    for batch in permutations(submission("city", "1", version, A, {"name_zh": str(version)}) for version in (1, 2)):
        store = MemoryUnit()
        told = dict(zip((event.source_version for event in batch), taken(store, *batch), strict=True))
        assert told == {1: (A, 1, "stale"), 2: (A, 1, "changed")}
        assert store.current[A].fields == {"name_zh": "2"}


def test_the_stale_stay_stale_in_a_batch_that_changes_their_record() -> None:
    store = curate(MemoryUnit(), [submission("city", "1", 2, A, {"name_zh": "甲"})])
    older, other = submission("city", "1", 1, A, {"name_zh": "旧"}), submission("web", "1", 1, A, {"name_en": "A"})
    assert taken(store, older, other) == [(A, 2, "stale"), (A, 2, "changed")]


def test_what_is_said_again_is_unchanged_in_a_batch_that_changes_its_record() -> None:
    first, other = submission("city", "1", 1, A, {"name_zh": "甲"}), submission("web", "1", 1, A, {"name_en": "A"})
    store = MemoryUnit()
    assert taken(store, first) == [(A, 1, "changed")]
    assert taken(store, first, other) == [(A, 2, "unchanged"), (A, 2, "changed")]


def test_a_withdrawal_of_what_nobody_submitted_is_of_no_record() -> None:
    assert taken(MemoryUnit(), submission("city", "9", 1, None)) == [("", 0, "unchanged")]


def test_a_stale_withdrawal_that_names_no_record_is_told_of_the_one_it_was() -> None:
    store = curate(MemoryUnit(), [submission("city", "1", 3, A, {"name_zh": "甲"})])
    moved, gone = submission("city", "1", 4, B, {"name_zh": "甲"}), submission("city", "1", 2, None)
    assert taken(store, gone) == [(A, 1, "stale")]
    assert taken(store, moved, gone) == [(A, 1, "unchanged"), (A, 1, "stale")]


def test_what_was_withdrawn_before_it_came_is_a_record_that_is_no_more() -> None:
    said, gone = submission("city", "1", 1, A, {"name_zh": "甲"}), submission("city", "1", 2, None)
    store = curate(MemoryUnit(), [gone])
    assert store.current == {}
    assert taken(store, said, gone) == [(A, 1, "stale"), (A, 1, "unchanged")]
    assert (store.current[A].status, store.current[A].fields) == ("withdrawn", {})


def test_a_decision_changes_the_record_that_is_kept() -> None:
    store = two_records()
    assert taken(store, same_as(A, B, 1)) == [(A, 2, "changed")]
    assert taken(store, same_as(A, B, 2, "undone")) == [(A, 3, "changed")]
    assert versions(store) == {A: 3, B: 3}


def test_a_decision_that_is_older_or_known_or_joins_what_is_joined_changes_nothing() -> None:
    store = two_records()
    taken(store, same_as(A, B, 2), same_as(B, C, 2))
    before = versions(store)
    for decision in (same_as(A, B, 1, "undone"), same_as(B, C, 2), same_as(A, C, 1)):
        assert taken(store, decision) == [(A, 2, "unchanged")]
    assert versions(store) == before


def test_an_older_decision_is_unchanged_in_a_batch_that_changes_its_record() -> None:
    store = two_records()
    taken(store, same_as(A, B, 2), preference(A, "name_zh", "city", "1", 2))
    new = submission("web", "1", 1, A, {"name_en": "A"})
    old, choice = same_as(A, B, 1, "separate"), preference(A, "name_zh", "campus", "1", 1)
    assert taken(store, new, old, choice) == [(A, 3, "changed"), (A, 3, "unchanged"), (A, 3, "unchanged")]


def test_a_known_decision_is_unchanged_and_not_stored_again_in_a_batch_that_changes_its_record() -> None:
    store = two_records()
    known_ones = same_as(A, B, 2), preference(A, "name_zh", "city", "1", 2)
    taken(store, *known_ones)
    new = submission("web", "1", 1, A, {"name_en": "A"})
    assert taken(store, new, *known_ones) == [(A, 3, "changed"), (A, 3, "unchanged"), (A, 3, "unchanged")]


def test_a_preference_changes_the_record_where_it_changes_a_value() -> None:
    store = two_records()
    assert taken(store, preference(A, "name_zh", "city", "1", 1)) == [(A, 1, "unchanged")]
    taken(store, same_as(A, B, 1))
    assert store.current[A].fields == {"name_zh": "甲"}
    assert taken(store, preference(B, "name_zh", "campus", "1", 2)) == [(A, 3, "changed")]
    assert taken(store, preference(B, "name_zh", "campus", "1", 2)) == [(A, 3, "unchanged")]
    assert store.current[A].fields == {"name_zh": "乙"}


def test_joined_records_follow_the_newest_choice_for_any_of_their_ids() -> None:
    said = submission("city", "1", 1, A, {"name_zh": "甲"}), submission("campus", "1", 1, B, {"name_zh": "乙"})
    choices = preference(A, "name_zh", "city", "1", 9), preference(B, "name_zh", "campus", "1", 5)
    for order in permutations((*said, same_as(A, B, 1), *choices)):
        store = MemoryUnit()
        for event in order:
            curate(store, [event])
        for joined in (store, curate(MemoryUnit(), order)):
            assert joined.current[A].fields == {"name_zh": "甲"}
            assert joined.current[A].conflicts == ()


def test_a_new_version_keeps_when_the_record_began_and_tells_when_it_changed() -> None:
    store = MemoryUnit()
    taken(store, submission("city", "1", 1, A, {"name_zh": "甲"}))
    taken(store, submission("city", "1", 2, A, {"name_zh": "乙"}), at=LATER)
    record = store.current[A]
    assert (record.version, record.created_at, record.updated_at) == (2, AT, LATER)


def test_the_same_words_of_another_version_are_stored_as_the_same_version() -> None:
    store = MemoryUnit()
    taken(store, submission("city", "1", 1, A, {"name_zh": "甲"}))
    assert taken(store, submission("city", "1", 2, A, {"name_zh": "甲"}), at=LATER) == [(A, 1, "unchanged")]
    record = store.current[A]
    assert (record.version, record.created_at, record.updated_at) == (1, AT, AT)
    assert [source.source_version for source in record.sources] == [2]


def test_whose_word_it_is_and_what_is_settled_are_stored_without_a_new_version() -> None:
    store = two_records("甲", "甲")
    taken(store, same_as(A, B, 1))
    assert store.current[A].provenance == {"name_zh": 0}
    assert taken(store, preference(A, "name_zh", "city", "1", 1)) == [(A, 2, "unchanged")]
    assert store.current[A].provenance == {"name_zh": 1}
    store = two_records()
    taken(store, same_as(A, B, 1))
    assert [conflict.field for conflict in store.current[A].conflicts] == ["name_zh"]
    assert taken(store, preference(A, "name_zh", "campus", "1", 1)) == [(A, 2, "unchanged")]
    assert store.current[A].conflicts == ()


def test_each_part_of_the_content_alone_makes_a_new_version() -> None:
    store = curate(MemoryUnit(), [submission("city", "1", 1, A, {})])
    taken(store, submission("city", "1", 2, A))
    assert (store.current[A].status, store.current[A].version) == ("withdrawn", 2)
    taken(store, submission("city", "1", 3, A, {}))
    assert (store.current[A].status, store.current[A].version) == ("active", 3)
    store = curate(MemoryUnit(), [submission("city", "1", 1, B, {"name_zh": "甲"})])
    taken(store, same_as(B, C, 1))
    assert (store.current[B].same_as, store.current[B].version) == ((C,), 2)
    taken(store, same_as(A, B, 1))
    assert (store.current[C].replaced_by, store.current[C].version) == (A, 2)
    store = curate(MemoryUnit(), [submission("city", "1", 1, B, {"name_zh": "甲"}), same_as(B, C, 1)])
    taken(store, same_as(B, C, 2, "undone"))
    assert (store.current[B].same_as, store.current[B].version) == ((), 2)


def test_nothing_that_stays_as_it_is_is_stored() -> None:
    store = two_records()
    said = folded([("1", submission("city", "1", 2, A, {"name_zh": "新"}))], RULES.sources)
    changes, _ = planned(said, known(store, said), NOW, RULES)
    assert ([record.id for record in changes.records], changes.refreshed) == ([A], [])
    older = submission("city", "1", 1, A, {"name_zh": "甲"})
    again = folded([(older.event_id(), older)], RULES.sources)
    changes, _ = planned(again, known(store, again), NOW, RULES)
    assert (changes.contributions, changes.records, changes.refreshed) == ([], [], [])


def test_a_batch_touches_every_id_that_it_names_but_those_that_a_known_row_proposes() -> None:
    store = curate(MemoryUnit(), [submission("city", "1", 1, A, {"name_zh": "甲"})])
    moved, gone = submission("city", "1", 2, B, {"name_zh": "甲"}), submission("web", "7", 1, None)
    events = [moved, gone, same_as("x", "y", 1), preference("z", "name_zh", None, None, 1)]
    said = folded(((event.event_id(), event) for event in events), RULES.sources)
    assert touched(said, Known(claims=store.claims(list(store.said)))) == {A, "x", "y", "z"}


def test_weak_keys_follow_the_names_of_what_is_active() -> None:
    store = MemoryUnit()
    names = {"name_zh": "甲所", "name_en": "Institute A"}
    for version, fields in enumerate(
        (names, names | {"name_zh": "乙所"}, {"name_en": "Institute A"}, names, None, None, names, {}, names), start=1
    ):
        taken(store, submission("city", "1", version, A, fields))
        assert store.weak == {(key, A) for key in weak_keys(kind_named("organisation"), fields or {})}
    renamed = folded([("1", submission("city", "1", 10, A, names | {"name_zh": "乙所"}))], RULES.sources)
    (changes, _), kind = planned(renamed, known(store, renamed), NOW, RULES), kind_named("organisation")
    assert changes.weak_gone == [(key, A) for key in weak_keys(kind, {"name_zh": "甲所"})]
    assert changes.weak_new == [(key, A) for key in weak_keys(kind, {"name_zh": "乙所"})]
    taken(store, submission("web", "1", 1, B, names), same_as(A, B, 1))
    assert {record_id for _, record_id in store.weak} == {A}
