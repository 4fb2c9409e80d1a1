"""Merging: the same submissions make the same record, in any order and however often they come."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.kernel.cloudevents import CloudEvent
from hub.kernel.contributions import Claim, Contribution, Preference, SameAs, newest
from hub.kernel.records import SUBMITTED, Submission
from hub.ports.eventlog import Delivered
from schemas.annotations import AUTHORITIES
from schemas.kind import kind_named
from services.curation.core.components import components
from services.curation.core.decode import Malformed, decoded
from services.curation.core.merge import merged

pytestmark = pytest.mark.unit
KIND = kind_named("organisation")
ID = "organisation-aaaaaaaaaaaaaaaaaaaa"
TIME = 1_700_000_000_000_000


def said(
    source: str, fields: dict[str, object], authority: str = "owner", version: int = 1, withdrawn: bool = False
) -> Contribution:
    submission = Submission(
        "organisation", source, "1", version, "withdraw" if withdrawn else "upsert",
        authority, ID, fields, "2026-01-01T00:00:00Z",  # type: ignore[arg-type]
    )  # fmt: skip
    return Contribution.of(submission)


CONTRIBUTIONS = st.lists(
    st.builds(
        said,
        st.sampled_from(["a", "b", "c", "d"]),
        st.dictionaries(st.sampled_from(["name_zh", "name_en", "acronym"]), st.sampled_from(["x", "y", "z"])),
        st.sampled_from(AUTHORITIES),
        st.sampled_from([1, 2, TIME, TIME + 1]),
        st.booleans(),
    ),
    max_size=6,
    unique_by=lambda contribution: contribution.source,
)


@settings(max_examples=200)
@given(CONTRIBUTIONS, st.randoms(use_true_random=False))
def test_any_order_makes_the_same_record(contributions: list[Contribution], random: object) -> None:
    shuffled = list(contributions)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert merged(KIND, contributions) == merged(KIND, shuffled)


@settings(max_examples=200)
@given(CONTRIBUTIONS)
def test_every_field_is_what_its_source_says_and_withdrawn_ones_say_nothing(contributions: list[Contribution]) -> None:
    record = merged(KIND, contributions)
    by_source = {contribution.source: contribution for contribution in contributions}
    assert set(record.fields) == set(record.provenance)
    for name, value in record.fields.items():
        speaker = by_source[record.sources[record.provenance[name]].source]
        assert speaker.fields[name] == value
        assert not speaker.claim.withdrawn


def test_the_higher_authority_is_believed_without_a_conflict() -> None:
    record = merged(KIND, [said("lab", {"name_zh": "甲"}), said("ministry", {"name_zh": "乙"}, "national")])
    assert record.fields == {"name_zh": "乙"}
    assert record.sources[record.provenance["name_zh"]].source == "ministry"
    assert not record.conflicts


def test_equal_authorities_that_disagree_raise_a_conflict_that_a_steward_can_settle() -> None:
    both = [said("a", {"name_zh": "甲"}, version=TIME), said("b", {"name_zh": "乙"}, version=TIME + 1)]
    record = merged(KIND, both)
    assert record.fields == {"name_zh": "乙"}  # the newer one
    assert [conflict.field for conflict in record.conflicts] == ["name_zh"]
    choice = Preference(ID, "name_zh", "a", "1", 1, "steward", "2026-01-01T00:00:00Z")
    settled = merged(KIND, both, [choice])
    assert settled.fields == {"name_zh": "甲"}
    assert not settled.conflicts


@given(
    st.lists(
        st.builds(
            Claim, st.integers(0, 3), st.booleans(), st.sampled_from("pqr"), st.sampled_from(AUTHORITIES), st.just(ID)
        ),
        min_size=1,
    )
)
def test_claims_are_in_a_total_order(claims: list[Claim]) -> None:
    top = max(claims, key=Claim.rank)
    assert all(claim.rank() < top.rank() or claim == top for claim in claims)


def decision(left: str, right: str, word: str = "joined", version: int = 1) -> SameAs:
    first, second = sorted((left, right))
    return SameAs(first, second, word, version, "steward", "2026-01-01T00:00:00Z")  # type: ignore[arg-type]


@given(
    st.lists(
        st.builds(
            decision, st.sampled_from("abc"), st.sampled_from("defg"),
            st.sampled_from(["joined", "separate", "undone"]), st.integers(1, 4),
        ),
        max_size=12,
    ),
    st.randoms(use_true_random=False),
)  # fmt: skip
def test_decisions_in_any_order_join_the_same_ids(decisions: list[SameAs], random: object) -> None:
    shuffled = decisions * 2
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert newest(decisions) == newest(shuffled)
    one = components("abcdefg", newest(decisions).values())
    assert one == components("gfedcba", newest(shuffled).values())
    assert all(component.canonical == min(component.members) for component in one.values())


def test_joining_is_transitive_and_can_be_undone() -> None:
    joined = [decision("a", "b"), decision("b", "c")]
    assert components("a", joined)["c"].canonical == "a"
    undone = newest([*joined, decision("a", "b", "undone", 2)]).values()
    assert components("abc", undone)["c"].members == ("b", "c")


def delivered(submission: Submission, **headers: str) -> Delivered:
    event = CloudEvent(submission.event_id(), "hub", SUBMITTED, submission.subject(), "2026-01-01T00:00:00Z", b"")
    entry = replace(event, data=submission.to_bytes()).as_entry()
    kept = tuple((name, headers.get(name, value.decode()).encode()) for name, value in entry.headers)
    return Delivered("submissions", 0, 0, entry.key, entry.value, kept)


GOOD = Submission("organisation", "a", "1", 1, "upsert", "owner", ID, {"name_zh": "甲"}, "2026-01-01T00:00:00Z")


def test_a_submission_is_read_back() -> None:
    assert decoded(delivered(GOOD)) == (GOOD.event_id(), GOOD)


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (delivered(replace(GOOD, kind="unicorn")), "unknown-kind"),
        (delivered(replace(GOOD, source_version=-1)), "bad-attribute"),
        (delivered(replace(GOOD, record_id=None)), "bad-attribute"),
        (delivered(GOOD, ce_type="something"), "unknown-type"),
        (replace(delivered(GOOD), headers=()), "no-event"),
        (replace(delivered(GOOD), value=b"{"), "bad-data"),
    ],
)
def test_what_cannot_be_read_says_why_without_quoting_fields(entry: Delivered, code: str) -> None:
    result = decoded(entry)
    assert isinstance(result, Malformed)
    assert result.code == code
    assert "甲" not in result.reason
