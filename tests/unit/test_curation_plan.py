"""Planning a batch: any order, repetition and division into batches of the same events ends in the same records."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.kernel.canonical import canonical_json, digest_of
from hub.kernel.contributions import Claim, Contribution, ContributionKey, SameAs, newest
from hub.kernel.records import Record, Submission
from services.curation.core.components import reached
from services.curation.core.plan import Known, folded, planned, touched

pytestmark = pytest.mark.unit
IDS = [f"organisation-{letter * 20}" for letter in "abcd"]
NOW = "2026-01-01T00:00:00Z"


class Memory:
    """A record store in dictionaries: enough to tell what the plans amount to."""

    def __init__(self) -> None:
        self.kept: dict[ContributionKey, Contribution] = {}
        self.decided: dict[tuple[str, str], SameAs] = {}
        self.records: dict[str, Record] = {}
        self.published: list[Record] = []

    def take(self, events: list[Submission | SameAs]) -> None:
        said = folded([(event.event_id(), event) for event in events])
        claims: dict[ContributionKey, Claim] = {
            one.key: self.kept[one.key].claim for _, one in said.submissions if one.key in self.kept
        }
        decisions = newest([*self.decided.values(), *(decision for _, decision in said.same_as)])
        ids = touched(said, claims)
        while more := self._joined_to(ids, decisions.values()) - ids:
            ids |= more
        changes = planned(
            said,
            Known(
                claims,
                [decision for decision in self.decided.values() if ids & set(decision.key)],
                (),
                [one for one in self.kept.values() if one.claim.record_id in ids],
                {record_id: self.records[record_id] for record_id in ids if record_id in self.records},
                ids,
            ),
            NOW,
        )
        self.kept.update({one.key: one for one in changes.contributions})
        self.decided = newest([*self.decided.values(), *changes.same_as])
        self.records.update({record.id: record for record in (*changes.records, *changes.refreshed)})
        self.published.extend(changes.records)

    def _joined_to(self, ids: set[str], decisions: object) -> set[str]:
        pairs = [decision for decision in decisions if ids & set(decision.key)]  # type: ignore[attr-defined]
        return reached(pairs)

    def digest(self) -> str:
        return digest_of(canonical_json(record.content()) for record in self.records.values())


def upsert(source: str, own: str, version: int, record_id: str, name: str) -> Submission:
    return Submission(
        "organisation", source, own, version, "upsert", "owner", record_id, {"name_zh": name}, NOW
    )  # fmt: skip


def withdraw(source: str, own: str, version: int) -> Submission:
    return Submission("organisation", source, own, version, "withdraw", "owner", None, {}, NOW)


def decide(left: str, right: str, word: str, version: int) -> SameAs:
    first, second = sorted((left, right))
    return SameAs(first, second, word, version, "steward", NOW)  # type: ignore[arg-type]


SOURCES, OWN, VERSIONS = st.sampled_from("xyz"), st.sampled_from("12"), st.integers(1, 4)
EVENTS = st.lists(
    st.one_of(
        st.builds(upsert, SOURCES, OWN, VERSIONS, st.sampled_from(IDS), st.sampled_from("甲乙")),
        st.builds(withdraw, SOURCES, OWN, VERSIONS),
        st.builds(
            decide, st.sampled_from(IDS[:2]), st.sampled_from(IDS[2:]), st.sampled_from(["joined", "undone"]), VERSIONS
        ),
    ),
    max_size=14,
)


@settings(max_examples=300, deadline=None)
@given(EVENTS, st.integers(1, 5), st.randoms(use_true_random=False))
def test_any_order_repetition_and_division_ends_in_the_same_records(
    events: list[Submission | SameAs], size: int, random: object
) -> None:
    one, other = Memory(), Memory()
    one.take(events)
    shuffled = events + events[::2]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    for start in range(0, len(shuffled), size):
        other.take(shuffled[start : start + size])
    assert one.digest() == other.digest()


@settings(max_examples=100, deadline=None)
@given(EVENTS)
def test_versions_count_without_gaps_and_a_repeat_publishes_nothing(events: list[Submission | SameAs]) -> None:
    memory = Memory()
    for event in events:
        memory.take([event])
    told: dict[str, list[int]] = {}
    for record in memory.published:
        told.setdefault(record.id, []).append(record.version)
    assert all(versions == list(range(1, len(versions) + 1)) for versions in told.values())
    before = len(memory.published)
    memory.take(events)
    assert len(memory.published) == before


def test_a_record_that_moves_leaves_a_withdrawn_one() -> None:
    memory = Memory()
    memory.take([upsert("x", "1", 1, IDS[0], "甲")])
    memory.take([upsert("x", "1", 2, IDS[1], "甲")])
    assert (memory.records[IDS[0]].status, memory.records[IDS[1]].status) == ("withdrawn", "active")


def test_a_withdrawal_before_its_upsert_still_counts() -> None:
    memory = Memory()
    memory.take([withdraw("x", "1", 2)])
    memory.take([upsert("x", "1", 1, IDS[0], "甲")])
    assert memory.records[IDS[0]].status == "withdrawn"


def test_joined_records_are_one_until_it_is_undone() -> None:
    memory = Memory()
    memory.take([upsert("x", "1", 1, IDS[0], "甲"), upsert("y", "2", 1, IDS[2], "甲")])
    memory.take([decide(IDS[0], IDS[2], "joined", 1)])
    assert memory.records[IDS[2]].replaced_by == IDS[0]
    assert memory.records[IDS[0]].same_as == (IDS[2],)
    memory.take([decide(IDS[0], IDS[2], "undone", 2)])
    assert memory.records[IDS[2]].status == "active"
    assert memory.records[IDS[0]].same_as == ()
