"""JSON and ROR: rows as bytes, whatever the layout; what is broken is told by its row."""

import io
from itertools import islice

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.kernel.problems import Refusal
from schemas.kind import kind_named
from services.ingest.core.rows import Limits, Row
from services.ingest.formats import jsonarray, jsonrows, ror
from services.ingest.formats.base import Read

pytestmark = pytest.mark.unit
ORGANISATION = kind_named("organisation")


def rows(document: bytes, limits: Limits | None = None, read: Read = jsonrows.read) -> list[Row]:
    return list(read(io.BytesIO(document), ORGANISATION, limits or Limits()))


def codes(found: list[Row]) -> list[tuple[int, list[str]]]:
    return [(row.number, [problem.code for problem in row.problems]) for row in found]


def test_lines_are_numbered_as_an_editor_does_and_keep_their_bytes() -> None:
    found = rows(b'\xef\xbb\xbf\r\n{"a": 1}\r\n\r\n  {"b":\t2} \n{"c": 3}')
    assert [(row.number, row.data) for row in found] == [(2, b'{"a": 1}'), (4, b'{"b":\t2}'), (5, b'{"c": 3}')]


@pytest.mark.parametrize(
    "document", [b'{\n "a": {"b": [1,\n 2]}\n}\n', b'{"a": {"b": [1, 2]}}', b'{"a": {\n"b": [1,2]}}']
)
def test_one_object_may_span_lines(document: bytes) -> None:
    (row,) = rows(document)
    assert row.number == 1
    assert isinstance(row.data, bytes)
    assert orjson.loads(row.data) == {"a": {"b": [1, 2]}}


def test_a_broken_line_is_left_to_its_own_row() -> None:
    assert [row.data for row in rows(b'{"a": 1}}\n{"b": 2}\n')] == [b'{"a": 1}}', b'{"b": 2}']
    assert len(rows(b'{"a": 1\n{"b": 2}\n')) == 2


def test_a_broken_object_is_refused_with_its_place() -> None:
    with pytest.raises(Refusal) as refusal:
        rows(b'{\n "a": 1,\n "b" 2\n}')
    (problem,) = refusal.value.problems
    assert problem.code == "broken-json"
    assert "line 3, column 6" in problem.expected.en
    assert '"b" 2' in problem.found


@pytest.mark.parametrize("document", [b"", b"\xef\xbb\xbf", b" \n ", b"hello", b"42", "\ufeff{}".encode("utf-16")])
def test_what_is_no_json_is_refused_before_the_first_row(document: bytes) -> None:
    with pytest.raises(Refusal):
        jsonrows.read(io.BytesIO(document), ORGANISATION, Limits())


def test_a_row_that_is_too_long_is_told_and_passed_over() -> None:
    limits = Limits(row_bytes=20)
    long = b'{"a": "%b"}' % (b'x\\"{' * 300_000)
    for document in (b'{"a": 1}\n' + long + b'\n{"b": 2}\n', b'[{"a": 1}, ' + long + b', {"b": 2}]'):
        found = rows(document, limits)
        assert [(row.problems[0].code if row.problems else row.data) for row in found] == [
            b'{"a": 1}',
            "row-too-long",
            b'{"b": 2}',
        ]
        assert max(row.size for row in found) <= 1_000
    assert codes(rows(b'{\n"a": "%b"}' % (b"x" * 30), limits)) == [(1, ["row-too-long"])]


def test_the_longest_row_allowed_is_taken() -> None:
    exact = b'{"a":"%b"}' % (b"x" * 12)
    limits = Limits(row_bytes=len(exact))
    for document in (exact + b"\r\n" + exact, b"[" + exact + b"," + exact + b"]", exact):
        assert not any(row.problems for row in rows(document, limits))


@pytest.mark.parametrize(
    ("document", "good", "bad"),
    [
        (b"[]", [], []),
        (b"[ ]\n", [], []),
        (b'[{"a": 1}, 5, "x,]", null, [1], {"b": 2}]', [1, 6], [2, 3, 4, 5]),
        (b'[{"a": 1}, {"b": ', [1], [2]),
        (b'[{"a": 1} {"b": 2}]', [1], [2]),
        (b'[{"a": 1}', [1], [2]),
        (b'[{"a": 1}] x', [1], [2]),
        (b'[{"a": 1},]', [1], [2]),
        (b'[{"a": "\\', [], [1]),
    ],
)
def test_an_array_tells_where_it_breaks(document: bytes, good: list[int], bad: list[int]) -> None:
    found = rows(document)
    assert [row.number for row in found if not row.problems] == good
    assert [row.number for row in found if row.problems] == bad


