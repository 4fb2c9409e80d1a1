"""The portal's texts, highlights, times and addresses."""

import re
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.portal.core import times
from services.portal.core.addresses import local
from services.portal.core.linked_data import linked_data
from services.portal.core.marks import only_marks, unmarked
from services.portal.core.messages import MESSAGES, load, translator
from services.portal.core.money import money_text

PORTAL = Path(__file__).resolve().parents[2] / "services" / "portal"


def named(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_message_says_the_same_in_both_languages() -> None:
    assert len(MESSAGES) > 100
    for key, message in MESSAGES.items():
        assert named(message["zh"]) == named(message["en"]), key
        worded = re.search(r"\w", re.sub(r"\{\w+\}", "", message["zh"]))
        if worded and key != "nav.other_language":
            assert re.search(r"[一-鿿]", message["zh"]), key
            assert not re.search(r"[一-鿿]", message["en"]), key


@pytest.mark.parametrize(
    "text", ["a: {zh: 好}", "a: {zh: 好, en: yes}", "a: {zh: 好, en: ''}", "a: {zh: 好, en: x, fr: y}"]
)
def test_a_message_that_lacks_a_language_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="message a"):
        load(text)


def test_pages_use_every_message_and_none_that_is_not_there() -> None:
    sources = "".join(path.read_text() for path in PORTAL.rglob("*") if path.suffix in (".html", ".py"))
    used = set(re.findall(r"""\bt\(\s*["']([a-z_.0-9]+)["']\s*[,)]""", sources))
    used |= set(re.findall(r'translator\([^)]*\)\("([a-z_.0-9]+)"', sources))
    begun = set(re.findall(r"""["']([a-z_]+(?:\.[a-z_]+)*\.)["'] ~""", sources)) | {"filters.", "record.refer"}
    assert used - MESSAGES.keys() == set()
    assert {
        key for key in MESSAGES if key not in used and not key.startswith(tuple(begun)) and f'"{key}"' not in sources
    } == set()


def test_one_and_many() -> None:
    english = translator("en")
    assert english("results.count", n=1) == "1 result"
    assert english("results.count", n=12345) == "12,345 results"
    assert translator("zh")("results.count", n=1) == "共 1 条"


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(f"{tag}{attrs or ''}")


@given(
    st.lists(
        st.sampled_from(["<mark>", "</mark>", "<", ">", "&lt;", "&amp;", '"', "<b onclick=x>", "<mark id=a>", "电镜"])
    )
)
def test_highlights_keep_marks_and_nothing_else(parts: list[str]) -> None:
    shown = only_marks("".join(parts))
    tags = Tags()
    tags.feed(shown)
    assert set(tags.seen) <= {"mark"}
    assert shown.count("<mark>") == shown.count("</mark>")
    assert only_marks(shown) == shown
    assert unmarked(shown) == unmarked("".join(parts))


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "https://evil.example",
        "evil",
        "/a b",
        "/" * 3000,
    ],
)
def test_nobody_is_sent_to_another_site(target: str | None) -> None:
    assert local(target) == "/"


def test_own_addresses_are_kept() -> None:
    assert local("/records/a/book?start=2027-03-01T10%3A00#sheet") == "/records/a/book?start=2027-03-01T10%3A00#sheet"


def test_times_in_both_languages() -> None:
    start, end = "2027-03-01T09:00:00+08:00", "2027-03-01T10:30:00+08:00"
    assert times.span_text(start, end, "zh") == "3月1日 周一 09:00–10:30"
    assert times.span_text(start, end, "en") == "Mon 1 Mar, 09:00–10:30"
    assert times.span_text(start, "2027-03-02T01:00:00+08:00", "en") == "Mon 1 Mar, 09:00 – Tue 2 Mar 01:00"
    assert times.date_text(start, "zh") == "2027年3月1日"
    assert money_text({"amount": "12300.50", "currency": "CNY"}, "zh") == "12,300.50 元"
    assert money_text({"amount": "300.00", "currency": "EUR"}, "en") == "EUR 300"


def test_linked_data_cannot_end_its_element() -> None:
    record = {
        "id": "x",
        "kind": "instrument",
        "title": "</script><script>alert(1)</script>",
        "fields": {"model": "<!--", "manufacturer": {"name_zh": "厂"}},
        "geo": [30.0, 120.0],
    }
    text = linked_data(record, "http://hub.test/records/x")
    assert "<" not in text
    told = orjson.loads(text)
    assert (told["@type"], told["model"], told["name"]) == ("Product", "<!--", record["title"])
    assert told["location"]["geo"]["longitude"] == 120.0
