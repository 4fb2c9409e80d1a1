"""Whose word a merged record has: authorities, those that have no say, equals who disagree, and stewards' choices."""

from typing import Annotated, Any

import pytest

from hub.kernel.contributions import Contribution, Preference
from hub.kernel.records import Authority, Conflict, Operation, Submission
from hub.text.language import Bilingual
from schemas.annotations import F
from schemas.kind import Kind, RecordModel
from services.curation.core.merge import EARLIEST_TIME, NOTHING, Merged, field_orders, merged

pytestmark = pytest.mark.unit
AT = "2026-01-01T00:00:00.000000Z"


class Telescope(RecordModel):
    name_zh: str | None = None
    shared: bool | None = None
    price: Annotated[str | None, F("价格", "price", authority=("owner", "national"))] = None


KIND = Kind("telescope", Bilingual("望远镜", "telescope"), Telescope, (), authority=("national", "owner"))


def says(
    source: str, authority: Authority, version: int = 1, number: str = "1", *, withdrawn: bool = False, **fields: Any
) -> Contribution:
    """A contribution as it comes off the log."""
    operation: Operation = "withdraw" if withdrawn else "upsert"
    said = Submission("telescope", source, number, version, operation, authority, "telescope-1", fields, AT)
    return Contribution.of(Submission.from_bytes(said.to_bytes()))


def prefers(field: str, source: str, number: str = "1") -> Preference:
    return Preference("telescope-1", field, source, number, 1, "steward", AT)


def speakers(result: Merged) -> dict[str, str]:
    return {name: result.sources[index].source for name, index in result.provenance.items()}


def test_an_authority_that_the_order_leaves_out_sets_nothing_though_it_speaks_alone() -> None:
    result = merged(KIND, [says("web", "harvested", name_zh="网页", price="1 CNY")])
    assert (result.fields, result.provenance, [source.source for source in result.sources]) == ({}, {}, ["web"])


def test_an_authority_that_the_order_leaves_out_sets_nothing_beside_others() -> None:
    web = says("web", "harvested", name_zh="网页", price="1 CNY", shared=False)
    result = merged(KIND, [web, says("lab", "owner", shared=True)])
    assert (result.fields, speakers(result), result.conflicts) == ({"shared": True}, {"shared": "lab"}, ())


def test_a_fields_own_order_goes_before_the_kinds() -> None:
    assert field_orders(Telescope) == {"price": ("owner", "national")}
    ministry, lab = (
        says(source, authority, name_zh=source, price=source)
        for source, authority in (("ministry", "national"), ("lab", "owner"))
    )
    assert merged(KIND, [lab, ministry]).fields == {"name_zh": "ministry", "price": "lab"}
    assert merged(KIND, [ministry]).fields == {"name_zh": "ministry", "price": "ministry"}


def test_no_and_nothing_are_not_the_same() -> None:
    sole = merged(KIND, [says("lab", "owner", shared=False, name_zh=None)])
    assert (sole.fields, sole.provenance) == ({"shared": False}, {"shared": 0})
    ministry = says("ministry", "national", shared=False, name_zh=None)
    result = merged(KIND, [ministry, says("lab", "owner", shared=True, name_zh="单位")])
    assert result.fields == {"shared": False}  # the ministry states that there is no such name


def test_what_is_withdrawn_does_not_count() -> None:
    gone = says("ministry", "national", withdrawn=True)
    assert merged(KIND, [gone]) == merged(KIND, []) == NOTHING
    result = merged(KIND, [gone, says("lab", "owner", name_zh="单位")])
    assert (result.fields, [source.source for source in result.sources]) == ({"name_zh": "单位"}, ["lab"])


