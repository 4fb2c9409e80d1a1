"""Which documents match a text, and how well: tiers of relevance computed from bitmaps alone.

A document's score adds up over the terms: a term in a title counts twice what it counts where it is frequent in the
text, and rare terms count more; a name that is, or begins with, the whole query comes before all that. So the order
needs no document to be looked at, and totals stay exact however many match.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pyroaring import BitMap

from hub.kernel.terms import is_syllables, looks_like_pinyin, name_key, query_terms
from services.catalog.adapters.sqlite_catalogue_terms import BODY, NAME, PINYIN, STRONG, TITLE, Reader

FALLBACK_FROM = 4
"""Terms from which on a document may lack a quarter of them, where none has all."""
WORD_LETTERS = 24
_COMMON, _USUAL = 0.1, 0.01


class Match(NamedTuple):
    """Where one term of the query is found; `often` and `anywhere` include what is in `title`."""

    title: BitMap
    often: BitMap
    anywhere: BitMap


class Scores:
    """A number for each row, as one bitmap for each binary digit."""

    def __init__(self) -> None:
        self._digits: list[BitMap] = []

    def add(self, rows: BitMap, weight: int) -> None:
        """Add the weight to each of these rows."""
        digit = 0
        while weight:
            if weight & 1:
                self._carry(rows, digit)
            weight >>= 1
            digit += 1

    def _carry(self, rows: BitMap, digit: int) -> None:
        while rows:
            while len(self._digits) <= digit:
                self._digits.append(BitMap())
            both = self._digits[digit] & rows
            self._digits[digit] ^= rows
            rows, digit = both, digit + 1

    def tiers(self, among: BitMap, most: int | None = None) -> Iterator[tuple[int, BitMap]]:
        """(number, rows) from the highest number on, those above `most` left out; no tier is empty."""
        yield from self._split(among, len(self._digits) - 1, 0, most)

    def _split(self, among: BitMap, digit: int, above: int, most: int | None) -> Iterator[tuple[int, BitMap]]:
        if not among or (most is not None and above > most):
            return
        if digit < 0:
            yield above, among
            return
        ones = self._digits[digit]
        yield from self._split(among & ones, digit - 1, above + (1 << digit), most)
        yield from self._split(among - ones, digit - 1, above, most)

    def at_least(self, number: int, among: BitMap) -> BitMap:
        rows = BitMap()
        for found, tier in self.tiers(among):
            if found < number:
                break
            rows |= tier
        return rows


class Relevance(NamedTuple):
    """The matching rows, their scores, and the highest score there could be."""

    rows: BitMap
    scores: Scores
    best: int


def relevance(reader: Reader, text: str, live: BitMap) -> Relevance:
    """All terms are required; see FALLBACK_FROM for the exception."""
    terms = query_terms(text)
    if not terms:
        return Relevance(BitMap(), Scores(), 1)
    spelt = _reads_as_pinyin(terms)
    matches = [_match(reader, term, spelt, live) for term in terms]
    rows = _all_of(matches, live)
    if not rows or not matches[-1].anywhere:
        matches[-1] = _prefixed(reader, terms[-1], spelt, matches[-1], live)
        rows = _all_of(matches, live)
    if not rows and len(matches) >= FALLBACK_FROM:
        rows = _most_of(matches, live)
    return _scored(reader, text, matches, rows, len(live))


def _reads_as_pinyin(terms: Sequence[str]) -> bool:
    latin = [term for term in terms if term.isascii()]
    return bool(latin) and looks_like_pinyin(" ".join(latin))


def _all_of(matches: Sequence[Match], live: BitMap) -> BitMap:
    return BitMap.intersection(live, *(match.anywhere for match in matches))


def _most_of(matches: Sequence[Match], live: BitMap) -> BitMap:
    counted = Scores()
    for match in matches:
        counted.add(match.anywhere, 1)
    return counted.at_least(len(matches) - len(matches) // 4, live)


def _match(reader: Reader, term: str, spelt: bool, live: BitMap) -> Match:
    title, often, body = (reader.rows(field, term) for field in (TITLE, STRONG, BODY))
    if spelt and (is_syllables(term) or not (title | body) & live):
        title = title | _pinyin(reader, term)
    often = often | title
    return Match(title, often, body | title)


def _pinyin(reader: Reader, term: str) -> BitMap:
    """Titles that have the word, or all the words that the term can be cut into (`zhejiangdaxue`, `cailiao`)."""
    rows = reader.rows(PINYIN, term)
    if rows or not is_syllables(term):
        return rows
    parts = _cut(reader, term)
    return BitMap.intersection(*(reader.rows(PINYIN, part) for part in parts)) if parts else rows


def _cut(reader: Reader, term: str) -> list[str]:
    """The longest words from the left on that titles have; nothing where some of the term is left."""
    parts: list[str] = []
    start = 0
    while start < len(term):
        ends = range(min(len(term), start + WORD_LETTERS), start + 1, -1)
        word = next((term[start:end] for end in ends if reader.rows(PINYIN, term[start:end])), None)
        if word is None:
            return []
        parts.append(word)
        start += len(word)
    return parts


def _prefixed(reader: Reader, term: str, spelt: bool, exact: Match, live: BitMap) -> Match:
    """The match of the last term as the beginning of words."""
    fields = [[reader.rows(field, found) for found in reader.beginning(field, term)] for field in (TITLE, STRONG, BODY)]
    if spelt:
        fields[0] += [reader.rows(PINYIN, found) for found in reader.beginning(PINYIN, term)]
    title, often, body = (BitMap.union(BitMap(), *rows) for rows in fields)
    title |= exact.title
    often |= exact.often | title
    return Match(title, often, exact.anywhere | body | title)


def _scored(reader: Reader, text: str, matches: Sequence[Match], rows: BitMap, count: int) -> Relevance:
    scores = Scores()
    best = 0
    for match in matches:
        weight = _weight(len(match.anywhere), count)
        scores.add(match.title & rows, weight)
        scores.add(match.often & rows, weight)
        if len(matches) >= FALLBACK_FROM:
            scores.add(match.anywhere & rows, weight)
        best += 3 * weight
    for names in _names(reader, text):
        scores.add(names & rows, best + 1)
    return Relevance(rows, scores, 3 * (best + 1))


def _weight(found: int, count: int) -> int:
    if found > count * _COMMON:
        return 1
    return 2 if found > count * _USUAL else 3


def _names(reader: Reader, text: str) -> Iterator[BitMap]:
    """Rows with a name that is the query; rows with a name that begins with it."""
    key = name_key(text)
    yield reader.rows(NAME, key)
    yield BitMap.union(BitMap(), *(reader.rows(NAME, name) for name in reader.beginning(NAME, key)))
