"""What the embedded catalogue holds in memory, against the plainest computation of the same."""

from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from hub.ports.catalogue import Near
from services.catalog.adapters.sqlite_catalogue_facets import ROW_RANGE, Facet, rows_after
from services.catalog.adapters.sqlite_catalogue_geo import Grid
from services.catalog.adapters.sqlite_catalogue_orders import Order
from services.catalog.adapters.sqlite_catalogue_scores import Scores
from services.catalog.core.distances import distance_km

pytestmark = pytest.mark.unit

few = settings(max_examples=15, deadline=None)
SEEDS = st.integers(0, 2**16)


def some_rows(count: int) -> list[int]:
    """Across the border of two ranges of rows."""
    rows: Iterator[int] = rows_after(ROW_RANGE - count // 2)
    return [next(rows) for _ in range(count)]


@pytest.mark.parametrize("values", [3, 700, 1_500])
@pytest.mark.parametrize("size", [0, 1, 40, 400, 1_200])
def test_counts_are_exact_however_they_are_found(values: int, size: int) -> None:
    rng = Random(values * size)
    facet, has = Facet(), {}
    rows = some_rows(1_200)
    for at, row in enumerate(rows):
        has[row] = tuple(f"v{int(rng.random() ** 2 * values)}" for _ in range(rng.randrange(4)))
        facet.add(row, has[row])
        if at == 600:
            facet.most_frequent(BitMap(rows[:600]), 50)
    for kept in (facet, facet.prune(BitMap(rows[100:]))):
        among = BitMap(rng.sample(rows[100:] if kept is not facet else rows, min(size, 1_100)))
        counted = Counter(value for row in among for value in set(has[row]))
        expected = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))[:50]
        assert list(kept.most_frequent(among, 50)) == expected
        assert kept.any_of(["v0", "v1", "no"]) & among == BitMap([r for r in among if {"v0", "v1"} & set(has[r])])


@few
@given(SEEDS, st.booleans())
def test_orders_page_through_any_subset(seed: int, descending: bool) -> None:
    rng = Random(seed)
    items = [(float(rng.randrange(9)), f"id{number:04}", number) for number in range(1_400)]
    order = Order(items[:200])
    for item in items[200:]:
        order.add(*item)
    among = BitMap(rng.sample(range(1_400), rng.randrange(1, 60)))
    expected = sorted((item for item in items if item[2] in among), reverse=descending)
    assert list(order.walk(among, None, descending)) == expected
    at = rng.choice(expected)
    assert list(order.walk(among, at[:2], descending)) == expected[expected.index(at) + 1 :]
    low, high = sorted((rng.randrange(-1, 10), rng.randrange(-1, 10)))
    assert set(order.between(low, high)) == {row for key, _, row in items if low <= key <= high}
    assert set(order.between(None, high)) == {row for key, _, row in items if key <= high}
    assert list(order.prune(among).walk(BitMap(range(1_400)), None, descending)) == expected


@few
@given(SEEDS, st.sampled_from([0.1, 30.0, 900.0, 20_100.0]), st.booleans())
def test_circles_and_distances_are_exact(seed: int, km: float, descending: bool) -> None:
    rng = Random(seed)
    spots = [(90.0, 0.0), (-90.0, 77.0), (0.0, 180.0), (0.0, -180.0)]
    spots += [(rng.uniform(-90, 90), rng.uniform(-180, 180)) for _ in range(40)]
    spots += [(rng.gauss(30, 0.5), rng.gauss(120, 0.5)) for _ in range(60)]
    grid = Grid()
    for row, (lat, lon) in enumerate(spots):
        grid.add(row, lat, lon)
    near = Near(*rng.choice([(30.0, 120.0), (89.9, 10.0), (0.0, 179.99)]), km)
    far = {row: distance_km(near.lat, near.lon, *spot) for row, spot in enumerate(spots)}
    within = grid.near(near)
    assert set(within) == {row for row, distance in far.items() if distance <= km}
    walked = [(distance, row) for distance, rows in grid.walk(near, within, None, descending) for row in rows]
    assert [distance for distance, _ in walked] == sorted((far[row] for row in within), reverse=descending)
    if walked:
        beyond = walked[len(walked) // 2][0]
        again = [distance for distance, _ in grid.walk(near, within, beyond, descending)]
        assert again == [distance for distance, _ in grid.walk(near, within, None, descending)][-len(again) :]
        assert again[0] == beyond
    assert set(grid.prune(BitMap([1, 50])).near(Near(0, 0, 30_000))) == {1, 50}


@few
@given(st.lists(st.tuples(st.sets(st.integers(0, 20)), st.integers(1, 9)), max_size=12), st.integers(0, 60))
def test_scores_add_up(added: list[tuple[set[int], int]], most: int) -> None:
    scores, expected = Scores(), Counter(dict.fromkeys(range(21), 0))
    for rows, weight in added:
        scores.add(BitMap(rows), weight)
        expected.update(dict.fromkeys(rows, weight))
    tiers = list(scores.tiers(BitMap(range(21))))
    assert {row: number for number, rows in tiers for row in rows} == dict(expected)
    assert [number for number, _ in tiers] == sorted({*expected.values()}, reverse=True)
    assert list(scores.tiers(BitMap(range(21)), most)) == [(number, rows) for number, rows in tiers if number <= most]
    assert set(scores.at_least(most, BitMap(range(21)))) == {row for row, number in expected.items() if number >= most}
