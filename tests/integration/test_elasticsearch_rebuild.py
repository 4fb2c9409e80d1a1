"""Rebuilding the catalogue on Elasticsearch under its alias, while others write to it and search it."""

import threading
from collections.abc import Callable, Iterator, Sequence
from uuid import uuid4

import pytest

from hub.ports.catalogue import Document, Query
from services.catalog.adapters.elasticsearch_catalogue import ElasticsearchCatalogue
from services.catalog.adapters.elasticsearch_generations import Indices
from services.catalog.adapters.elasticsearch_server import Server
from services.catalog.adapters.elasticsearch_writer import Superseded
from services.catalog.core.projection import digest_of_documents
from tests.waiting import wait_until

AT = "2026-01-01T00:00:00.000000Z"
COUNT = 300
Open = Callable[[], ElasticsearchCatalogue]


def document(at: int, version: int = 1) -> Document:
    return Document(f"d-{at:05}", "expert", version, "active", AT, title="same", public=b'{"v":%d}' % version)


@pytest.fixture
def name() -> str:
    return f"rebuild-{uuid4().hex[:10]}"


@pytest.fixture
def opened(elasticsearch_url: str, name: str) -> Iterator[Open]:
    catalogues: list[ElasticsearchCatalogue] = []

    def opening() -> ElasticsearchCatalogue:
        catalogues.append(ElasticsearchCatalogue(elasticsearch_url, name))
        return catalogues[-1]

    yield opening
    for catalogue in catalogues:
        catalogue.close()


@pytest.fixture
def indices(elasticsearch_url: str, name: str) -> Iterator[Indices]:
    server = Server(elasticsearch_url)
    yield Indices(server, name)
    server.close()


class Traffic:
    """A writer and a searcher of other processes, until told to stop; `stored` is what the record store would have."""

    def __init__(self, writing: ElasticsearchCatalogue, searching: ElasticsearchCatalogue) -> None:
        self.stored = {one.id: one for one in map(document, range(COUNT))}
        self.errors: list[Exception] = []
        self.searches = 0
        self._writing, self._searching = writing, searching
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._guarded, args=(work,)) for work in (self._write, self._search)]

    def __enter__(self) -> "Traffic":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def wait_for_search(self) -> None:
        """Return when a search has begun and ended since, or an error has ended them."""
        enough = self.searches + 2
        wait_until(lambda: self.searches >= enough or self.errors)

    def _guarded(self, work: Callable[[int], None]) -> None:
        turn = 0
        while not self._ended.is_set():
            turn += 1
            try:
                work(turn)
            except Exception as error:
                self.errors.append(error)
                return

    def _write(self, turn: int) -> None:
        batch = [document(turn % COUNT, 1 + turn), document(COUNT + turn)]
        self.stored |= {one.id: one for one in batch}
        self._writing.apply(batch)
        seen = self._writing.versions([one.id for one in batch])
        assert seen == {one.id: one.version for one in batch}, (turn, seen)

    def _search(self, _: int) -> None:
        self.searches += 1
        assert self._searching.search(Query(text="same")).total >= COUNT


def test_nothing_written_meanwhile_is_lost_and_no_search_fails(opened: Open, indices: Indices) -> None:
    rebuilding = opened()
    traffic = Traffic(opened(), opened())
    rebuilding.apply(list(traffic.stored.values()))

    def batches() -> Iterator[Sequence[Document]]:
        for at in range(0, COUNT, 60):
            traffic.wait_for_search()
            yield list(traffic.stored.values())[at : at + 60 if at + 60 < COUNT else None]

    with traffic:
        for _ in range(3):
            assert rebuilding.rebuild(batches()) >= COUNT
    assert traffic.errors == []
    assert traffic.searches > 3
    assert rebuilding.count() == len(traffic.stored)
    assert rebuilding.digest() == digest_of_documents(traffic.stored.values())
    assert indices.generations().all == (indices.generations().serving,)


def test_what_is_applied_meanwhile_is_in_both_generations(opened: Open) -> None:
    rebuilding, other = opened(), opened()
    rebuilding.apply([document(1)])

    def batches() -> Iterator[Sequence[Document]]:
        assert other.apply([document(2), document(1, version=3)]) == 2
        assert set(other.get(["d-00001", "d-00002"])) == {"d-00001", "d-00002"}
        yield [document(1, version=2)]

    assert rebuilding.rebuild(batches()) == 2
    assert other.versions(["d-00001", "d-00002"]) == {"d-00001": 3, "d-00002": 1}


def test_a_rebuild_that_was_killed_leaves_nothing_behind_after_the_next(opened: Open, indices: Indices) -> None:
    catalogue = opened()
    orphan = indices.begin()
    catalogue.apply([document(1)])
    assert catalogue.count() == 1
    assert orphan in indices.generations().written
    assert catalogue.rebuild([[document(1), document(2)]]) == 2
    now = indices.generations()
    assert orphan not in now.all
    assert now.all == now.written == (now.serving,)
    assert catalogue.apply([document(3)]) == 1
    assert catalogue.count() == 3


def test_a_rebuild_that_fails_leaves_the_old_generation_in_service(opened: Open, indices: Indices) -> None:
    catalogue = opened()
    catalogue.apply([document(1)])
    before = indices.generations()

    def broken() -> Iterator[Sequence[Document]]:
        yield [document(2)]
        raise OSError("the record store is away")

    with pytest.raises(OSError, match="away"):
        catalogue.rebuild(broken())
    assert indices.generations() == before
    assert catalogue.count() == 1


def test_a_later_rebuild_takes_the_place_of_one_under_way(opened: Open) -> None:
    catalogue, other = opened(), opened()

    def overtaken() -> Iterator[Sequence[Document]]:
        yield [document(1)]
        assert other.rebuild([[document(2)]]) == 1
        yield [document(3)]

    with pytest.raises(Superseded):
        catalogue.rebuild(overtaken())
    assert catalogue.count() == 1
    assert set(catalogue.get(["d-00001", "d-00002"])) == {"d-00002"}


def test_a_refused_document_does_not_stop_a_rebuild(opened: Open, caplog: pytest.LogCaptureFixture) -> None:
    bad = Document("nowhere", "expert", 1, "active", AT, geo=(95.0, 0.0))
    catalogue = opened()
    assert catalogue.rebuild([[document(1), bad, document(2)]]) == 2
    assert "nowhere is not in the catalogue" in caplog.text
