"""The catalogue on Elasticsearch while the server fails: nothing lost, nothing twice, and each refusal told."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from uuid import uuid4

import pytest
from elasticsearch import ApiError

from hub.ports.catalogue import Document, Query, Rejected
from services.catalog.adapters.elasticsearch_bulk import BulkFailed
from services.catalog.adapters.elasticsearch_catalogue import ElasticsearchCatalogue
from services.catalog.core.projection import digest_of_documents
from tests.faulty_elasticsearch import Fault, faulty, in_turn, seldom
from tests.waiting import PATIENCE_SECONDS

Open = Callable[..., ElasticsearchCatalogue]
AT = "2026-01-01T00:00:00.000000Z"
FAULTS: tuple[Fault, ...] = ("busy", "away", "cut-before", "cut-after", "partly", "late")


def some(count: int, version: int = 1) -> list[Document]:
    return [
        Document(f"d-{at:05}", "instrument", version, "active", AT, title=f"term{at % 7}", public=b'{"v":%d}' % version)
        for at in range(count)
    ]


@pytest.fixture
def name() -> str:
    return f"faults-{uuid4().hex[:10]}"


@pytest.fixture
def opened(elasticsearch_url: str, name: str) -> Iterator[Open]:
    catalogues: list[ElasticsearchCatalogue] = []

    def opening(url: str = elasticsearch_url, **options: float) -> ElasticsearchCatalogue:
        catalogues.append(ElasticsearchCatalogue(url, name, **options))
        return catalogues[-1]

    yield opening
    for catalogue in catalogues:
        catalogue.close()


def test_nothing_is_lost_or_twice_whatever_fails(elasticsearch_url: str, opened: Open) -> None:
    wanted = [*some(100, version=2), *some(200)[100:]]
    planned: list[Fault] = [one for pair in zip(FAULTS, reversed(FAULTS), strict=True) for one in (*pair, "none")]
    with faulty(elasticsearch_url, in_turn(*planned, path="_bulk"), late_seconds=3.5) as proxy:
        catalogue = opened(proxy.url, request_seconds=3.0)
        for batch in (some(200), some(100, version=2)):
            for start in range(0, len(batch), 50):
                catalogue.apply(batch[start : start + 50])
        assert all(proxy.done[fault] >= 2 for fault in FAULTS)
    reader = opened()
    assert reader.count() == reader.search(Query()).total == 200
    assert reader.versions([one.id for one in wanted]) == {one.id: one.version for one in wanted}
    assert reader.digest() == digest_of_documents(wanted)


def test_an_answer_that_was_lost_is_asked_for_again(elasticsearch_url: str, opened: Open) -> None:
    with faulty(elasticsearch_url, in_turn("cut-after", path="_bulk")) as proxy:
        catalogue = opened(proxy.url)
        assert catalogue.apply(some(5)) == 0
        assert catalogue.count() == 5
        assert catalogue.apply(some(6, version=2)) == 6


def test_refused_documents_are_named_and_the_others_stored(opened: Open) -> None:
    catalogue = opened()
    bad = replace(some(1)[0], id="nowhere", geo=(95.0, 0.0))
    long = replace(some(1)[0], id="i" * 600)
    with pytest.raises(Rejected) as told:
        catalogue.apply([bad, *some(3), long])
    assert set(told.value.reasons) == {"nowhere", long.id}
    assert "latitude" in told.value.reasons["nowhere"]
    assert catalogue.count() == 3


def test_a_refusal_that_is_no_documents_fault_is_an_error(elasticsearch_url: str, opened: Open) -> None:
    with faulty(elasticsearch_url, in_turn("blocked", path="_bulk")) as proxy:
        catalogue = opened(proxy.url)
        with pytest.raises(BulkFailed, match="cluster_block_exception"):
            catalogue.apply(some(5))
        assert catalogue.apply(some(5)) == 2


def test_patience_ends(elasticsearch_url: str, opened: Open) -> None:
    with faulty(elasticsearch_url, seldom(1, 1.0, ["busy"])) as proxy:
        catalogue = opened(proxy.url, patience=0.2)
        with pytest.raises(ApiError) as told:
            catalogue.apply(some(1))
    assert told.value.status_code == 429


def test_a_busy_master_is_waited_for_when_an_index_is_created(elasticsearch_url: str, opened: Open, name: str) -> None:
    with faulty(elasticsearch_url, in_turn("master-busy", "busy", "cut-after", path=f"{name}-000001")) as proxy:
        catalogue = opened(proxy.url)
        assert proxy.done["cut-after"] == 1
    assert opened().apply(some(2)) == 2
    assert catalogue is not None


def test_searches_wait_for_a_busy_server_and_tell_when_it_stays_so(elasticsearch_url: str, opened: Open) -> None:
    with faulty(elasticsearch_url, in_turn("busy", "away", "cut-before", path="_search")) as proxy:
        catalogue = opened(proxy.url, read_patience=PATIENCE_SECONDS)
        catalogue.apply(some(2))
        assert catalogue.search(Query()).total == 2
        proxy.choose = seldom(1, 1.0, ["away"], "_search")
    with faulty(elasticsearch_url, seldom(1, 1.0, ["away"], "_search")) as proxy, pytest.raises(ApiError):
        opened(proxy.url, read_patience=0.1).search(Query())
