"""What a person may begin to type to be offered a name: its words, its pinyin and its initials."""

import re
from functools import lru_cache

import rjieba

from hub.kernel.text import folded, initials, name_key, syllables

KEY_LIMIT = 24
"""Characters of a completion's key; what is typed beyond them does not narrow the choice."""
STARTS_LIMIT = 3
"""Words of a name at which a completion may begin."""
_HAN = re.compile("[〇\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]+")
_WORD = re.compile(r"[^\W_]+")


def typed_key(prefix: str) -> str:
    """What was typed, in the form of the keys."""
    return name_key(prefix)[:KEY_LIMIT]


@lru_cache(maxsize=16_384)
def completions(name: str) -> tuple[tuple[int, str], ...]:
    """(which word it begins at, key) for each way to begin the name."""
    plain = folded(name)
    found: dict[str, int] = {}
    for place, start in enumerate(_starts(plain)):
        rest = plain[start:]
        found.setdefault(name_key(rest)[:KEY_LIMIT], place)
        if spelt := _spelt(rest):
            found.setdefault("".join(spelt)[:KEY_LIMIT], place)
            if len(spelt) > 1 and place == 0:
                found.setdefault(initials(spelt)[:KEY_LIMIT], place)
    found.pop("", None)
    return tuple((place, key) for key, place in found.items())


def _starts(plain: str) -> list[int]:
    starts: list[int] = []
    for match in _WORD.finditer(plain):
        at = match.start()
        for word in rjieba.cut(match.group(), hmm=False):
            starts.append(at)
            at += len(word)
            if len(starts) == STARTS_LIMIT:
                return starts
    return starts


def _spelt(text: str) -> tuple[str, ...]:
    """Syllables of the first run of Chinese characters, where the text begins with one."""
    run = _HAN.match(text)
    return syllables(run.group()) if run else ()
