"""Each reader of a search parameter at its edges, and the one form in which a search is written."""

from typing import Annotated, Literal
from urllib.parse import parse_qsl

import pytest

from hub.kernel.problems import Problem, Refusal
from hub.ports.catalogue import Box, Near, Query
from hub.text.language import Bilingual
from schemas.annotations import F
from schemas.kind import Kind, RecordModel, register, unregister
from services.catalog.core.parameters import closest, day_text
from services.catalog.core.queries import FACETS_LIMIT, canonical, only, parsed, suggestion_of

pytestmark = pytest.mark.unit
NAME = Bilingual("名称", "a name")


def asked(text: str) -> Query:
    return parsed(parse_qsl(text, keep_blank_values=True), "zh")


def refused(text: str) -> list[Problem]:
    with pytest.raises(Refusal) as error:
        asked(text)
    assert error.value.status == 400
    return list(error.value.problems)


def told(text: str) -> list[tuple[str, str, str | None]]:
    """(code, what was found, parameter) of each problem."""
    return [(problem.code, problem.found, problem.field) for problem in refused(text)]


def test_every_parameter_is_read_and_the_others_have_their_defaults() -> None:
    assert asked("q= a b &cursor=next&size=100&highlight=0&sort=title") == Query(
        text="a b", cursor="next", size=100, sort="title", language="zh"
    )
    assert asked("").size == 20


def test_blank_values_are_not_given() -> None:
    assert asked("q=&size= &cursor=%20&kind=&f.status=&from.staff=&facets=,&near=&unheard=") == Query(language="zh")


def test_what_may_be_given_once_is_refused_twice() -> None:
    assert told("cursor=a&cursor=b") == [("repeated-parameter", "a, b", "cursor")]
    assert told("q=a&q=b&q=c") == [("repeated-parameter", "a, b, c", "q")]
    assert told("from.staff=1&from.staff=2") == [("repeated-parameter", "1, 2", "from.staff")]


def test_there_is_a_most_of_parameters_and_of_problems() -> None:
    assert len(asked("&".join(["f.department=x"] * 200)).filters["department"]) == 1
    (problem,) = refused("&".join(["f.department=x"] * 201))
    assert (problem.code, problem.found, problem.expected.en) == (
        "too-many-parameters",
        "201",
        "at most 200 parameters",
    )
    assert len(refused("&".join(f"x{number}=1" for number in range(50)))) == 50
    assert len(refused("&".join(f"x{number}=1" for number in range(51)))) == 50


def test_a_text_has_a_longest() -> None:
    assert asked(f"q={'x' * 500}").text == "x" * 500
    assert refused(f"q={'x' * 501}")[0].expected.en == "at most 500 characters"
    assert suggestion_of([("q", "x" * 500)])[0] == "x" * 500


@pytest.mark.parametrize("given", ["0", "101", "-1", "1.0", "５", "²", "0000000001", "x"])
def test_what_is_no_size_is_refused(given: str) -> None:
    assert told(f"size={given}") == [("bad-parameter", given, "size")]


@pytest.mark.parametrize(("given", "size"), [("1", 1), ("100", 100), ("000000007", 7)])
def test_sizes(given: str, size: int) -> None:
    assert asked(f"size={given}").size == size


def test_an_unknown_parameter_is_told_with_the_closest_or_all() -> None:
    assert told("hilight=1&zzzz=1") == [("unknown-parameter", "", "hilight"), ("unknown-parameter", "", "zzzz")]
    close, far = refused("hilight=1&zzzz=1")
    assert close.expected.zh == "已有的参数；最接近的是 highlight"
    assert far.expected.en == (
        "a known parameter: one of q, kind, near, within_km, box, sort, size, cursor, facets, highlight, lang, "
        "f.<path>, from.<path>, to.<path>"
    )


def test_of_many_names_sixty_are_told() -> None:
    names = [f"n{number}" for number in range(61)]
    assert closest("?", names, NAME).en == f"a name: one of {', '.join(names[:60])}"
    assert closest("?", names, NAME).zh == f"名称之一：{', '.join(names[:60])}"
    assert closest("n60", names, NAME).en == "a name; the closest is n60"


def test_a_close_name_shares_three_letters_of_five() -> None:
    assert closest("abcxx", ["abcyy"], NAME).en == "a name; the closest is abcyy"
    assert closest("abxxx", ["abyyy"], NAME).en == "a name: one of abyyy"


def test_only_what_is_allowed() -> None:
    only([("size", "1"), ("cursor", "")], ("cursor", "size"))
    with pytest.raises(Refusal) as error:
        only([("size", "1"), ("f.kind", "x")], ("cursor", "size"))
    assert (error.value.status, [problem.field for problem in error.value.problems]) == (400, ["f.kind"])