@pytest.mark.parametrize(
    ("versions", "first"),
    [
        ((EARLIEST_TIME, EARLIEST_TIME + 1), "b"),
        ((EARLIEST_TIME + 1, EARLIEST_TIME), "a"),
        ((EARLIEST_TIME - 1, EARLIEST_TIME), "b"),
        ((EARLIEST_TIME - 2, EARLIEST_TIME - 1), "a"),
        ((EARLIEST_TIME - 1, EARLIEST_TIME - 2), "a"),
    ],
)
def test_among_equals_the_later_time_stands_first_and_counts_are_not_compared(
    versions: tuple[int, int], first: str
) -> None:
    a, b = versions
    result = merged(KIND, [says("a", "owner", a, name_zh="a"), says("b", "owner", b, name_zh="b")])
    assert result.fields == {"name_zh": first}
    assert result.sources[0].source == first


def test_a_count_from_1973_on_is_a_time() -> None:
    assert EARLIEST_TIME == 100_000_000_000_000


def test_records_of_one_source_stand_in_the_order_of_their_ids() -> None:
    result = merged(KIND, [says("lab", "owner", number=number, name_zh=number) for number in "21"])
    assert result.fields == {"name_zh": "1"}
    assert result.conflicts == (Conflict("name_zh", ((0, "1"), (1, "2"))),)


def test_a_conflict_has_each_value_once_and_of_the_first_authority_alone() -> None:
    said = [says(source, "owner", name_zh=name) for source, name in zip("abcd", "甲乙甲丙", strict=True)]
    conflict = Conflict("name_zh", ((0, "甲"), (1, "乙"), (3, "丙")))
    assert merged(KIND, said).conflicts == (conflict,)
    assert merged(KIND, [*said[:1], said[2], says("web", "harvested", name_zh="丁")]).conflicts == ()
    above = says("e", "national", name_zh="戊")
    assert merged(KIND, [*said, above]).conflicts == ()
    assert merged(KIND, [*said, above]).fields == {"name_zh": "戊"}


def test_a_choice_settles_its_own_field_with_the_chosen_ones_value() -> None:
    said = [says(source, "owner", name_zh=source, price=source) for source in "abc"]
    result = merged(KIND, said, [prefers("name_zh", "b")])
    assert result.fields == {"name_zh": "b", "price": "a"}
    assert speakers(result) == {"name_zh": "b", "price": "a"}
    assert [conflict.field for conflict in result.conflicts] == ["price"]


@pytest.mark.parametrize("choice", [prefers("name_zh", "c"), prefers("name_zh", "a", "2"), prefers("price", "b")])
def test_a_choice_of_one_who_says_nothing_of_the_field_settles_nothing(choice: Preference) -> None:
    said = [says("a", "owner", name_zh="a"), says("b", "owner", name_zh="b"), says("c", "owner", shared=True)]
    result = merged(KIND, said, [choice])
    assert result.fields["name_zh"] == "a"
    assert [conflict.field for conflict in result.conflicts] == ["name_zh"]


def test_a_choice_may_go_to_a_lower_authority_but_not_to_one_that_has_no_say() -> None:
    said = [
        says("ministry", "national", name_zh="国家"),
        says("lab", "owner", name_zh="单位"),
        says("web", "harvested", name_zh="网页"),
    ]
    assert merged(KIND, said, [prefers("name_zh", "lab")]).fields == {"name_zh": "单位"}
    assert merged(KIND, said, [prefers("name_zh", "web")]).fields == {"name_zh": "国家"}


def test_of_choices_for_one_field_the_last_counts() -> None:
    said = [says(source, "owner", name_zh=source) for source in "abc"]
    assert merged(KIND, said, [prefers("name_zh", "b"), prefers("name_zh", "c")]).fields == {"name_zh": "c"}


def test_fields_and_conflicts_stand_in_the_order_of_their_names() -> None:
    names = "hgfedcba"
    said = [says(source, "owner", **dict.fromkeys(names, source)) for source in "ab"]
    result = merged(KIND, said)
    assert list(result.fields) == [conflict.field for conflict in result.conflicts] == sorted(names)
