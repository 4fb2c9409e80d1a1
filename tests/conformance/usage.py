"""What every store of usage must do. An adapter's test supplies `usage` and `reopened`."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations

from schemas.events.usage import MonthUsage
from services.usage.ports import Indicators, UsageStore
from tests.conformance.gaps import Conformance

NOW = datetime(2026, 5, 1, tzinfo=UTC)
ROW = MonthUsage("i-1", "2026-03", 2, 5, 7_200, 3_600, 3, (), "lab-1", "org-1", "330825")
OTHER = replace(ROW, instrument_id="i-2", effective_seconds=3_600, external_seconds=0, laboratory="lab-2")


def march(effective: int, external: int, bookings: int, no_shows: int = 0) -> list[Indicators]:
    return [Indicators("2026-03", effective, external, bookings, no_shows)]


class UsageConformance(Conformance):
    suite = "usage"

    def told(self, usage: UsageStore, scope: str, *ids: str) -> list[Indicators]:
        return usage.indicators(scope, ids, "2026-01", "2026-12", NOW)  # type: ignore[arg-type]

    def test_an_instrument_counts_in_its_laboratory_organisation_and_county(self, usage: UsageStore) -> None:
        usage.put([ROW, OTHER])
        assert self.told(usage, "instrument", "i-1") == march(7_200, 3_600, 3)
        assert self.told(usage, "laboratory", "lab-2") == march(3_600, 0, 3)
        assert self.told(usage, "organisation", "org-1") == march(10_800, 3_600, 6)
        assert self.told(usage, "county", "330825") == march(10_800, 3_600, 6)
        assert self.told(usage, "county", "330106") == self.told(usage, "organisation") == []

    def test_a_row_replaces_its_months_earlier_one_and_is_never_added_to_it(self, usage: UsageStore) -> None:
        for _ in range(3):
            usage.put([ROW, ROW])
        usage.put([replace(ROW, revision=6, effective_seconds=60, external_seconds=0, bookings=1)])
        for scope, key in (("instrument", "i-1"), ("organisation", "org-1"), ("county", "330825")):
            assert self.told(usage, scope, key) == march(60, 0, 1)

    def test_rows_may_come_in_any_order(self, usage: UsageStore) -> None:
        moved = replace(ROW, record_version=3, revision=1, organisation="org-2", effective_seconds=30)
        versions = [ROW, replace(ROW, revision=4, effective_seconds=1), moved]
        for number, order in enumerate(permutations(versions)):
            for row in order:
                usage.put([replace(row, instrument_id=f"n-{number}")])
            assert self.told(usage, "instrument", f"n-{number}") == march(30, 3_600, 3)
        assert self.told(usage, "organisation", "org-1") == []

    def test_unattended_bookings_become_no_shows_when_their_time_is_over(self, usage: UsageStore) -> None:
        times = ("2026-04-30T23:59:59Z", "2026-05-01T00:00:00Z", "2026-05-01T00:00:01Z")
        usage.put([replace(ROW, unattended=times), OTHER])
        assert self.told(usage, "county", "330825") == march(10_800, 3_600, 6, no_shows=2)
        usage.put([replace(ROW, revision=6, unattended=times[2:])])
        assert self.told(usage, "instrument", "i-1") == march(7_200, 3_600, 3)

    def test_months_are_told_in_order_and_within_the_bounds(self, usage: UsageStore) -> None:
        months = ["2026-03", "2025-12", "2026-01", "2026-04"]
        usage.put([replace(ROW, month=month) for month in months])
        told = usage.indicators("instrument", ["i-1"], "2025-12", "2026-03", NOW)
        assert [row.month for row in told] == ["2025-12", "2026-01", "2026-03"]

    def test_what_answers_to_two_ids_counts_once(self, usage: UsageStore) -> None:
        usage.put([ROW, replace(OTHER, organisation="~org-1")])
        assert self.told(usage, "organisation", "org-1", "~org-1", "org-1") == march(10_800, 3_600, 6)

    def test_it_outlives_the_process(self, usage: UsageStore, reopened: Callable[[], UsageStore]) -> None:
        usage.put([replace(ROW, unattended=("2026-04-01T00:00:00Z",))])
        usage.close()
        assert self.told(reopened(), "instrument", "i-1") == march(7_200, 3_600, 3, no_shows=1)
