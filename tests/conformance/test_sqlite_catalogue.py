"""The embedded catalogue, held to its suite; and what it does on its own: segments, cleaning, other processes."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.ports.catalogue import Query
from services.catalog.adapters import sqlite_catalogue_tables as tables
from services.catalog.adapters import sqlite_catalogue_view as views
from services.catalog.adapters.sqlite_catalogue import SqliteCatalogue
from services.catalog.adapters.sqlite_catalogue_rebuild import Rebuilding
from tests.conformance.catalogue import CatalogueConformance
from tests.conformance.catalogue_documents import doc, found, withdrawn

pytestmark = pytest.mark.conformance

DIES_WHILE_REBUILDING = """
import os, sys
from pathlib import Path
from services.catalog.adapters.sqlite_catalogue import SqliteCatalogue
from tests.conformance.catalogue_documents import doc
def batches():
    yield [doc(2, "质谱")]
    os._exit(9)
SqliteCatalogue(Path(sys.argv[1])).rebuild(batches())
"""


class TestSqliteCatalogue(CatalogueConformance):
    adapter = "SqliteCatalogue"
    capabilities = frozenset({"ties by id", "many at once", "pinyin"})

    @pytest.fixture
    def opened(self, tmp_path: Path) -> Iterator[Callable[[], SqliteCatalogue]]:
        made: list[SqliteCatalogue] = []

        def open_it() -> SqliteCatalogue:
            made.append(SqliteCatalogue(tmp_path / f"{len(made)}.db"))
            return made[-1]

        yield open_it
        for catalogue in made:
            catalogue.close()

    @pytest.fixture
    def catalogue(self, opened: Callable[[], SqliteCatalogue]) -> SqliteCatalogue:
        return opened()


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[SqliteCatalogue, SqliteCatalogue]]:
    """Two on one file, as two processes have it."""
    one, other = SqliteCatalogue(tmp_path / "c.db"), SqliteCatalogue(tmp_path / "c.db")
    yield one, other
    one.close()
    other.close()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits so low that everything happens in a short test."""
    monkeypatch.setattr(tables, "FLUSH_DOCUMENTS", 8)
    monkeypatch.setattr(tables, "GARBAGE_FROM", 12)
    monkeypatch.setattr(views, "PRUNED_FROM", 12)


@pytest.mark.usefixtures("small")
def test_segments_and_cleaning_change_no_answer(both: tuple[SqliteCatalogue, SqliteCatalogue], tmp_path: Path) -> None:
    one, other = both
    for version in range(1, 9):
        for start in (0, 5):
            batch = [
                doc(n, f"质谱{version}号", f"word{n}", version=version, geo=(30.0, n)) for n in range(start, start + 5)
            ]
            (one if version % 3 else other).apply(batch)
        assert other.search(Query("质谱")).total == one.search(Query("质谱")).total == 10
    one.apply([withdrawn(doc(0, version=8))])
    third = SqliteCatalogue(tmp_path / "c.db")
    for catalogue in (one, other, third):
        assert catalogue.search(Query(f"质谱{8}号")).total == 9
        assert catalogue.search(Query("质谱7号")).total == 0
        assert found(catalogue, "word3") == found(catalogue, "wo", sort="-updated")[6:7] == ["instrument-003"]
        assert [one.text for one in catalogue.suggest("质谱")] == ["质谱8号"]
    third.close()


def test_a_process_follows_another_through_a_rebuild(both: tuple[SqliteCatalogue, SqliteCatalogue]) -> None:
    one, other = both
    one.apply([doc(1, "质谱")])
    assert found(other, "质谱") == ["instrument-001"]

    def batches() -> Iterator[list[object]]:
        yield [doc(2, "质谱")]
        other.apply([doc(3, "质谱")])
        with pytest.raises(Rebuilding):
            other.rebuild([])

    assert one.rebuild(batches()) == 2  # type: ignore[arg-type]
    assert sorted(found(other, "质谱")) == sorted(found(one, "质谱")) == ["instrument-002", "instrument-003"]
    other.apply([doc(4, "质谱")])
    assert one.count() == 3


def test_a_killed_rebuild_leaves_the_old_catalogue(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    catalogue = SqliteCatalogue(path)
    catalogue.apply([doc(1, "质谱")])
    died = subprocess.run([sys.executable, "-c", DIES_WHILE_REBUILDING, str(path)], check=False, capture_output=True)
    assert died.returncode == 9
    catalogue.apply([doc(5, "质谱")])
    assert sorted(found(catalogue, "质谱")) == ["instrument-001", "instrument-005"]
    catalogue.close()
    again = SqliteCatalogue(path)
    assert sorted(found(again, "质谱")) == ["instrument-001", "instrument-005"]
    assert again.rebuild([[doc(6, "质谱")]]) == 1
    assert found(again, "质谱") == ["instrument-006"]
    again.close()


def test_broad_searches_with_counts_stay_fast(tmp_path: Path) -> None:
    """Two thousand documents, all of which match: no step may look at each of them."""
    catalogue = SqliteCatalogue(tmp_path / "c.db")
    catalogue.apply([doc(n, f"质谱仪 {n}", facets={"owner.name_zh": (f"单位{n % 700}",)}) for n in range(2_000)])
    query = Query("质谱", facets=("owner.name_zh", "kind"))
    assert catalogue.search(query).facets["owner.name_zh"][0] == ("单位0", 3)
    taken = []
    for _ in range(20):
        start = time.thread_time()
        assert catalogue.search(query).total == 2_000
        taken.append(time.thread_time() - start)
    assert min(taken) < 0.005
    catalogue.close()
