"""Terms of Chinese, Latin and pinyin: what is typed meets what is indexed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.kernel.terms import TERMS_LIMIT, looks_like_pinyin, name_key, pinyin_terms, query_terms, segmented, sort_key

pytestmark = pytest.mark.unit

HAN = st.text(
    st.sampled_from("中国科学院大学浙江材料工程电子显微镜质谱仪重庆银行行长研究生命起源的和与量子阱一丁鿿"),
    min_size=1,
    max_size=24,
)


@settings(max_examples=60, deadline=None)
@given(HAN, st.integers(0, 23), st.integers(1, 24))
def test_any_part_of_a_chinese_text_is_found_in_it(text: str, start: int, size: int) -> None:
    part = text[start % len(text) :][:size]
    meaningful = [term for term in query_terms(part) if term not in "的和与"]
    assert set(meaningful) <= set(segmented(f"{text} JEM").split())


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80))
def test_terms_are_stable_and_free_of_blanks(text: str) -> None:
    once = segmented(text)
    assert once == segmented(text.upper().lower()) or not text.isascii()
    assert all(term == term.strip() and term for term in query_terms(text))
    assert len(query_terms(text * 9)) <= TERMS_LIMIT


@pytest.mark.parametrize(
    ("indexed", "typed"),
    [
        ("JEM-2100F", "jem 2100f"),
        ("JEM2100F", "JEM-2100F"),
        ("LC-MS/MS 联用", "LCMSMS"),
        ("Xray", "X-ray"),
        ("Libraries, analyses and boxes", "library box"),
        ("ΔE 3.14 Ångström", "3.14 angstrom"),
        ("Ｑ－ＴＯＦ　质谱", "q-tof"),
        ("women's studies in the lab", "women study"),
    ],
)
def test_spellings_meet(indexed: str, typed: str) -> None:
    assert set(query_terms(typed)) <= set(segmented(indexed).split())


def test_words_without_meaning_are_required_of_nobody() -> None:
    assert query_terms("the microscope of the institute") == ["microscope", "institute"]
    assert query_terms("材料的研究") == ["材料", "研究"]
    assert query_terms("the") == ["the"]
    assert query_terms(" ?!，。") == []


def test_pinyin_reads_words_as_a_whole() -> None:
    assert set(pinyin_terms("浙江大学").split()) >= {"zhejiang", "daxue", "zhejiangdaxue", "zjdx"}
    assert "chongqing" in pinyin_terms("重庆").split()
    assert "yinhang" in pinyin_terms("银行").split()
    assert pinyin_terms("Raman 3000") == ""
    assert "ms" not in pinyin_terms("模式").split()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("zhejiang daxue", True),
        ("zjdx", True),
        ("lvse", True),
        ("microscope", False),
        ("浙江", False),
        ("x", False),
        ("", False),
    ],
)
def test_what_can_be_read_as_pinyin(text: str, expected: bool) -> None:
    assert looks_like_pinyin(text) is expected


def test_names_are_compared_and_sorted_by_their_letters() -> None:
    assert name_key("Ｅ. coli—K 12（示例）") == "ecolik12示例"
    assert sorted(["重庆", "安徽", "Beta", "浙江"], key=sort_key) == ["安徽", "Beta", "重庆", "浙江"]
    assert len(sort_key("长" * 500)) == 64
