"""Marks and cursors: what they may show and whom they serve."""

import re
from dataclasses import replace
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.kernel.problems import Refusal
from hub.kernel.terms import query_terms
from hub.ports.catalogue import Near, Query
from services.catalog.core.completions import KEY_LIMIT, completions, typed_key
from services.catalog.core.cursor import Position, decoded, encoded
from services.catalog.core.highlight import SNIPPET, Marker
from services.catalog.core.paths import facets, filters, ranges, required, sorts

pytestmark = pytest.mark.unit

SOME_TEXT = st.text(st.sampled_from("质谱仪<>&\"' abmsＭＳ-．ﬁ\n"), max_size=400)


@settings(max_examples=60, deadline=None)
@given(SOME_TEXT, st.sampled_from(["质谱", "ms", "a b", "<mark>", "谱仪 ms 质"]))
def test_marking_changes_nothing_but_marks(text: str, typed: str) -> None:
    html = Marker(query_terms(typed)).marked(text)
    if html is None:
        return
    assert not re.sub(r"</?mark>", "", html).count("<")
    shown = unescape(re.sub(r"</?mark>", "", html))
    assert shown.strip("…") in text
    assert html.count("<mark>") == html.count("</mark>") > 0
    assert len(shown) <= SNIPPET + 2 + len(typed)


@pytest.mark.parametrize(
    ("typed", "text", "html"),
    [
        ("浙江大学 材料", "浙江大学材料系", "<mark>浙江大学材料</mark>系"),
        ("spectrometer ion", "Spectrometers of ions", "<mark>Spectrometers</mark> of <mark>ions</mark>"),
        ("lcms 质谱", "LC-MS", "<mark>LC-MS</mark>"),
        ("library lab", "Libraries", "<mark>Libraries</mark>"),
        ("tof ion", "ＴＯＦ station", "<mark>ＴＯＦ</mark> station"),
        ("mass spectro", "mass spectroscopy", "<mark>mass</mark> <mark>spectroscopy</mark>"),
    ],
)
def test_marks_cover_the_spellings(typed: str, text: str, html: str) -> None:
    assert Marker(query_terms(typed)).marked(text) == html


def test_snippets_are_cut_where_most_is_found() -> None:
    text = "质谱" + "无" * 300 + "质谱与光谱、质谱" + "无" * 300
    html = Marker(["质谱", "光谱"]).marked(text)
    assert html is not None
    assert html.startswith("…")
    assert html.endswith("…")
    assert html.count("<mark>") == 3


def test_nested_fields_are_marked_by_path() -> None:
    public = {"owner": {"name_zh": "质谱中心"}, "techniques": ["色谱", "质谱"], "n": 3}
    assert Marker(["质谱"]).highlights(public) == {
        "owner.name_zh": "<mark>质谱</mark>中心",
        "techniques": "<mark>质谱</mark>",
    }


@settings(max_examples=60, deadline=None)
@given(st.integers(), st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=64), st.text(max_size=60))
def test_cursors_keep_the_position(stage: int, key: float | str, record_id: str) -> None:
    position = Position(stage % 2**31, key, record_id)
    query = Query("质谱", near=Near(1.0, 2.0, 3.0), filters={"a": ("b",)})
    assert decoded(replace(query, cursor=encoded(query, position), size=7)) == position


@pytest.mark.parametrize("cursor", ["", "x", "ÿ", "AAAA" * 400, "W10", "eyJhIjoxfQ"])
def test_forged_cursors_are_refused(cursor: str) -> None:
    with pytest.raises(Refusal) as refused:
        decoded(Query(cursor=cursor))
    assert refused.value.problems[0].code == "bad-cursor"


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_completions_are_what_one_may_begin_to_type(name: str) -> None:
    for place, key in completions(name):
        assert 0 <= place < 3
        assert 0 < len(key) <= KEY_LIMIT
        assert typed_key(key) == key
    if typed_key(name):
        assert any(key == typed_key(name) for _, key in completions(name))


def test_paths_are_shared_between_kinds() -> None:
    assert {"instrument", "laboratory"} <= set(facets()["place.division"].kinds)
    assert facets()["place.division"].codes == "division"
    assert "inventory_number" in filters(["instrument"])
    assert "inventory_number" not in {**filters(["project"]), **facets()}
    assert ranges(["project"])["start_date"].role == "date"
    assert sorts(["project"])[:4] == ("relevance", "updated", "title", "distance")
    assert required("category", facets(), "unknown-path", "facets") == "category"
    with pytest.raises(Refusal) as refused:
        required("place.divisoin", facets(), "unknown-path", "f.place.divisoin")
    assert refused.value.status == 400
    assert "place.division" in refused.value.problems[0].expected.zh


def test_a_snippet_begins_and_ends_with_whole_words() -> None:
    text = (
        "Opening hours and prices are illustrative throughout. " * 4
        + "An orbitrap stands here. "
        + "Booking rules " * 30
    )
    marked = Marker(["orbitrap"]).marked(text)
    assert marked is not None
    words = marked.replace("<mark>", "").replace("</mark>", "").strip("…").split()
    assert {words[0], words[-1]} <= set(text.split())
