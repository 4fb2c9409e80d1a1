"""Postings: which documents have a term, in which of their texts. Recent ones in memory, the rest read on demand."""

import sqlite3
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from pyroaring import BitMap

FIELDS = TITLE, BODY, STRONG, PINYIN, NAME = range(5)
"""Where a term occurs: in a title, anywhere in the text, often in the text, as pinyin, or as a whole name."""

OFTEN = 3
PREFIX_LIMIT = 64
CACHE_LIMIT = 4_096
_LAST = "\U0010ffff"
_EMPTY = BitMap()

Connect = Callable[[], sqlite3.Connection]


class Terms(NamedTuple):
    """The texts of one document as terms joined by blanks (kernel.terms); `names` are whole names, one term each."""

    title: str
    body: str
    pinyin: str
    names: str

    def each(self) -> tuple[Iterable[str], ...]:
        """The terms by field, each once."""
        counted = Counter(self.body.split())
        often = [term for term, count in counted.items() if count >= OFTEN]
        return (set(self.title.split()), counted, often, set(self.pinyin.split()), set(self.names.split()))


class _Field(dict[str, list[int]]):
    """Rows by term, and the terms by their first two characters, where prefixes are looked for."""

    def __init__(self) -> None:
        self.starting: dict[str, list[str]] = {}

    def __missing__(self, term: str) -> list[int]:
        self.starting.setdefault(term[:2], []).append(term)
        rows = self[term] = []
        return rows


class Postings:
    """An inverted index in memory, small enough to be written out often."""

    def __init__(self) -> None:
        self.fields = tuple(_Field() for _ in FIELDS)
        self.documents = 0

    def add(self, row: int, terms: Terms) -> None:
        """Rows come in ascending order."""
        self.documents += 1
        for field, found in zip(self.fields, terms.each(), strict=True):
            for term in found:
                field[term].append(row)

    def written(self) -> Iterator[tuple[int, str, bytes]]:
        """(field, term, serialised bitmap) in the order of the table's key."""
        for number, field in enumerate(self.fields):
            for term in sorted(field):
                yield number, term, BitMap(field[term]).serialize()

    def beginning(self, field: int, prefix: str) -> list[str]:
        starting = self.fields[field].starting
        return [term for term in starting.get(prefix[:2], ()) if term.startswith(prefix)]


class Reader:
    """Bitmaps of terms from both places; the read ones are kept, the least recently used dropped first."""

    def __init__(self, connect: Connect, table: str) -> None:
        self._connect = connect
        self._one = f"SELECT rows FROM {table} WHERE field = ? AND term = ?"
        self._range = f"SELECT DISTINCT term FROM {table} WHERE field = ? AND term >= ? AND term < ? LIMIT ?"
        self._cache: OrderedDict[tuple[int, str], BitMap] = OrderedDict()
        self.recent = Postings()

    def rows(self, field: int, term: str) -> BitMap:
        """Rows that have the term, replaced ones among them."""
        kept = self._kept((field, term))
        recent = self.recent.fields[field].get(term)
        return kept | BitMap(recent) if recent else kept

    def beginning(self, field: int, prefix: str) -> list[str]:
        """Up to PREFIX_LIMIT terms that begin so, in alphabetical order; none for a prefix of one letter."""
        if len(prefix) < 2:
            return []
        read = self._connect().execute(self._range, (field, prefix, prefix + _LAST, PREFIX_LIMIT))
        found = {term for (term,) in read}.union(self.recent.beginning(field, prefix))
        return sorted(found)[:PREFIX_LIMIT]

    def forget(self) -> None:
        """Postings have been written out: read them anew."""
        self._cache.clear()
        self.recent = Postings()

    def _kept(self, key: tuple[int, str]) -> BitMap:
        postings = self._cache.get(key)
        if postings is None:
            parts = [BitMap.deserialize(rows) for (rows,) in self._connect().execute(self._one, key)]
            postings = self._cache[key] = BitMap.union(*parts, _EMPTY)
            if len(self._cache) > CACHE_LIMIT:
                self._cache.popitem(last=False)
        else:
            self._cache.move_to_end(key)
        return postings


def inverted(documents: Iterable[tuple[int, Terms]]) -> Postings:
    postings = Postings()
    for row, terms in documents:
        postings.add(row, terms)
    return postings
