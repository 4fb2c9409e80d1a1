"""The catalogues on Elasticsearch and on SQLite answer alike: they find, order and count the same documents."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.data import documents as realistic
from hub.ports.catalogue import Box, Catalogue, Document, Near, Query
from services.catalog.adapters.elasticsearch_catalogue import ElasticsearchCatalogue
from services.catalog.adapters.sqlite_catalogue import SqliteCatalogue
from tests.conformance.catalogue_documents import walked
from tests.conformance.catalogue_reference import Reference, documents, queries

COUNT = 300
TEXTS = (
    "",
    "显微镜",
    "zhejiang",
    "质谱",
    "xianweijing",
    "spectrom",
    "jem2100",
    "材料 科学 中心 火箭 发动机",
    "the",
    "光",
)
QUERIES = (
    *(Query(text, facets=("kind", "status", "place.division"), highlight=True) for text in TEXTS),
    Query("中心", kinds=("instrument",), filters={"status": ("idle",)}, facets=("kind", "status")),
    *(Query(sort=sort, size=60) for sort in ("title", "-title", "-updated")),
    *(Query(sort=sort, kinds=("instrument",), size=60) for sort in ("commissioned", "-hourly_rate.amount")),
    *(Query(near=Near(30.0, 120.0, 300.0), sort=sort, size=60) for sort in ("distance", "-distance", "relevance")),
    Query(box=Box(27.0, 118.0, 31.0, 121.0), facets=("kind",), size=60),
    Query(ranges={"commissioned": (16_000, 18_500.0), "hourly_rate.amount": (None, 900)}, facets=("category",)),
)


@pytest.fixture(scope="module")
def both(elasticsearch_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Catalogue, Catalogue]]:
    made = list(realistic(COUNT))
    embedded = SqliteCatalogue(tmp_path_factory.mktemp("parity") / "catalogue.db")
    real = ElasticsearchCatalogue(elasticsearch_url, f"parity-{uuid4().hex[:10]}")
    assert embedded.apply(made) == real.apply(made) == COUNT
    yield embedded, real
    embedded.close()
    real.close()


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: f"{query.text or '-'} {query.sort}")
def test_searches_find_order_and_count_the_same(both: tuple[Catalogue, Catalogue], query: Query) -> None:
    expected, page = (catalogue.search(query) for catalogue in both)
    assert (page.total, page.facets) == (expected.total, expected.facets)
    assert [hit.id for hit in page.hits] == [hit.id for hit in expected.hits]
    for found, wanted in zip(page.hits, expected.hits, strict=True):
        assert (found.public, found.version, found.highlights) == (wanted.public, wanted.version, wanted.highlights)
        assert found.distance_km == wanted.distance_km
    scores = [hit.score for hit in page.hits]
    assert scores == sorted(scores, reverse=True)


def test_everything_else_is_the_same(both: tuple[Catalogue, Catalogue]) -> None:
    embedded, real = both
    assert (real.digest(), real.count()) == (embedded.digest(), embedded.count())
    for typed in ("zhe", "植物", "zjd", "synchr", "光源"):
        offered, expected = ([one.text for one in catalogue.suggest(typed)] for catalogue in (real, embedded))
        assert offered == expected, typed
    owners = sorted({target for made in realistic(COUNT) for ids in made.links.values() for target in ids})[:20]
    for owner in owners:
        links = [[(path, hit.id) for path, hit in catalogue.linked(owner, 5)] for catalogue in both]
        assert links[0] == links[1]


def test_it_answers_as_the_plainest_catalogue_does(elasticsearch_url: str) -> None:
    """The suite's property, with few examples: each of them needs an index of its own."""

    @settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)
    @given(documents(), st.lists(queries(), min_size=4, max_size=6))
    def compare(made: list[Document], asked: list[Query]) -> None:
        catalogue, reference = ElasticsearchCatalogue(elasticsearch_url, f"p-{uuid4().hex[:10]}"), Reference(made)
        catalogue.apply(made)
        for query in asked:
            expected = sorted(document.id for document in reference.matching(query))
            page = catalogue.search(query)
            assert page.total == len(expected)
            assert page.facets == {path: reference.counts(query, path) for path in query.facets}
            assert sorted(walked(catalogue, query)) == expected
        catalogue.close()

    compare()
