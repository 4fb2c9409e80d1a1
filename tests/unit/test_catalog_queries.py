"""Search parameters: read as people write them, refused by name, and written back in one form."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.kernel.problems import Problem, Refusal
from hub.ports.catalogue import Box, Near, Query
from services.catalog.core.queries import only, parsed, suggestion_of
from services.catalog.service import query_string

pytestmark = pytest.mark.unit


def asked(text: str) -> Query:
    return parsed(parse_qsl(text, keep_blank_values=True), "zh")


def refused(text: str) -> tuple[Problem, ...]:
    with pytest.raises(Refusal) as error:
        asked(text)
    assert error.value.status == 400
    return error.value.problems


def test_a_whole_search() -> None:
    query = asked(
        "q=电镜&kind=instrument&f.status=in_service&f.status=闲置&f.place.division=浙江省杭州市&f.shared=是"
        "&from.commissioned=2018&to.commissioned=2020-02&from.original_value.amount=100万&near=30.26,120.12"
        "&within_km=5&box=27,118,31.5,123&sort=-commissioned&size=5&facets=status,category&highlight=1&lang=en&f.category="
    )
    assert query.filters == {"status": ("in_service", "idle"), "place.division": ("330100",), "shared": ("true",)}
    assert query.ranges == {"commissioned": (17532.0, 18321.0), "original_value.amount": (1_000_000.0, None)}
    assert (query.near, query.box) == (Near(30.26, 120.12, 5.0), Box(27.0, 118.0, 31.5, 123.0))
    assert (query.sort, query.size, query.facets) == ("-commissioned", 5, ("status", "category"))
    assert query.highlight
    assert query_string(query) == query_string(asked(query_string(query)))


def test_nothing_asked_is_everything_by_relevance() -> None:
    assert asked("") == Query(language="zh")


def test_the_kind_may_be_filtered_like_any_path() -> None:
    assert asked("f.kind=expert&kind=project&f.kind=expert").kinds == ("project", "expert")
    assert refused("f.kind=exprt")[0].field == "f.kind"


def test_facets_can_be_chosen_by_the_hub() -> None:
    assert asked("kind=instrument&facets=auto").facets[:3] == ("category", "resource_type", "shared")
    several = asked("facets=auto").facets
    assert several[0] == "kind"
    assert "place.division" in several


@pytest.mark.parametrize(
    ("text", "field", "told"),
    [
        ("siez=3", "siez", "size"),
        ("kind=instrumnt", "kind", "instrument"),
        ("f.statu=idle", "f.statu", "status"),
        ("kind=instrument&f.status=idel", "f.status", "idle"),
        ("kind=expert&f.model=x", "f.model", "expert"),
        ("f.shared=perhaps", "f.shared", "true"),
        ("from.commisioned=2020", "from.commisioned", "commissioned"),
        ("from.commissioned=yesterday", "from.commissioned", "2024-03-01"),
        ("from.commissioned=2021&to.commissioned=2020", "to.commissioned", "from.commissioned"),
        ("from.external_hours=many", "from.external_hours", "number"),
        ("near=120.12,30.26,1", "near", "latitude"),
        ("near=99,120", "near", "latitude"),
        ("within_km=5", "within_km", "near"),
        ("near=30,120&within_km=-1", "within_km", "kilometres"),
        ("box=31,118,27,123", "box", "south"),
        ("sort=distance", "sort", "near"),
        ("sort=-comissioned", "sort", "commissioned"),
        ("size=101", "size", "100"),
        ("size=0", "size", "100"),
        ("facets=categry", "facets", "category"),
        ("highlight=maybe", "highlight", "1 or 0"),
        ("size=1&size=2", "size", "once"),
        (f"q={'x' * 501}", "q", "500"),
        ("f.contact.name=x", "f.contact.name", ""),
        ("sort=contact.name", "sort", ""),
    ],
)
def test_what_is_wrong_is_named_with_what_would_be_right(text: str, field: str, told: str) -> None:
    (problem,) = refused(text)
    assert problem.field == field
    assert told in problem.message("en")
    assert problem.expected.zh != problem.expected.en


def test_everything_wrong_is_told_at_once() -> None:
    assert [problem.field for problem in refused("size=x&near=y&foo=1")] == ["near", "size", "foo"]


def test_many_parameters_are_refused() -> None:
    assert refused("&".join(["f.status=idle"] * 201))[0].code == "too-many-parameters"


def test_a_saved_search_takes_paging_only() -> None:
    only([("cursor", "x")], ("cursor", "size"))
    with pytest.raises(Refusal) as error:
        only([("q", "x"), ("sise", "3")], ("cursor", "size"))
    assert [problem.field for problem in error.value.problems] == ["q", "sise"]


def test_completion_parameters() -> None:
    assert suggestion_of([("q", "电镜"), ("kind", "instrument"), ("limit", "3")]) == ("电镜", ("instrument",), 3)
    with pytest.raises(Refusal):
        suggestion_of([("q", "x"), ("limit", "21")])


QUERIES = st.builds(
    Query,
    text=st.text("电镜 a&=+%#", max_size=8).map(str.strip),
    kinds=st.sampled_from([(), ("instrument",), ("instrument", "laboratory")]),
    filters=st.dictionaries(
        st.just("owner.name_zh"), st.lists(st.text("浙 大&=", min_size=1).map(str.strip).filter(bool), min_size=1)
    ).map(lambda found: {path: tuple(dict.fromkeys(values)) for path, values in found.items()}),
    ranges=st.dictionaries(
        st.sampled_from(["commissioned", "external_hours"]),
        st.tuples(st.integers(0, 20_000).map(float), st.none()),
    ),
    near=st.none() | st.builds(Near, st.floats(-90, 90), st.floats(-180, 180), st.floats(0.1, 20_000)),
    sort=st.sampled_from(["relevance", "-updated", "title", "-commissioned"]),
)


@settings(max_examples=60, deadline=None)
@given(QUERIES)
def test_the_query_string_asks_for_the_same_search(query: Query) -> None:
    again = asked(query_string(query))
    assert query_string(again) == query_string(query)
    assert (again.text, again.ranges, again.near, again.sort) == (query.text, query.ranges, query.near, query.sort)
    assert {path: set(values) for path, values in again.filters.items()} == {
        path: set(values) for path, values in query.filters.items()
    }
