"""Which pairs of records stewards are asked about, and what may be joined."""

from dataclasses import replace

import pytest

from hub.kernel.contributions import SameAs
from hub.kernel.records import Record, SourceRef
from schemas.kind import kind_named
from services.curation.core.components import MEMBERS_LIMIT
from services.curation.core.stewarding import (
    Group,
    canonical,
    joined_size,
    may_be_joined,
    of_one_kind,
    undecided_pairs,
)
from services.curation.core.weak import weak_keys
from tests.unit.curation_memory import AT, same_as

pytestmark = pytest.mark.unit
A, B, C = (f"organisation-{letter}" for letter in "abc")
NAMES = {"name_zh": "甲所", "name_en": "Institute A"}
LOW, HIGH = sorted(weak_keys(kind_named("organisation"), NAMES))


def record(record_id: str, **fields: str) -> Record:
    source = SourceRef("city", record_id, 1, "owner", AT)
    return Record(record_id, "organisation", 1, "active", AT, AT, NAMES | fields, {}, (source,))


def asked(groups: list[Group], *records: Record, decided: tuple[SameAs, ...] = ()) -> list[tuple[str, str]]:
    known = {one.id: one for one in records}
    return [(pair.left.id, pair.right.id) for pair in undecided_pairs(groups, known, decided)]


def test_every_pair_of_a_group_is_asked_about_once() -> None:
    groups = [(LOW, (C, B, A)), (HIGH, (A, B, C))]
    assert asked(groups, record(A), record(B), record(C)) == [(A, B), (A, C), (B, C)]


def test_what_is_decided_is_asked_about_again_only_when_it_is_undone() -> None:
    group, both = (LOW, (A, B)), (record(A), record(B))
    for decision, pairs in (("joined", []), ("separate", []), ("undone", [(A, B)])):
        assert asked([group], *both, decided=(same_as(A, B, 1, decision),)) == pairs


def test_the_withdrawn_the_unknown_and_what_an_identifier_tells_apart_are_not_asked_about() -> None:
    group = (LOW, (A, B))
    assert asked([group], record(A)) == []
    assert asked([group], record(A), replace(record(B), status="withdrawn")) == []
    assert asked([group], record(A, ror="https://ror.org/1"), record(B, ror="https://ror.org/2")) == []
    assert asked([group], record(A), replace(record(B), fields={"name_zh": "乙所"})) == []


def test_a_record_stands_for_all_that_it_is_joined_to_within_a_limit() -> None:
    joined = replace(record(A), same_as=(B,))
    assert (canonical(joined), canonical(replace(record(B), replaced_by=A))) == (A, A)
    assert joined_size([joined, joined, record(C)]) == 3
    most = replace(joined, same_as=tuple(map(str, range(MEMBERS_LIMIT - 2))))
    assert may_be_joined([most, record(C)])
    assert not may_be_joined([most, record(B), record(C)])


def test_only_two_things_of_one_kind_can_be_one() -> None:
    assert of_one_kind(A, B)
    assert not of_one_kind(A, A)
    assert not of_one_kind(A, "expert-a")
