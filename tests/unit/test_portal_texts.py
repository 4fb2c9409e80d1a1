"""The portal's texts, highlights, times and addresses."""

from html.parser import HTMLParser

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.http.booking import Price
from schemas.http.records import Record
from services.portal.core import times
from services.portal.core.marks import only_marks, unmarked
from services.portal.core.times import money_text
from services.portal.guard import local
from services.portal.pages.record import linked_data


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
    assert money_text(Price(amount="12300.50", currency="CNY"), "zh") == "12,300.50 元"
    assert money_text(Price(amount="300.00", currency="EUR"), "en") == "EUR 300"


def test_linked_data_cannot_end_its_element() -> None:
    record = Record.model_construct(
        id="x",
        kind="instrument",
        title="</script><script>alert(1)</script>",
        fields={"model": "<!--", "manufacturer": {"name_zh": "厂"}},
        geo=(30.0, 120.0),
    )
    text = linked_data(record, "http://hub.test/records/x")
    assert "<" not in text
    told = orjson.loads(text)
    assert (told["@type"], told["model"], told["name"]) == ("Product", "<!--", record.title)
    assert told["location"]["geo"]["longitude"] == 120.0
