"""What a person may begin to type to be offered a name: its words, its pinyin and its initials."""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain, takewhile

import rjieba

from hub.kernel.text import folded, initials, name_key, word_syllables

KEY_LIMIT = 24
"""Characters of a completion's key; what is typed beyond them does not narrow the choice."""
STARTS_LIMIT = 3
"""Words of a name at which a completion may begin."""
_HAN = re.compile("[〇\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
_WORD = re.compile(r"[^\W_]+")


def typed_key(prefix: str) -> str:
    """What was typed, in the form of the keys."""
    return name_key(prefix)[:KEY_LIMIT]


@lru_cache(maxsize=16_384)
def completions(name: str) -> tuple[tuple[int, str], ...]:
    """(which word it begins at, key) for each way to begin the name."""
    words = _words(folded(name))
    spelt = [word_syllables(word) if _HAN.match(word) else () for word in words]
    found: dict[str, int] = {}
    for place in range(min(len(words), STARTS_LIMIT)):
        found.setdefault("".join(words[place:])[:KEY_LIMIT], place)
        if read := _read(spelt, place):
            found.setdefault("".join(read)[:KEY_LIMIT], place)
            if len(read) > 1 and place == 0:
                found.setdefault(initials(read)[:KEY_LIMIT], place)
    found.pop("", None)
    return tuple((place, key) for key, place in found.items())


def _words(plain: str) -> list[str]:
    """Words, as many as keys can depend on."""
    words: list[str] = []
    for token in _WORD.findall(plain):
        words += rjieba.cut(token, hmm=False) if not token.isascii() else (token,)
        if len(words) > STARTS_LIMIT + KEY_LIMIT:
            break
    return words


def _read(spelt: Sequence[tuple[str, ...]], place: int) -> tuple[str, ...]:
    """Syllables of the Chinese words from this one to the next that is none."""
    return tuple(chain.from_iterable(takewhile(bool, spelt[place:])))
