"""Where documents are: a grid of two levels over points, so that circles and boxes rarely look at single points."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import asin, cos, floor, radians, sin, sqrt
from typing import Literal

from pyroaring import BitMap

from hub.ports.catalogue import Box, Near

EARTH_KM = 6371.0088
"""Mean radius (IUGG)."""
Point = tuple[float, float]
_COARSE, _FINE = 1.0, 0.05
_SLACK_KM = 0.001
_BELOW_POLE = 89.999999

Side = Literal["in", "out", "both"]


def distance_km(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Great-circle distance by the haversine formula."""
    north, east = radians(other_lat - lat) / 2, radians(other_lon - lon) / 2
    chord = sin(north) ** 2 + cos(radians(lat)) * cos(radians(other_lat)) * sin(east) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(chord)))


@dataclass(slots=True)
class _Cell:
    """A square of the grid with what lies in it: finer cells, or bitmaps of rows by point."""

    lat: float
    lon: float
    size: float
    rows: BitMap = field(default_factory=BitMap)
    cells: dict[tuple[int, int], "_Cell"] = field(default_factory=dict)
    points: dict[Point, BitMap] = field(default_factory=dict)
    radius_km: float = 0.0

    def __post_init__(self) -> None:
        half = self.size / 2
        corners = (self.lat - half, self.lat + half)
        far = max(distance_km(self.lat, self.lon, max(-90.0, min(90.0, lat)), self.lon + half) for lat in corners)
        self.radius_km = far + _SLACK_KM


class Grid:
    """Rows by their point; replaced rows stay until `prune`, callers mask them out."""

    def __init__(self) -> None:
        self.rows = BitMap()
        self._cells: dict[tuple[int, int], _Cell] = {}

    def add(self, row: int, lat: float, lon: float) -> None:
        self.rows.add(row)
        coarse = _cell(self._cells, lat, lon, _COARSE)
        fine = _cell(coarse.cells, lat, lon, _FINE)
        coarse.rows.add(row)
        fine.rows.add(row)
        fine.points.setdefault((lat, lon), BitMap()).add(row)

    def prune(self, live: BitMap) -> "Grid":
        """The same points without rows that are gone."""
        kept = Grid()
        for coarse in self._cells.values():
            for fine in coarse.cells.values():
                for (lat, lon), rows in fine.points.items():
                    for row in rows & live:
                        kept.add(row, lat, lon)
        return kept

    def near(self, near: Near) -> BitMap:
        """Rows within the circle."""

        def side(cell: _Cell) -> Side:
            km = distance_km(near.lat, near.lon, cell.lat, cell.lon)
            if km - cell.radius_km > near.km:
                return "out"
            return "in" if km + cell.radius_km <= near.km else "both"

        return self._select(side, lambda point: distance_km(near.lat, near.lon, *point) <= near.km)

    def box(self, box: Box) -> BitMap:
        """Rows within the box, its borders included."""

        def side(cell: _Cell) -> Side:
            half = cell.size / 2 + 1e-9
            if cell.lat + half < box.south or cell.lat - half > box.north:
                return "out"
            inside = box.south <= cell.lat - half and cell.lat + half <= box.north
            wrapped = abs(cell.lon) + half > 180
            ends = _holds(box, cell.lon - half), _holds(box, cell.lon + half)
            gap_within = box.west > box.east and box.west - box.east < cell.size
            return "in" if inside and all(ends) and not wrapped and not gap_within else "both"

        return self._select(side, lambda point: box.south <= point[0] <= box.north and _holds(box, point[1]))

    def _select(self, side: Callable[[_Cell], Side], holds: Callable[[Point], bool]) -> BitMap:
        found: list[BitMap] = []
        for coarse in self._cells.values():
            where = side(coarse)
            if where == "in":
                found.append(coarse.rows)
            elif where == "both":
                for fine in coarse.cells.values():
                    where = side(fine)
                    if where == "in":
                        found.append(fine.rows)
                    elif where == "both":
                        found += [rows for point, rows in fine.points.items() if holds(point)]
        return BitMap.union(*found, BitMap())

    def walk(self, near: Near, among: BitMap, beyond: float | None, descending: bool) -> Iterator[tuple[float, BitMap]]:
        """(kilometres, rows) of these rows by distance from the centre, from the distance `beyond` on.

        Best first: a cell is opened only when nothing that is known to be nearer is left.
        """
        sign = -1 if descending else 1
        queue: list[tuple[float, int, _Cell | BitMap]] = []
        number = 0

        def offer(cell: _Cell) -> None:
            nonlocal number
            if not among.intersect(cell.rows):
                return
            km = distance_km(near.lat, near.lon, cell.lat, cell.lon)
            if beyond is None or sign * km + cell.radius_km >= sign * beyond:
                number += 1
                heappush(queue, (sign * km - cell.radius_km, number, cell))

        for coarse in self._cells.values():
            offer(coarse)
        while queue:
            rank, _, found = heappop(queue)
            if isinstance(found, BitMap):
                yield sign * rank, found
                continue
            for fine in found.cells.values():
                offer(fine)
            for point, rows in found.points.items():
                if at := rows & among:
                    km = distance_km(near.lat, near.lon, *point)
                    if beyond is None or sign * km >= sign * beyond:
                        number += 1
                        heappush(queue, (sign * km, number, at))


def _cell(cells: dict[tuple[int, int], _Cell], lat: float, lon: float, size: float) -> _Cell:
    at = (floor(min(lat, _BELOW_POLE) / size), floor(lon / size))
    cell = cells.get(at)
    if cell is None:
        cell = cells[at] = _Cell((at[0] + 0.5) * size, (at[1] + 0.5) * size, size)
    return cell


def _holds(box: Box, lon: float) -> bool:
    if box.west <= box.east:
        return box.west <= lon <= box.east
    return lon >= box.west or lon <= box.east
