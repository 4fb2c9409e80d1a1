"""What a person may begin to type to be offered a name: its words, its pinyin and its initials."""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain, takewhile

import rjieba

from hub.kernel.terms import folded, initials, name_key, word_syllables

KEY_LIMIT = 24
"""Characters of a completion's key; what is typed beyond them does not narrow the choice."""
STARTS_LIMIT = 3
"""Words of a name at which a completion may begin."""
_HAN = re.compile("[〇\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
_WORD = re.compile(r"[^\W_]+")
_ASCII_WORD = re.compile("[a-z0-9]+")
_LATIN: tuple[str, ...] = ()
"""The syllables of a word that is not read as pinyin."""


def typed_key(prefix: str) -> str:
    """What was typed, in the form of the keys."""
    return name_key(prefix)[:KEY_LIMIT]


@lru_cache(maxsize=16_384)
def completions(name: str) -> tuple[tuple[int, str], ...]:
    """(which word it begins at, key) for each way to begin the name."""
    words, spelt = _words(folded(name))
    places: dict[str, int] = {}
    for place in range(min(len(words), STARTS_LIMIT)):
        places.setdefault("".join(words[place:])[:KEY_LIMIT], place)
        if spelt[place]:
            read = _read(spelt, place)
            places.setdefault("".join(read)[:KEY_LIMIT], place)
            if len(read) > 1 and place == 0:
                places.setdefault(initials(read)[:KEY_LIMIT], place)
    places.pop("", None)
    return tuple((place, key) for key, place in places.items())


def _words(plain: str) -> tuple[list[str], list[tuple[str, ...]]]:
    """Words, as many as keys can depend on, and the syllables of the Chinese ones."""
    if plain.isascii():
        words = _ASCII_WORD.findall(plain)
        return words, [_LATIN] * len(words)
    words, spelt = [], []
    behind = 0
    for match in _WORD.finditer(plain):
        token = match.group()
        for word in (token,) if token.isascii() else rjieba.cut(token, hmm=False):
            read = word_syllables(word) if _HAN.match(word) else _LATIN
            at = 0
            for part in _parts(word) if len(read) == len(word) else (word,):
                if len(words) >= STARTS_LIMIT:
                    behind += min(len(part), len(read) or KEY_LIMIT)
                words.append(part)
                spelt.append(read[at : at + len(part)])
                at += len(part)
        if behind >= KEY_LIMIT:
            break
    return words, spelt


@lru_cache(maxsize=16_384)
def _parts(word: str) -> tuple[str, ...]:
    """The shorter words that a long one is made of (`浙江`, `大学`); itself where it is not made of any."""
    inner = {part for part in rjieba.cut_all(word) if 1 < len(part) < len(word)} if len(word) > 3 else set()
    parts: list[str] = []
    at = 0
    while at < len(word):
        part = next((word[at:end] for end in range(at + 2, len(word) + 1) if word[at:end] in inner), None)
        if part is None:
            return (word,)
        parts.append(part)
        at += len(part)
    return tuple(parts)


def _read(spelt: Sequence[tuple[str, ...]], place: int) -> tuple[str, ...]:
    """Syllables of the Chinese words from this one to the next that is none."""
    return tuple(chain.from_iterable(takewhile(bool, spelt[place:])))
