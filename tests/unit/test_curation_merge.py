"""Curation's merge: whatever the order, the repetitions and the batches, the same events make the same records."""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.kernel.contributions import Contribution
from hub.kernel.records import Conflict, Submission
from schemas.kind import kind_named
from services.curation.core.known import Statement as Event
from services.curation.core.merge import EARLIEST_TIME, merged
from tests.unit.curation_memory import AUTHORITY, MemoryUnit, curate, preference, same_as, submission

pytestmark = pytest.mark.unit

IDS = [f"organisation-{letter}" for letter in "abcd"]
A, B, C, D = IDS
SOURCES = sorted(AUTHORITY)
NAMES = st.sampled_from(["浙江大学", "杭州大学", None])
FIELDS = st.fixed_dictionaries(
    {}, optional={"name_zh": NAMES, "name_en": st.sampled_from(["ZJU", "HU"]), "acronym": NAMES}
)
VERSIONS = st.sampled_from([1, 2, 3])
NUMBERS = st.sampled_from("abcd")


def _said(source: str, number: str, version: int, fields: dict[str, object] | None, complete: bool) -> Submission:
    """A row that always tells of the same record; the campus tells its versions as times."""
    version += EARLIEST_TIME if source == "campus" else 0
    named = None if fields is None and version % 2 else f"organisation-{number}"
    return submission(source, number, version, named, fields, complete=complete)


SUBMISSIONS = st.builds(_said, st.sampled_from(SOURCES), NUMBERS, VERSIONS, FIELDS, st.booleans())
WITHDRAWALS = st.builds(_said, st.sampled_from(SOURCES), NUMBERS, VERSIONS, st.none(), st.just(True))
PAIRS = st.lists(st.sampled_from(IDS), min_size=2, max_size=2, unique=True)
DECISIONS = st.builds(
    lambda pair, version, decision: same_as(pair[0], pair[1], version, decision),
    PAIRS,
    VERSIONS,
    st.sampled_from(["joined", "joined", "separate", "undone"]),
)
PREFERENCES = st.builds(
    lambda record_id, field, speaker, version: preference(record_id, field, speaker[0], speaker[1], version),
    st.sampled_from(IDS),
    st.sampled_from(["name_zh", "name_en"]),
    st.sampled_from([("city", "a"), ("campus", "b"), ("web", "c"), (None, None)]),
    VERSIONS,
)


def _thing_said(event: Event) -> object:
    """A source says one thing of a record under one version."""
    return (event.source, event.source_record_id, event.source_version) if isinstance(event, Submission) else event


EVENTS = st.lists(
    st.one_of(SUBMISSIONS, SUBMISSIONS, WITHDRAWALS, DECISIONS, PREFERENCES), max_size=14, unique_by=_thing_said
)


@settings(max_examples=150, deadline=None)
@given(EVENTS, st.data())
def test_order_repetition_and_batches_do_not_matter(events: list[Event], data: st.DataObject) -> None:
    once = curate(MemoryUnit(), events)
    order = data.draw(
        st.permutations(events + data.draw(st.lists(st.sampled_from(events), max_size=5)) if events else [])
    )
    other = MemoryUnit()
    while order:
        size = data.draw(st.integers(1, len(order)))
        curate(other, order[:size])
        order = order[size:]
    assert not other.refused
    assert not once.refused
    assert {key: (one.claim.mark(), one.fields) for key, one in other.said.items()} == {
        key: (one.claim.mark(), one.fields) for key, one in once.said.items()
    }
    assert (other.decided, other.preferred, other.weak) == (once.decided, once.preferred, once.weak)
    for record_id in {*once.current, *other.current}:
        record, twin = once.current.get(record_id), other.current.get(record_id)
        if record is None or twin is None:  # a record that was withdrawn before anybody could see it was never made
            assert (record or twin).status == "withdrawn"  # type: ignore[union-attr]
        else:
            assert twin.content() == record.content()
            assert (twin.provenance, twin.conflicts, twin.sources) == (
                record.provenance,
                record.conflicts,
                record.sources,
            )


@settings(max_examples=150, deadline=None)
@given(EVENTS)
def test_events_again_change_nothing(events: list[Event]) -> None:
    store = curate(MemoryUnit(), events)
    before, outcomes = list(store.published), dict(store.outcomes)
    for event in events:
        curate(store, [event])
    assert store.published == before
    assert store.outcomes == outcomes