def test_completions_have_their_defaults_limits_and_parameters() -> None:
    assert suggestion_of([]) == ("", (), 10)
    assert suggestion_of([("q", "x"), ("limit", "20"), ("lang", "en"), ("kind", "expert")]) == ("x", ("expert",), 20)
    for given in (("limit", "21"), ("kind", "exprt"), ("f.status", "idle"), ("q", "x" * 501)):
        with pytest.raises(Refusal) as error:
            suggestion_of([given])
        assert (error.value.status, error.value.problems[0].field) == (400, given[0])


def test_a_kind_is_taken_once_and_what_is_none_is_told() -> None:
    assert asked("kind=expert&f.kind=expert&kind=project").kinds == ("expert", "project")
    assert told("kind=expert&f.kind=exprt&kind=projct") == [
        ("bad-parameter", "projct", "kind"),
        ("bad-parameter", "exprt", "f.kind"),
    ]


def test_filters_take_labels_divisions_and_both_words_for_yes() -> None:
    query = asked(
        "f.status=闲置&f.status=idle&f.shared=no&f.open_to_public=YES&f.place.division=浙江省杭州市&f.department=物理&f.department=x"
    )
    assert query.filters == {
        "status": ("idle",),
        "shared": ("false",),
        "open_to_public": ("true",),
        "place.division": ("330100",),
        "department": ("物理", "x"),
    }
    assert asked("f.department=浙江省杭州市").filters == {"department": ("浙江省杭州市",)}
    assert asked("f.place.division=neverland").filters == {"place.division": ("neverland",)}


def test_every_filter_that_is_wrong_is_told() -> None:
    assert told("f.stats=1&f.colour=red&f.shared=perhaps&f.status=idle&f.status=idel") == [
        ("unknown-path", "stats", "f.stats"),
        ("unknown-path", "colour", "f.colour"),
        ("bad-parameter", "perhaps", "f.shared"),
        ("bad-parameter", "idel", "f.status"),
    ]
    assert refused("f.shared=perhaps")[0].expected.en == "true or false"
    assert refused("f.status=idel")[0].expected.en == "a code of this field, or its label; the closest is idle"


class Well(RecordModel):
    depth: Annotated[Literal["deep", "flat"] | None, F("深浅", "depth", search="facet")] = None


def test_choices_without_a_code_list_are_kept_to_as_well() -> None:
    register(Kind("well", NAME, Well, ()))
    try:
        assert asked("kind=well&f.depth=deep").filters == {"depth": ("deep",)}
        assert told("kind=well&f.depth=shallow") == [("bad-parameter", "shallow", "f.depth")]
    finally:
        unregister("well")


def test_a_status_of_any_kind_is_one_where_kinds_are_not_named() -> None:
    assert asked("f.status=planned&f.status=operating").filters == {"status": ("planned", "operating")}
    assert told("kind=instrument&f.status=planned") == [("bad-parameter", "planned", "f.status")]


def test_ranges_are_whole_days_or_numbers() -> None:
    assert asked("from.staff=1,000&to.staff=1000").ranges == {"staff": (1000.0, 1000.0)}
    assert asked("to.staff=2").ranges == {"staff": (None, 2.0)}
    assert asked("from.commissioned=1970-01-02&to.commissioned=1970-01-02").ranges == {"commissioned": (1.0, 1.0)}
    assert asked("from.commissioned=1970&to.commissioned=1970").ranges == {"commissioned": (0.0, 364.0)}
    assert asked("from.commissioned=1970-02&to.commissioned=1970-02").ranges == {"commissioned": (31.0, 58.0)}
    assert asked("from.commissioned=1970-12&to.commissioned=1970-12").ranges == {"commissioned": (334.0, 364.0)}


def test_every_range_that_is_wrong_is_told() -> None:
    assert told(
        "from.colour=1&to.stuff=2&to.above=3&from.staff=9&to.staff=8&to.external_hours=x&from.commissioned=1970-13"
    ) == [
        ("unknown-path", "colour", "from.colour"),
        ("unknown-path", "stuff", "to.stuff"),
        ("unknown-path", "above", "to.above"),
        ("bad-parameter", "8", "to.staff"),
        ("bad-parameter", "x", "to.external_hours"),
        ("bad-parameter", "1970-13", "from.commissioned"),
    ]
    assert refused("from.staff=9&to.staff=8")[0].expected.zh == "不小于 from.staff 的值"