awkward = st.text('"\\\\{}[],é', max_size=4)
objects = st.dictionaries(
    awkward, awkward | st.lists(st.dictionaries(awkward, awkward, max_size=2), max_size=2), max_size=3
)


@settings(max_examples=40, deadline=None)
@given(st.lists(objects, max_size=4), st.sampled_from([b",", b" ,\n\t"]), st.integers(1, 7))
def test_an_array_is_cut_where_its_items_end(items: list[dict[str, object]], comma: bytes, chunk: int) -> None:
    written = [orjson.dumps(item) for item in items]
    document = b"[" + comma.join(written) + b"]\n"
    whole, jsonarray._CHUNK = jsonarray._CHUNK, chunk
    try:
        found = rows(document)
    finally:
        jsonarray._CHUNK = whole
    assert [(row.number, row.data, row.problems) for row in found] == [
        (number, item, ()) for number, item in enumerate(written, start=1)
    ]


DOCUMENT = {
    "id": "https://ror.org/00a2xv884",
    "names": [
        {"value": "Zhejiang University", "lang": "en", "types": ["ror_display", "label"]},
        {"value": "浙江大学", "lang": "zh", "types": ["label"]},
        {"value": "ZJU", "lang": None, "types": ["acronym"]},
    ],
    "types": ["funder", "education"],
    "links": [{"type": "website", "value": "http://www.zju.edu.cn/"}],
    "established": 1897,
    "external_ids": [{"type": "isni", "preferred": None, "all": ["0000 0004 1759 700X"]}],
    "relationships": [{"type": "parent", "id": "https://ror.org/01mv9t934", "label": "Ministry of Education"}],
    "locations": [
        {
            "geonames_details": {
                "name": "Hangzhou",
                "country_subdivision_name": "Zhejiang",
                "country_code": "CN",
                "lat": 30.29,
                "lng": 120.16,
            }
        }
    ],
    "status": "active",
    "admin": {"last_modified": {"date": "2026-01-02"}},
}


def test_a_ror_document_becomes_an_organisation_alone_or_in_a_release() -> None:
    released = {"release": "v2.9", "record": {**DOCUMENT, "status": "withdrawn"}}
    alone, second = rows(orjson.dumps(DOCUMENT) + b"\n" + orjson.dumps(released), read=ror.read)
    assert alone.data == {
        "ror": "https://ror.org/00a2xv884",
        "name_zh": "浙江大学",
        "name_en": "Zhejiang University",
        "acronym": "ZJU",
        "type": "university",
        "isni": "0000 0004 1759 700X",
        "part_of": {"ror": "https://ror.org/01mv9t934", "name_en": "Ministry of Education"},
        "place": {
            "address": "Hangzhou, Zhejiang",
            "division": "330100",
            "country": "CN",
            "lat": 30.29,
            "lon": 120.16,
        },
        "website": "http://www.zju.edu.cn/",
        "established": 1897,
    }
    assert (alone.source_record_id, alone.operation, second.operation) == (DOCUMENT["id"], "upsert", "withdraw")
    assert int(second.version or 0) - int(alone.version or 0) == 2_009


def test_of_two_ror_documents_of_one_day_only_the_release_tells_which_is_newer() -> None:
    """ROR states days. Without a release the two collide, and the hub keeps the one that came first."""
    assert ror.version(DOCUMENT) == ror.version({**DOCUMENT, "status": "inactive"})
    assert ror.version(DOCUMENT, "v2.8") < ror.version(DOCUMENT, "v2.10")
    later = {**DOCUMENT, "admin": {"last_modified": {"date": "2026-01-03"}}}
    assert ror.version(DOCUMENT, "v99.99") < ror.version(later)


@pytest.mark.parametrize("document", [b'{"id": 1}', b"{}", b'{"record": 5}', b'{"id": ', b"[1]"])
def test_what_is_no_ror_document_is_a_refused_row(document: bytes) -> None:
    (row,) = rows(document, read=ror.read) if document[:1] == b"[" else ror_lines(document)
    assert row.problems
    assert row.data


def ror_lines(document: bytes) -> list[Row]:
    line = orjson.dumps(DOCUMENT)
    return list(islice(ror.read(io.BytesIO(line + b"\n" + document + b"\n"), ORGANISATION, Limits()), 1, None))
