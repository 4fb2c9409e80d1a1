"""Documents in the order of a key: ranges of it as bitmaps, and pages of any subset in that order."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator

from pyroaring import BitMap

Key = float | str
Item = tuple[Key, str, int]
"""Key, record id, row: equal keys are in the order of their ids, so that the order depends on contents alone."""

_BLOCK = 512
_LAST_ID = "\U0010ffff"
_LAST_ROW = 1 << 62


class _Block:
    __slots__ = ("items", "rows")

    def __init__(self, items: list[Item]) -> None:
        self.items = items
        self.rows = BitMap([item[2] for item in items])


class Order:
    """Rows sorted by key, in blocks that each know their rows as a bitmap.

    A page of any subset costs one intersection a block and the page itself, not a sort of the subset. Replaced rows
    stay until `prune`; callers mask them out.
    """

    def __init__(self, items: Iterable[Item] = ()) -> None:
        ordered = sorted(items)
        self._blocks = [_Block(ordered[start : start + _BLOCK]) for start in range(0, len(ordered), _BLOCK)]
        self._firsts = [block.items[0] for block in self._blocks]
        self.rows = BitMap([item[2] for item in ordered])

    def add(self, key: Key, record_id: str, row: int) -> None:
        item = (key, record_id, row)
        self.rows.add(row)
        if not self._blocks:
            self._blocks, self._firsts = [_Block([item])], [item]
            return
        at = max(bisect_right(self._firsts, item) - 1, 0)
        block = self._blocks[at]
        insort(block.items, item)
        block.rows.add(row)
        self._firsts[at] = block.items[0]
        if len(block.items) > 2 * _BLOCK:
            halves = [_Block(block.items[:_BLOCK]), _Block(block.items[_BLOCK:])]
            self._blocks[at : at + 1] = halves
            self._firsts[at : at + 1] = [half.items[0] for half in halves]

    def prune(self, live: BitMap) -> "Order":
        """The same order without rows that are gone."""
        return Order(item for block in self._blocks for item in block.items if item[2] in live)

    def between(self, low: float | None, high: float | None) -> BitMap:
        """Rows whose key lies in the inclusive range; None is open."""
        rows = BitMap()
        for at, block in enumerate(self._blocks):
            first, last = block.items[0][0], block.items[-1][0]
            if high is not None and first > high:  # type: ignore[operator]
                break
            if low is not None and last < low:  # type: ignore[operator]
                continue
            whole = (low is None or first >= low) and (high is None or last <= high)  # type: ignore[operator]
            rows |= block.rows if whole else BitMap(self._within(at, low, high))
        return rows

    def _within(self, at: int, low: float | None, high: float | None) -> list[int]:
        items = self._blocks[at].items
        start = 0 if low is None else bisect_left(items, (low, "", 0))
        end = len(items) if high is None else bisect_right(items, (high, _LAST_ID, _LAST_ROW))
        return [item[2] for item in items[start:end]]

    def walk(self, among: BitMap, after: tuple[Key, str] | None, descending: bool) -> Iterator[Item]:
        """The items of these rows in order, those after a position alone; descending is the exact reverse."""
        blocks = self._blocks
        if descending:
            start = bisect_left(self._firsts, (*after, 0)) - 1 if after else len(blocks) - 1
            numbers: Iterable[int] = range(start, -1, -1)
        else:
            start = max(bisect_right(self._firsts, (*after, _LAST_ROW)) - 1, 0) if after else 0
            numbers = range(start, len(blocks))
        for number in numbers:
            block = blocks[number]
            if not among.intersect(block.rows):
                continue
            items = block.items
            if after and number == start:
                items = items[: bisect_left(items, (*after, 0))] if descending else _behind(items, after)
            for item in reversed(items) if descending else items:
                if item[2] in among:
                    yield item


def _behind(items: list[Item], after: tuple[Key, str]) -> list[Item]:
    return items[bisect_right(items, (*after, _LAST_ROW)) :]
