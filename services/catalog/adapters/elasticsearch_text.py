"""What was typed as queries: which documents match, and how well, in whole numbers.

A document's score adds up over the terms: a term in a title counts twice what it counts where it is frequent in the
text, and rare terms count more; a name that is, or begins with, the whole query comes before all that. Whole numbers
instead of BM25 keep pages stable while segments merge and documents come and go.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.kernel.terms import is_syllables, looks_like_pinyin, name_key, query_terms
from schemas.derive.mapping import KEY_LIMIT, TERM_LIMIT

Clause = dict[str, Any]
Counted = Callable[[Mapping[str, Clause]], Mapping[str, int]]
"""How many active documents match each of some named queries."""

FALLBACK_FROM = 4
"""Terms from which on a document may lack a quarter of them, where none has all."""
PREFIX_FROM = 2
"""Letters from which on the last term may be the beginning of a word."""
PARTS_LIMIT = 500
"""Parts of a pinyin term that are looked up."""
_COMMON, _USUAL = 0.1, 0.01
_ALL = "\0"


@dataclass(frozen=True, slots=True)
class Match:
    """Where one term is found, and what it counts there."""

    title: Clause
    often: Clause
    anywhere: Clause
    weight: int


@dataclass(frozen=True, slots=True)
class Matching:
    """One reading of the text: the documents that match it, what they score, and the highest score there could be."""

    matches: tuple[Match, ...]
    lacking: int
    names: tuple[Clause, ...]

    @property
    def matched(self) -> Clause:
        """Without scores."""
        anywhere = [match.anywhere for match in self.matches]
        if not anywhere:
            return {"match_none": {}}
        if not self.lacking:
            return {"bool": {"filter": anywhere}}
        return {"bool": {"should": anywhere, "minimum_should_match": len(anywhere) - self.lacking}}

    @property
    def scored(self) -> Clause:
        scores = [{"constant_score": {"filter": clause, "boost": weight}} for clause, weight in self._scores()]
        return {"bool": {"filter": [self.matched], "should": scores}}

    @property
    def best(self) -> int:
        return 3 * (self._terms_best + 1)

    @property
    def _terms_best(self) -> int:
        return 3 * sum(match.weight for match in self.matches)

    def _scores(self) -> Iterator[tuple[Clause, int]]:
        for match in self.matches:
            yield match.title, match.weight
            yield match.often, match.weight
            if len(self.matches) >= FALLBACK_FROM:
                yield match.anywhere, match.weight
        for name in self.names:
            yield name, self._terms_best + 1


def readings(text: str, counted: Counted) -> list[Matching]:
    """The readings of a text, of which the first that any document matches is the one to take.

    All terms as they are; the last one as the beginning of words; and of many terms most. Nothing matches a text that
    has no term at all.
    """
    terms = [term[:TERM_LIMIT] for term in query_terms(text)]
    if not terms:
        return [Matching((), 0, ())]
    spelt = _reads_as_pinyin(terms)
    parts = {part for term in terms for part in _parts(term)} if spelt else set()
    counts = _counts(terms, parts, counted) if len(terms) > 1 or spelt else {}
    matches = [_match(term, spelt, counts) for term in terms]
    names = tuple(_names(text))
    alternatives = [Matching(tuple(matches), 0, names)]
    if len(terms[-1]) >= PREFIX_FROM:
        matches = [*matches[:-1], _beginning(terms[-1], spelt, matches[-1])]
        alternatives.append(Matching(tuple(matches), 0, names))
    if len(matches) >= FALLBACK_FROM:
        alternatives.append(Matching(tuple(matches), len(matches) // 4, names))
    return alternatives


def _counts(terms: Sequence[str], parts: set[str], counted: Counted) -> Mapping[str, int]:
    """By `<field>:<term>`, and of all documents."""
    asked: dict[str, Clause] = {f"body:{term}": _term("body", term) for term in terms}
    asked |= {f"pinyin:{part}": _term("pinyin", part) for part in parts}
    asked[_ALL] = {"term": {"status": "active"}}
    return counted(asked)


def _reads_as_pinyin(terms: Sequence[str]) -> bool:
    latin = [term for term in terms if term.isascii()]
    return bool(latin) and looks_like_pinyin(" ".join(latin))


def _match(term: str, spelt: bool, counts: Mapping[str, int]) -> Match:
    title, often, body = (_term(field, term) for field in ("title", "often", "body"))
    found = counts.get(f"body:{term}", 0)
    if spelt and (pinyin := _pinyin(term, counts)) and (is_syllables(term) or not found):
        title, often, body = (_any(clause, pinyin) for clause in (title, often, body))
        found = max(found, counts.get(f"pinyin:{term}", 0))
    return Match(title, often, body, _weight(found, counts.get(_ALL, 0)))


def _pinyin(term: str, counts: Mapping[str, int]) -> Clause | None:
    """Titles that have the word, or all the words that the term can be cut into (`zhejiangdaxue`, `cailiao`)."""
    if counts.get(f"pinyin:{term}"):
        return _term("pinyin", term)
    words = _cut(term, counts)
    return {"bool": {"filter": [_term("pinyin", word) for word in words]}} if words else None


def _cut(term: str, counts: Mapping[str, int]) -> list[str]:
    """The longest words from the left on that titles have; nothing where some of the term is left."""
    words: list[str] = []
    start = 0
    while start < len(term):
        ends = (end for end in range(len(term), start + 1, -1) if counts.get(f"pinyin:{term[start:end]}"))
        end = next(ends, None)
        if end is None:
            return []
        words.append(term[start:end])
        start = end
    return words


def _parts(term: str) -> list[str]:
    """The term and, where it can be read as syllables, whatever in it might be a word."""
    if not term.isascii():
        return []
    if not is_syllables(term):
        return [term]
    spans = ((start, end) for start in range(len(term)) for end in range(start + 2, len(term) + 1))
    found = [term[start:end] for start, end in spans if is_syllables(term[start:end])]
    return sorted(set(found), key=len, reverse=True)[:PARTS_LIMIT]


def _beginning(term: str, spelt: bool, exact: Match) -> Match:
    """The match of the last term as the beginning of words."""
    title, often, body = (_prefix(field, term) for field in ("title", "often", "body"))
    if spelt:
        title, often, body = (_any(clause, _prefix("pinyin", term)) for clause in (title, often, body))
    return Match(
        _any(exact.title, title), _any(exact.often, often), _any(exact.anywhere, body), max(exact.weight, _weight(0, 1))
    )


def _weight(found: int, count: int) -> int:
    if found > count * _COMMON:
        return 1
    return 2 if found > count * _USUAL else 3


def _names(text: str) -> Iterator[Clause]:
    """Names that are the text; names that begin with it."""
    key = name_key(text)[:KEY_LIMIT]
    if key:
        yield _term("name", key)
    if len(key) >= PREFIX_FROM:
        yield _prefix("name", key)


def _term(field: str, term: str) -> Clause:
    return {"term": {field: term}}


def _prefix(field: str, term: str) -> Clause:
    return {"prefix": {field: term}}


def _any(*clauses: Clause) -> Clause:
    return {"bool": {"should": list(clauses)}}