def test_sorts() -> None:
    assert asked("sort=-staff").sort == "-staff"
    assert asked("sort=commissioned").sort == "commissioned"
    assert asked("sort=-distance&near=30,120").sort == "-distance"
    for given in ("-relevance", "--staff", "colour"):
        assert told(f"sort={given}") == [("bad-parameter", given, "sort")]
    (problem,) = refused("sort=-distance")
    assert problem.expected.en == "to be used together with `near=latitude,longitude`"
    assert told("kind=expert&sort=staff") == [("bad-parameter", "staff", "sort")]


def test_facets_are_taken_once_up_to_a_limit_and_what_is_none_is_told() -> None:
    assert asked("facets= status , status&facets=category,,kind").facets == ("status", "category", "kind")
    assert asked("kind=instrument&facets=status,auto").facets[:2] == ("status", "category")
    assert told("facets=above,colour,status,statu") == [
        ("unknown-path", "above", "facets"),
        ("unknown-path", "colour", "facets"),
        ("unknown-path", "statu", "facets"),
    ]
    many = [
        "kind",
        "owner.name_zh",
        "category",
        "instrument_types.name",
        "resource_type",
        "manufacturer.name_zh",
        "research_fields",
        "techniques",
        "certifications",
        "laboratory.name_zh",
        "department",
        "place.division",
        "place.country",
        "shared",
        "status",
        "service_level",
        "type",
        "level",
        "host.name_zh",
        "disciplines",
        "keywords",
        "degree",
    ]
    assert asked(f"facets={','.join(many)}").facets == tuple(many[:FACETS_LIMIT])
    assert FACETS_LIMIT == 20


@pytest.mark.parametrize(
    ("given", "near"),
    [
        ("90,180", Near(90, 180, 50)),
        ("-90，-180", Near(-90, -180, 50)),
        ("0,0&within_km=0.5", Near(0, 0, 0.5)),
        ("0,0&within_km=99999", Near(0, 0, 20_100)),
    ],
)
def test_points(given: str, near: Near) -> None:
    assert asked(f"near={given}").near == near


@pytest.mark.parametrize("given", ["90.1,0", "-90.1,0", "0,180.1", "0,-180.1", "1", "1,2,3", "a,b", "nan,0", "0,inf"])
def test_what_is_no_point_is_refused_and_its_distance_is_not(given: str) -> None:
    assert told(f"near={given}&within_km=5") == [("bad-parameter", given, "near")]


@pytest.mark.parametrize("given", ["0", "-1", "x", "1,2", "inf"])
def test_what_is_no_distance_is_refused(given: str) -> None:
    assert told(f"near=0,0&within_km={given}") == [("bad-parameter", given, "within_km")]


def test_a_distance_means_nothing_alone() -> None:
    assert told("within_km=5.50") == [("bad-parameter", "5.5", "within_km")]
    assert refused("within_km=5")[0].expected.zh == "与 `near=纬度,经度` 一起使用"


@pytest.mark.parametrize(
    ("given", "box"),
    [
        ("-90,-180,90,180", Box(-90, -180, 90, 180)),
        ("1,180,1,-180", Box(1, 180, 1, -180)),
        ("1，2，3，4", Box(1, 2, 3, 4)),
    ],
)
def test_boxes(given: str, box: Box) -> None:
    assert asked(f"box={given}").box == box


@pytest.mark.parametrize(
    "given", ["-90.1,0,0,0", "0,0,90.1,0", "1,0,0,0", "0,180.1,0,0", "0,-180.1,0,0", "0,0,0,180.1", "0,0,0,-180.1"]
)
def test_what_is_no_box_is_refused(given: str) -> None:
    assert told(f"box={given}") == [("bad-parameter", given, "box")]


def test_equal_searches_are_written_alike() -> None:
    query = asked(
        "to.external_hours=2.5&from.external_hours=1&from.commissioned=1970-01-02&f.status=idle&f.status=active&f.department=x&kind=project"
        "&kind=instrument&q=a&sort=title&box=1,2,3,4.25&near=30,120.5&within_km=5&size=7&cursor=c&facets=kind&highlight=1"
    )
    assert canonical(query) == [
        ("q", "a"),
        ("kind", "instrument"),
        ("kind", "project"),
        ("f.department", "x"),
        ("f.status", "active"),
        ("f.status", "idle"),
        ("from.commissioned", "1970-01-02"),
        ("from.external_hours", "1"),
        ("to.external_hours", "2.5"),
        ("near", "30,120.5"),
        ("within_km", "5"),
        ("box", "1,2,3,4.25"),
        ("sort", "title"),
    ]
    assert canonical(asked("")) == canonical(asked("sort=relevance")) == []
    assert canonical(asked("sort=commissioned")) == [("sort", "commissioned")]
    assert canonical(asked("near=-30.5,-120.5")) == [("near", "-30.5,-120.5"), ("within_km", "50")]
    assert day_text(31.0) == "1970-02-01"
