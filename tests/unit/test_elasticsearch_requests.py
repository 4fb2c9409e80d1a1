"""What the catalogue asks of Elasticsearch: bulk operations, readings of a text, and what answers mean."""

from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from hub.kernel.problems import Refusal
from hub.kernel.terms import segmented
from hub.ports.catalogue import Document, Query
from schemas.derive.mapping import EXACT_LIMIT
from services.catalog.adapters.elasticsearch_bulk import BulkFailed, Chunk, Outcome, _sorted_out
from services.catalog.adapters.elasticsearch_documents import exact, operation
from services.catalog.adapters.elasticsearch_search import Search
from services.catalog.adapters.elasticsearch_text import Clause, readings

pytestmark = pytest.mark.unit
AT = "2026-01-01T00:00:00.000000Z"


def lines(document: Document) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    data = operation(document)
    action, source, rest = data.split(b"\n")
    assert rest == b""
    return orjson.loads(action)["index"], orjson.loads(source), data


def test_an_operation_carries_the_public_bytes_and_the_external_version() -> None:
    public = b'{"n":1.50,"name":"a"}'
    text = segmented("term term term 质谱仪")
    made = Document("r-1", "instrument", 7, "active", AT, title="a", body=text, suggest=("浙江大学",), public=public)
    target, source, data = lines(made)
    assert target == {"_id": "r-1", "version": 7, "version_type": "external"}
    assert public in data
    assert source["often"] == "term"
    assert sorted(source["body"].split()) == sorted(set(text.split()))
    assert {"0浙江大学", "0zhejiangdaxue", "0zjdx", "1大学"} <= set(source["completes"].split())
    _, spread, _ = lines(Document("r-2", "instrument", 1, "active", AT, public=b'{\n "n": 1\n}'))
    assert spread["public"] == {"n": 1}


def test_a_withdrawn_document_leaves_nothing_but_its_end() -> None:
    _, source, _ = lines(Document("r-1", "expert", 2, "withdrawn", AT))
    expected = {"id": "r-1", "kind": "expert", "version": 2, "status": "withdrawn", "updated_at": AT, "public": {}}
    assert source == expected


def test_long_exact_values_stay_apart() -> None:
    one, other = "x" * 2_000 + "a", "x" * 2_000 + "b"
    assert exact("x" * EXACT_LIMIT) == "x" * EXACT_LIMIT
    assert exact(one) != exact(other)
    assert max(len(exact(one)), len(exact(other))) <= EXACT_LIMIT
    _, source, _ = lines(Document("r", "expert", 1, "active", AT, facets={"p": ("short", one)}))
    assert source["facets"]["p"] == ["short", exact(one)]


CHUNK = Chunk(("a", "b", "c", "d"), (b"1", b"2", b"3", b"4"))


def answered(*items: tuple[int, str]) -> dict[str, Any]:
    told = [{"index": {"status": status, **({"error": {"type": kind}} if kind else {})}} for status, kind in items]
    return {"errors": True, "items": told}


def test_every_item_is_settled_refused_or_sent_again() -> None:
    outcome = Outcome()
    left, reason = _sorted_out(
        CHUNK,
        answered(
            (201, ""),
            (409, "version_conflict_engine_exception"),
            (429, "es_rejected_execution_exception"),
            (400, "document_parsing_exception"),
        ),
        outcome,
    )
    assert (left, reason) == (Chunk(("c",), (b"3",)), "es_rejected_execution_exception:")
    assert (outcome.newer, list(outcome.refused)) == (1, ["d"])
    with pytest.raises(BulkFailed):
        _sorted_out(CHUNK, answered((403, "cluster_block_exception")), Outcome())


class Counts:
    """Counts by the last term of a clause; what is not told is not there."""

    def __init__(self, **known: int) -> None:
        self.known = known
        self.asked: list[Mapping[str, Clause]] = []

    def __call__(self, queries: Mapping[str, Clause]) -> Mapping[str, int]:
        self.asked.append(queries)
        return {name: self.known.get(name.rpartition(":")[2], 100 if name == "\0" else 0) for name in queries}


def terms_in(clause: object) -> set[str]:
    """Every `field:term` that a query looks for."""
    if isinstance(clause, dict):
        own = {f"{f}:{t}" for f, t in clause["term"].items()} if "term" in clause else set()
        return own.union(*(terms_in(inner) for name, inner in clause.items() if name != "term"))
    return set().union(*map(terms_in, clause)) if isinstance(clause, list) else set()


def test_one_chinese_word_needs_no_counts_and_its_prefix_comes_second() -> None:
    counted = Counts()
    first, second = readings("显微镜", counted)
    assert counted.asked == []
    assert first.matched == {"bool": {"filter": [{"term": {"body": "显微镜"}}]}}
    assert {"prefix": {"body": "显微镜"}} in second.matches[0].anywhere["bool"]["should"]


def test_pinyin_is_cut_into_the_words_that_titles_have() -> None:
    (first, *_) = readings("zhejiangcailiao", Counts(zhejiang=3, cailiao=2))
    assert {"pinyin:zhejiang", "pinyin:cailiao"} <= terms_in(first.matched)
    (known, *_) = readings("spectrometer", Counts(spectrometer=3))
    assert not any(term.startswith("pinyin") for term in terms_in(known.matched))


def test_rare_terms_count_more_and_of_many_terms_one_in_four_may_lack() -> None:
    found = readings("alpha bravo carbon delta", Counts(alpha=50, bravo=5, carbon=1))
    assert [match.weight for match in found[0].matches] == [1, 2, 3, 3]
    assert found[-1].matched["bool"]["minimum_should_match"] == 3
    assert readings("？！", Counts())[0].matched == {"match_none": {}}


def test_a_facet_is_counted_without_its_own_filter_only() -> None:
    query = Query(filters={"status": ("idle",), "category": ("01",)}, facets=("status", "kind"), kinds=("instrument",))
    body = Search(query, lambda: {"facets": (), "numbers": ()}).body(None)
    kept = body["query"]["bool"]["filter"]
    assert {"terms": {"facets.category": ["01"]}} in kept
    assert {"terms": {"facets.status": ["idle"]}} not in kept
    assert len(body["post_filter"]["bool"]["filter"]) == 2
    assert body["aggs"]["0"]["filter"]["bool"]["filter"] == [{"terms": {"kind": ["instrument"]}}]
    assert body["aggs"]["1"]["filter"]["bool"]["filter"] == [{"terms": {"facets.status": ["idle"]}}]


def test_paths_are_looked_for_in_the_index_only_where_no_kind_has_them() -> None:
    def never() -> Mapping[str, tuple[str, ...]]:
        raise AssertionError

    Search(Query(facets=("status",), sort="commissioned"), never)
    Search(Query(filters={"draught": ("9",)}), lambda: {"facets": ("draught",), "numbers": ()})
    with pytest.raises(Refusal):
        Search(Query(filters={"draught": ("9",)}), lambda: {"facets": (), "numbers": ()})
