"""Usage on SQLite: the suite of the port, and the counting that the embedded store does by itself."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.events.usage import MonthUsage
from services.usage.adapters import sqlite_usage
from services.usage.adapters.sqlite_usage import SqliteUsage
from services.usage.core import counting
from services.usage.core.facts import Fact, Happening, Item
from services.usage.ports import UsageStore
from tests.conformance.usage import UsageConformance
from tests.unit.usage_oracle import expected, facts

pytestmark = pytest.mark.conformance
AFTER_ALL = datetime(2199, 1, 1, tzinfo=UTC)


class TestSqliteUsage(UsageConformance):
    adapter = "SqliteUsage"
    capabilities = frozenset()

    @pytest.fixture
    def reopened(self, tmp_path: Path) -> Iterator[Callable[[], UsageStore]]:
        opened: list[SqliteUsage] = []

        def open_it() -> SqliteUsage:
            opened.append(SqliteUsage(tmp_path / "usage.db"))
            return opened[-1]

        yield open_it
        for store in opened:
            store.close()

    @pytest.fixture
    def usage(self, reopened: Callable[[], UsageStore]) -> UsageStore:
        return reopened()


def told(store: SqliteUsage, row: MonthUsage) -> tuple[int, int, int, int]:
    found = store.indicators("instrument", [row.instrument_id], row.month, row.month, AFTER_ALL)
    return (found[0].effective_seconds, found[0].external_seconds, found[0].bookings, found[0].no_shows)


@given(data=st.data(), said=facts)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_however_facts_are_batched_they_count_once(
    data: st.DataObject, said: list[Fact], tmp_path_factory: pytest.TempPathFactory
) -> None:
    store = SqliteUsage(tmp_path_factory.mktemp("usage") / "usage.db")
    order = data.draw(st.permutations(said + said))
    cut = data.draw(st.integers(0, len(order)))
    for batch in (order[:cut], order[cut:], order[:cut]):
        assert store.apply(batch) == []
    for row in expected(said).values():
        figures = (row.effective_seconds, row.external_seconds, row.bookings, len(row.unattended))
        assert told(store, row) == figures
    store.close()


def test_a_batch_beyond_the_memory_it_may_use_counts_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_usage, "CACHED_VALUES", 4)
    monkeypatch.setattr(counting, "MONTH_LIMIT", 5)
    store = SqliteUsage(tmp_path / "usage.db")
    start = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp())
    runs: list[Fact] = [
        Happening(f"i-{number % 3}", f"r{number}", Item("run", 1, start + number * 60, start + number * 60 + 60, True))
        for number in range(18)
    ]
    assert store.apply(runs) == runs[15:]
    found = store.indicators("instrument", ["i-0", "i-1", "i-2"], "2026-03", "2026-03", AFTER_ALL)
    assert [row.effective_seconds for row in found] == [15 * 60]
    store.close()
