"""Marking what was searched for in what is shown: HTML-escaped, matches in <mark>, long texts cut to a snippet."""

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any
from unicodedata import normalize

from hub.kernel.text import singular

SNIPPET = 160
"""Characters of a long text that are shown."""
FIELDS_LIMIT = 30
_LEAD = 40
_SEARCHED = 20_000
_LATIN = r"(?<![^\W_〇\u3400-\u9fff])"


class Marker:
    """Marks the terms of one query; the last one also where a longer word begins so."""

    def __init__(self, terms: Sequence[str]) -> None:
        patterns = [_pattern(term, term is terms[-1]) for term in sorted(terms, key=len, reverse=True)]
        self._pattern = re.compile("|".join(patterns)) if patterns else None

    def marked(self, text: str) -> str | None:
        """The text or a snippet of it as HTML; None where nothing matches."""
        if self._pattern is None:
            return None
        spans = _joined([match.span() for match in self._pattern.finditer(_plain(text[:_SEARCHED]))])
        if not spans:
            return None
        start, end = _window(text, spans)
        parts = ["…"] if start else []
        at = start
        for left, right in spans:
            if right > end:
                break
            parts += (escape(text[at:left]), "<mark>", escape(text[left:right]), "</mark>")
            at = right
        parts += (escape(text[at:end]), "…" if end < len(text) else "")
        return "".join(parts)

    def highlights(self, public: Mapping[str, Any]) -> dict[str, str]:
        """Each public field with a match, by its path."""
        found: dict[str, str] = {}
        for path, text in _texts(public, ""):
            if path not in found and (marked := self.marked(text)) is not None:
                found[path] = marked
                if len(found) == FIELDS_LIMIT:
                    break
        return found


def _pattern(term: str, prefix: bool) -> str:
    if not term.isascii():
        return re.escape(term)
    rest = r"[^\W_]*" if prefix else "(?:s|es)?(?![a-z0-9])"
    if term.endswith("y") and not prefix and singular(f"{term[:-1]}ies") == term:
        return f"{_LATIN}{re.escape(term[:-1])}(?:y|ies)(?![a-z0-9])"
    joints = r"[-./+_&·\s]?".join(map(re.escape, term)) if len(term) <= 24 else re.escape(term)
    return f"{_LATIN}{joints}{rest}"


def _plain(text: str) -> str:
    """Folded character by character, so that positions stay those of the text."""
    if text.isascii():
        return text.lower()
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
    best = max(
        spans, key=lambda span: (sum(span[0] <= left < span[0] + SNIPPET - _LEAD for left, _ in spans), -span[0])
    )
    start = max(0, min(best[0] - _LEAD, len(text) - SNIPPET))
    return start, max(best[1], min(len(text), start + SNIPPET))


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner, path)