@settings(max_examples=150, deadline=None)
@given(EVENTS)
def test_every_event_has_an_outcome_and_every_named_id_exists(events: list[Event]) -> None:
    store = MemoryUnit()
    for event in events:
        curate(store, [event])
    assert set(store.outcomes) == {event.event_id() for event in events}
    named = {one for decision in store.decided.values() if decision.decision == "joined" for one in decision.key}
    spoken = {one.claim.record_id for one in store.said.values() if not one.claim.withdrawn}
    assert {*store.current} >= named | spoken
    for outcome in store.outcomes.values():
        assert outcome.effect != "changed" or 1 <= outcome.version <= store.current[outcome.record_id].version


@settings(max_examples=150, deadline=None)
@given(st.lists(SUBMISSIONS, max_size=6, unique_by=lambda one: (one.source, one.source_record_id)), st.randoms())
def test_merge_is_a_function_of_the_set(submissions: list[Submission], random: object) -> None:
    contributions = [Contribution.of(one) for one in submissions]
    kind = kind_named("organisation")
    result = merged(kind, contributions)
    random.shuffle(contributions)  # type: ignore[attr-defined]
    assert merged(kind, contributions) == result
    for name, index in result.provenance.items():
        spoke = result.sources[index]
        said = [
            one for one in contributions if (one.source, one.source_record_id) == (spoke.source, spoke.source_record_id)
        ]
        assert said[0].fields[name] == result.fields[name]


def orders(*events: Event) -> list[MemoryUnit]:
    """The store after each order of the events, each event a batch of its own."""
    return [_one_by_one(order) for order in permutations(events)]


def _one_by_one(order: tuple[Event, ...]) -> MemoryUnit:
    store = MemoryUnit()
    for event in order:
        curate(store, [event])
    return store


def test_the_authority_that_stands_first_sets_the_field() -> None:
    for store in orders(
        submission("web", "1", 9, A, {"name_zh": "网页", "website": "https://a.example"}),
        submission("city", "1", 1, A, {"name_zh": "单位", "name_en": "Owner"}),
        submission("national", "1", 1, A, {"name_zh": "国家"}),
    ):
        record = store.current[A]
        assert record.fields == {"name_zh": "国家", "name_en": "Owner", "website": "https://a.example"}
        spoke = {name: record.sources[index].source for name, index in record.provenance.items()}
        assert spoke == {"name_zh": "national", "name_en": "city", "website": "web"}
        assert record.conflicts == ()


def test_a_field_may_have_an_order_of_its_own() -> None:
    instrument, where = "instrument-a", {"kind": "instrument"}
    for store in orders(
        submission("national", "1", 1, instrument, {"opening_hours": "周一", "model": "国家"}, **where),
        submission("city", "1", 1, instrument, {"opening_hours": "每天", "model": "单位"}, **where),
    ):
        assert store.current[instrument].fields == {"opening_hours": "每天", "model": "国家"}


def test_equal_authorities_that_disagree_raise_a_conflict_and_the_newer_is_used() -> None:
    for store in orders(
        submission("campus", "1", EARLIEST_TIME + 1, A, {"name_zh": "旧"}),
        submission("city", "1", EARLIEST_TIME + 2, A, {"name_zh": "新"}),
    ):
        record = store.current[A]
        assert record.fields == {"name_zh": "新"}
        assert record.conflicts == (Conflict("name_zh", ((0, "新"), (1, "旧"))),)
        assert record.sources[0].source == "city"


def test_counted_versions_of_two_sources_are_not_compared() -> None:
    for low, high in ((1, 9), (9, 1)):
        for store in orders(
            submission("city", "1", low, A, {"name_zh": "市"}), submission("campus", "1", high, A, {"name_zh": "校"})
        ):
            assert store.current[A].fields == {"name_zh": "校"}


def test_a_preference_settles_a_conflict_until_it_is_undone() -> None:
    said = (submission("campus", "1", 1, A, {"name_zh": "校"}), submission("city", "1", 1, A, {"name_zh": "市"}))
    for store in orders(*said, preference(A, "name_zh", "city", "1", 10)):
        assert store.current[A].fields == {"name_zh": "市"}
        assert store.current[A].conflicts == ()
    for store in orders(*said, preference(A, "name_zh", "city", "1", 10), preference(A, "name_zh", None, None, 11)):
        assert store.current[A].fields == {"name_zh": "校"}
        assert [conflict.field for conflict in store.current[A].conflicts] == ["name_zh"]


def test_an_older_version_never_replaces_a_newer_one() -> None:
    for store in orders(
        submission("city", "1", 2, A, {"name_zh": "新"}),
        submission("city", "1", 1, A, {"name_zh": "旧", "name_en": "Old"}),
    ):
        assert store.current[A].fields == {"name_zh": "新"}


