"""Where documents are: ever finer cells over points, so that a circle looks at single points at its rim alone."""

from collections.abc import Iterator
from heapq import heappop, heappush
from math import floor

from pyroaring import BitMap

from hub.ports.catalogue import Near
from services.catalog.core.distances import EARTH_KM, distance_km

_SIZES = (5.0, 1.0, 0.2, 0.04)
"""Of the cells in degrees, level by level."""
_SLACK_KM = 0.001
_BELOW_POLE = 89.999999


class _Cell:
    """A square of the grid, or at the last level a point; `radius_km` reaches from its middle to everything in it."""

    __slots__ = ("cells", "lat", "lon", "radius_km", "rows")

    def __init__(self, lat: float, lon: float, radius_km: float) -> None:
        self.lat, self.lon, self.radius_km = lat, lon, radius_km
        self.rows = BitMap()
        self.cells: dict[tuple[float, float], _Cell] = {}


class Grid:
    """Rows by their point; replaced rows stay until `prune`, callers mask them out."""

    def __init__(self) -> None:
        self._root = _Cell(0.0, 0.0, EARTH_KM * 4)

    def add(self, row: int, lat: float, lon: float) -> None:
        cell = self._root
        for size in _SIZES:
            at = (floor(min(lat, _BELOW_POLE) / size), floor(lon / size))
            inner = cell.cells.get(at)
            if inner is None:
                inner = cell.cells[at] = _square((at[0] + 0.5) * size, (at[1] + 0.5) * size, size / 2)
            inner.rows.add(row)
            cell = inner
        point = cell.cells.get((lat, lon))
        if point is None:
            point = cell.cells[lat, lon] = _Cell(lat, lon, 0.0)
        point.rows.add(row)

    def prune(self, live: BitMap) -> "Grid":
        """The same points without rows that are gone."""
        kept = Grid()
        cells = [self._root]
        while cells:
            cell = cells.pop()
            cells += cell.cells.values()
            if not cell.cells:
                for row in cell.rows & live:
                    kept.add(row, cell.lat, cell.lon)
        return kept

    def near(self, near: Near) -> BitMap:
        """Rows within the circle."""
        row_sets: list[BitMap] = []
        cells = [self._root]
        while cells:
            for cell in cells.pop().cells.values():
                km = distance_km(near.lat, near.lon, cell.lat, cell.lon)
                if km + cell.radius_km <= near.km:
                    row_sets.append(cell.rows)
                elif km - cell.radius_km <= near.km and cell.cells:
                    cells.append(cell)
        return BitMap.union(*row_sets, BitMap())

    def walk(self, near: Near, among: BitMap, beyond: float | None, descending: bool) -> Iterator[tuple[float, BitMap]]:
        """(kilometres, rows) of these rows by distance from the centre, from the distance `beyond` on.

        Best first: a cell is opened only when no point that is known to come before it is left.
        """
        sign = -1 if descending else 1
        queue: list[tuple[float, int, _Cell]] = [(0.0, 0, self._root)]
        number = 0
        while queue:
            rank, _, opened = heappop(queue)
            if not opened.cells:
                yield sign * rank, opened.rows & among
                continue
            for cell in opened.cells.values():
                if not among.intersect(cell.rows):
                    continue
                km = distance_km(near.lat, near.lon, cell.lat, cell.lon)
                if beyond is None or sign * km + cell.radius_km >= sign * beyond:
                    number += 1
                    heappush(queue, (sign * km - cell.radius_km, number, cell))


def _square(lat: float, lon: float, half: float) -> _Cell:
    """Its corners are what lies farthest from its middle."""
    sides = (max(-90.0, lat - half), min(90.0, lat + half))
    return _Cell(lat, lon, max(distance_km(lat, lon, side, lon + half) for side in sides) + _SLACK_KM)
