"""Marking what was searched for in what is shown: HTML-escaped, matches in <mark>, long texts cut to a snippet."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import islice
from typing import Any
from unicodedata import normalize

SNIPPET = 160
"""Characters of a long text that are shown."""
FIELDS_LIMIT = 30
_LEAD = 40
_SEARCHED = 20_000
_MATCHES = 40
_JOINED = 6
_START = r"(?<![^\W_〇\u3400-\u9fff])"


class Marker:
    """Marks the terms of one query; the last one also where a longer word begins so."""

    def __init__(self, terms: Sequence[str]) -> None:
        ordered = sorted(terms, key=len, reverse=True)
        self._patterns = [(_certain(term), _pattern(term, term is terms[-1])) for term in ordered]

    def marked(self, text: str) -> str | None:
        """The text or a snippet of it as HTML; None where nothing matches."""
        plain = _plain(text[:_SEARCHED])
        # Most texts have none of the terms, and to look for a substring is much faster than to match a pattern.
        patterns = [pattern for certain, pattern in self._patterns if certain in plain]
        if not patterns:
            return None
        matches = islice(re.finditer("|".join(patterns), plain), _MATCHES)
        spans = _joined([match.span() for match in matches])
        return _html(text, spans) if spans else None

    def highlights(self, public: Mapping[str, Any]) -> dict[str, str]:
        """Each public field with a match, by its path."""
        marked_fields: dict[str, str] = {}
        for path, text in _texts(public, ""):
            if path not in marked_fields and (marked := self.marked(text)) is not None:
                marked_fields[path] = marked
                if len(marked_fields) == FIELDS_LIMIT:
                    break
        return marked_fields


def _html(text: str, spans: list[tuple[int, int]]) -> str:
    start, end = _window(text, spans)
    parts = ["…"] if start else []
    at = start
    for left, right in spans:
        if left >= start and right <= end:
            parts += (escape(text[at:left]), "<mark>", escape(text[left:right]), "</mark>")
            at = right
    parts += (escape(text[at:end]), "…" if end < len(text) else "")
    return "".join(parts)


def _certain(term: str) -> str:
    """What a text has certainly that has the term in any of its spellings."""
    if _is_joined(term):
        return term[0]
    return term[:-1] if term.endswith("y") and term.isascii() else term


def _is_joined(term: str) -> bool:
    """Whether the term may be written with hyphens or blanks inside, such as `lcms`."""
    return term.isascii() and 2 <= len(term) <= _JOINED


def _pattern(term: str, prefix: bool) -> str:
    """A pattern of the term's spellings: singular or plural, and of short ones with or without hyphens."""
    if not term.isascii():
        return re.escape(term)
    end = r"[^\W_]*" if prefix else "(?:s|es)?(?![a-z0-9])"
    if not prefix and term.endswith("y") and len(term) > _JOINED:
        return f"{_START}{re.escape(term[:-1])}(?:y|ies)(?![a-z0-9])"
    spelt = r"[-./+_&·]?".join(map(re.escape, term)) if _is_joined(term) else re.escape(term)
    return f"{_START}{spelt}{end}"


def _plain(text: str) -> str:
    """Folded so that positions stay those of the text: at once where that keeps the length, else by character."""
    if text.isascii():
        return text.lower()
    plain = normalize("NFKC", text).casefold()
    if len(plain) == len(text):
        return plain
    return "".join(char if len(plain := normalize("NFKC", char).casefold()) != 1 else plain for char in text)


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for left, right in spans:
        if joined and left <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(right, joined[-1][1]))
        else:
            joined.append((left, right))
    return joined


def _window(text: str, spans: list[tuple[int, int]]) -> tuple[int, int]:
    """The part to show: all of a short text, else around the most matches that fit."""
    if len(text) <= SNIPPET:
        return 0, len(text)
    lefts = [left for left, _ in spans]
    held = [bisect_left(lefts, left + SNIPPET - _LEAD) - at for at, left in enumerate(lefts)]
    best = spans[held.index(max(held))]
    start = max(0, min(best[0] - _LEAD, len(text) - SNIPPET))
    end = max(best[1], min(len(text), start + SNIPPET))
    return _word_start(text, start, best[0]), _word_end(text, best[1], end)


def _word_start(text: str, start: int, match: int) -> int:
    """Where the next Latin word begins, if the part would begin inside one."""
    at = start
    while 0 < at < match and _within_word(text, at):
        at += 1
    return at


def _word_end(text: str, match: int, end: int) -> int:
    """Where the last whole Latin word ends, if the part would end inside one."""
    at = end
    while match < at < len(text) and _within_word(text, at):
        at -= 1
    return at


def _within_word(text: str, at: int) -> bool:
    before, after = text[at - 1], text[at]
    return before.isalnum() and after.isalnum() and before.isascii() and after.isascii()


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner, path)