def test_a_source_record_stays_with_its_record_whatever_identifies_it_now() -> None:
    store = _one_by_one(
        (
            submission("city", "1", 1, A, {"name_zh": "甲"}),
            submission("city", "1", 2, B, {"name_zh": "乙"}),
            submission("web", "7", 1, C, {"name_en": "C"}),
        )
    )
    assert (store.current[A].status, store.current[A].fields) == ("active", {"name_zh": "乙"})
    assert set(store.current) == {A, C}


def test_a_withdrawal_may_come_before_what_it_withdraws() -> None:
    for version in (1, 2):
        said, gone = submission("city", "1", version, A, {"name_zh": "甲"}), submission("city", "1", 2, None)
        for order in ((said, gone), (gone, said)):
            assert _one_by_one(order).current[A].status == "withdrawn"


def test_a_record_lives_while_anybody_speaks_for_it() -> None:
    for store in orders(
        submission("city", "1", 1, A, {"name_zh": "甲"}),
        submission("web", "1", 1, A, {"name_zh": "乙"}),
        submission("city", "1", 2, None),
    ):
        assert store.current[A].status == "active"
        assert store.current[A].fields == {"name_zh": "乙"}


def test_joined_ids_are_one_record_until_the_decision_is_undone() -> None:
    said = (submission("city", "1", 1, B, {"name_zh": "甲"}), submission("web", "1", 1, C, {"name_en": "A"}))
    for store in orders(*said, same_as(B, C, 1)):
        assert store.current[B].fields == {"name_zh": "甲", "name_en": "A"}
        assert store.current[B].same_as == (C,)
        assert (store.current[C].status, store.current[C].replaced_by) == ("withdrawn", B)
    for store in orders(*said, same_as(B, C, 1), same_as(B, C, 2, "undone")):
        assert store.current[B].fields == {"name_zh": "甲"}
        assert store.current[C].fields == {"name_en": "A"}
        assert store.current[C].replaced_by is None


def test_undoing_a_bridge_takes_the_far_side_apart_too() -> None:
    store = curate(MemoryUnit(), [submission("city", one[-1], 1, one, {"name_en": one}) for one in IDS])
    curate(store, [same_as(A, B, 1), same_as(B, C, 1), same_as(C, D, 1)])
    assert store.current[A].same_as == (B, C, D)
    curate(store, [same_as(B, C, 2, "undone")])
    assert store.current[A].same_as == (B,)
    assert store.current[C].same_as == (D,)
    assert store.current[C].replaced_by is None
    assert store.current[D].replaced_by == C


def test_the_same_words_in_a_newer_version_are_no_new_version() -> None:
    store = curate(MemoryUnit(), [submission("city", "1", 1, A, {"name_zh": "甲"})])
    again = submission("city", "1", 2, A, {"name_zh": "甲"})
    curate(store, [again])
    assert len(store.published) == 1
    assert store.outcomes[again.event_id()].effect == "unchanged"
    agreeing = submission("web", "1", 1, A, {"name_zh": "甲"})
    curate(store, [agreeing])
    assert len(store.published) == 1
    assert [source.source for source in store.current[A].sources] == ["city", "web"]


def test_outcomes_say_what_became_of_each_submission() -> None:
    store = MemoryUnit()
    first, newer, older = (submission("city", "1", n, A, {"name_zh": str(n)}) for n in (2, 3, 1))
    for event in (first, newer, older):
        curate(store, [event])
    told = [
        (one.record_id, one.version, one.effect)
        for one in (store.outcomes[e.event_id()] for e in (first, newer, older))
    ]
    assert told == [(A, 1, "changed"), (A, 2, "changed"), (A, 2, "stale")]


def test_one_source_may_number_two_kinds_alike() -> None:
    for store in orders(
        submission("city", "1", 1, A, {"name_zh": "甲"}),
        submission("city", "1", 1, "expert-a", {"name_zh": "王"}, kind="expert"),
    ):
        assert store.current[A].status == store.current["expert-a"].status == "active"


def test_a_withdrawal_that_names_no_record_is_told_which_one_it_was_also_within_a_batch() -> None:
    said, gone = submission("city", "1", 1, A, {"name_zh": "甲"}), submission("city", "1", 2, None)
    for batches, version in (([[said, gone]], 1), ([[said], [gone]], 2)):
        store = MemoryUnit()
        for batch in batches:
            curate(store, batch)
        told = store.outcomes[gone.event_id()]
        assert (told.record_id, told.version) == (A, version)
