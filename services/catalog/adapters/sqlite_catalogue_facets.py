"""The exact values of one field path: which documents have each, and how many of any subset."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from heapq import nsmallest
from itertools import chain, count

from pyroaring import BitMap

_EMPTY = BitMap()
_MANY = 512
"""Values beyond which counting looks for short cuts."""
_LOOK_UPS_PER_VALUE = 2
"""What it costs to intersect the rows of a value, in terms of looking up one value of a row."""
ROW_RANGE, UNUSED = 65_536, 4_100
"""Of each range of rows, the first are never given to documents.

They are added to a subset before it is intersected with the rows of many values: a container of a roaring bitmap with
more than 4,096 rows is a bit set, where to test the few rows of a value costs a fraction of a search in a sorted array.
"""
_NOBODY = BitMap(range(UNUSED))

Frequent = tuple[tuple[str, int], ...]


class Facet:
    """Rows by value. A value that one document alone has is kept as its row, since identifiers are many and unique.

    Where there are many values, the most frequent of a subset are found by its documents if it is small, else by the
    values in the order of their frequency: none has more documents in the subset than in all.
    """

    __slots__ = ("_numbers", "_of_row", "_pairs", "_rows", "_same", "_sized", "_values")

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._values: list[str] = []
        self._rows: list[BitMap | int] = []
        self._pairs = 0
        self._of_row: list[tuple[int, ...]] = []
        self._same: dict[tuple[int, ...], tuple[int, ...]] = {(): ()}
        self._sized: dict[int, dict[int, BitMap | int]] | None = None

    def add(self, row: int, values: Iterable[str]) -> None:
        numbers = tuple([self._number(value) for value in dict.fromkeys(values)])
        for number in numbers:
            self._add(row, number)
        self._pairs += len(numbers)
        missing = row + 1 - len(self._of_row)
        if missing > 0:
            self._of_row += [()] * missing
        self._of_row[row] = self._same.setdefault(numbers, numbers)

    def prune(self, live: BitMap) -> "Facet":
        """The same values without rows that are gone."""
        kept = Facet()
        for row in live:
            if row < len(self._of_row) and self._of_row[row]:
                kept.add(row, [self._values[number] for number in self._of_row[row]])
        return kept

    def any_of(self, values: Iterable[str]) -> BitMap:
        """Rows that have one of the values."""
        found = [self._rows[self._numbers[value]] for value in values if value in self._numbers]
        return BitMap.union(*map(_bitmap, found), _EMPTY)

    def most_frequent(self, among: BitMap, limit: int) -> Frequent:
        """(value, count) of these rows, most frequent first, equal counts by value."""
        if len(self._values) <= _MANY:
            return self._top(range(len(self._rows)), [_count(among, rows) for rows in self._rows], limit)
        if not among:
            return ()
        looked_up = len(among) * self._pairs // len(self._of_row)
        if looked_up < _LOOK_UPS_PER_VALUE * len(self._values):
            return self._rows_first(among, limit)
        return self._largest_first(_padded(among), limit)

    def _number(self, value: str) -> int:
        number = self._numbers.get(value)
        if number is None:
            number = self._numbers[value] = len(self._values)
            self._values.append(value)
        return number

    def _add(self, row: int, number: int) -> None:
        if number == len(self._rows):
            self._rows.append(row)
        elif isinstance(known := self._rows[number], int):
            self._rows[number] = BitMap((known, row))
        else:
            known.add(row)
        if self._sized is not None:
            rows = self._rows[number]
            size = _size(rows)
            self._sized.get(size - 1, {}).pop(number, None)
            self._sized.setdefault(size, {})[number] = rows

    def _rows_first(self, among: BitMap, limit: int) -> Frequent:
        rows = among if among.max() < len(self._of_row) else among & BitMap(range(len(self._of_row)))
        counted = Counter(chain.from_iterable(map(self._of_row.__getitem__, rows.to_array())))
        return self._top(list(counted), list(counted.values()), limit)

    def _largest_first(self, among: BitMap, limit: int) -> Frequent:
        """Stops at the size of which no value can be among the most frequent."""
        numbers: list[int] = []
        counts: list[int] = []
        sized = self._by_size()
        enough = _MANY
        for size in sorted(sized, reverse=True):
            if len(counts) >= enough:
                if sorted(counts, reverse=True)[limit - 1] > size:
                    break
                enough *= 4
            level = sized[size]
            numbers += level
            if size == 1:
                counts += [_count(among, rows) for rows in level.values()]
            else:
                counts += map(among.intersection_cardinality, level.values())  # type: ignore[arg-type]
        return self._top(numbers, counts, limit)

    def _by_size(self) -> dict[int, dict[int, BitMap | int]]:
        """The numbers and the rows of the values by how many rows those are."""
        if self._sized is None:
            self._sized = {}
            for number, rows in enumerate(self._rows):
                self._sized.setdefault(_size(rows), {})[number] = rows
        return self._sized

    def _top(self, numbers: Sequence[int], counts: Sequence[int], limit: int) -> Frequent:
        """Those that occur, most frequent first, equal counts by value."""
        least = 1
        if len(counts) > limit:
            least = max(1, sorted(counts, reverse=True)[limit - 1])
        values, both = self._values, list(zip(numbers, counts, strict=True))
        above = sorted([(-count, values[number]) for number, count in both if count > least])
        equal = nsmallest(limit - len(above), [values[number] for number, count in both if count == least])
        return (*((value, -count) for count, value in above), *((value, least) for value in equal))


def rows_after(last: int) -> Iterator[int]:
    """The rows to give to the next documents."""
    for row in count(last + 1):
        if row % ROW_RANGE >= UNUSED:
            yield row


def _padded(among: BitMap) -> BitMap:
    """With the unused rows of each range that it reaches."""
    ranges = range(among.max() // ROW_RANGE + 1)
    return BitMap.union(among, *(_NOBODY.shift(number * ROW_RANGE) for number in ranges))


def _count(among: BitMap, rows: BitMap | int) -> int:
    return int(rows in among) if isinstance(rows, int) else among.intersection_cardinality(rows)


def _size(rows: BitMap | int) -> int:
    return 1 if isinstance(rows, int) else len(rows)


def _bitmap(rows: BitMap | int) -> BitMap:
    return BitMap((rows,)) if isinstance(rows, int) else rows
