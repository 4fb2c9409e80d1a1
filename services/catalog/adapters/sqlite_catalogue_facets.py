"""The exact values of one field path: which documents have each, and how many of any subset."""

from collections import Counter
from collections.abc import Iterable, Iterator
from heapq import nsmallest

from pyroaring import BitMap

_EMPTY = BitMap()
_FORWARD_FROM = 4_096
"""Values beyond which small subsets are counted from the documents' side."""


class Facet:
    """Rows by value. A value that one document alone has is kept as its row, since identifiers are many and unique."""

    __slots__ = ("_of_row", "_rows")

    def __init__(self) -> None:
        self._rows: dict[str, BitMap | int] = {}
        self._of_row: dict[int, tuple[str, ...]] | None = None

    def add(self, row: int, values: Iterable[str]) -> None:
        rows = self._rows
        for value in values:
            known = rows.setdefault(value, row)
            if not isinstance(known, int):
                known.add(row)
            elif known != row:
                rows[value] = BitMap((known, row))
        if self._of_row is not None:
            self._of_row[row] = tuple(values)

    def prune(self, live: BitMap) -> "Facet":
        """The same values without rows that are gone."""
        kept = Facet()
        for value, rows in self._rows.items():
            left = _bitmap(rows) & live
            if left:
                kept._rows[value] = left if len(left) > 1 else left.min()
        return kept

    def any_of(self, values: Iterable[str]) -> BitMap:
        """Rows that have one of the values."""
        return BitMap.union(*(_bitmap(self._rows[value]) for value in values if value in self._rows), _EMPTY)

    def most_frequent(self, among: BitMap, limit: int) -> tuple[tuple[str, int], ...]:
        """(value, count) of these rows, most frequent first, equal counts by value."""
        counted = self._counted(among)
        best = nsmallest(limit, ((-count, value) for value, count in counted if count))
        return tuple((value, -count) for count, value in best)

    def _counted(self, among: BitMap) -> Iterable[tuple[str, int]]:
        if len(self._rows) >= _FORWARD_FROM and len(among) * 8 < len(self._rows):
            of_row = self._forward()
            return Counter(value for row in among for value in of_row.get(row, ())).items()
        return self._intersected(among)

    def _intersected(self, among: BitMap) -> Iterator[tuple[str, int]]:
        count = among.intersection_cardinality
        for value, rows in self._rows.items():
            yield value, (rows in among if isinstance(rows, int) else count(rows))

    def _forward(self) -> dict[int, tuple[str, ...]]:
        if self._of_row is None:
            gathered: dict[int, list[str]] = {}
            for value, rows in self._rows.items():
                for row in _bitmap(rows):
                    gathered.setdefault(row, []).append(value)
            self._of_row = {row: tuple(values) for row, values in gathered.items()}
        return self._of_row


def _bitmap(rows: BitMap | int) -> BitMap:
    return BitMap((rows,)) if isinstance(rows, int) else rows
