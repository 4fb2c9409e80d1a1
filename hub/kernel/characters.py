"""Characters that no text of the hub has: control characters, but tab and line ends, and unpaired surrogates (Unicode).

PostgreSQL keeps no NUL, XML 1.0 none of them, and UTF-8 no surrogate; so they are refused wherever text comes in.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from hub.kernel.problems import Problem, expecting, quoted

PROBLEMS_LIMIT = 50
_BAD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


def is_clean(text: str) -> bool:
    """Whether the text has none of them."""
    return not _BAD.search(text)


def may_be_unclean(json: bytes) -> bool:
    """Whether a JSON document has escapes at all: nothing else can bring such a character into one."""
    return b"\\" in json


def unclean(value: Any) -> tuple[Problem, ...]:
    """A problem for each text among JSON values, and each member's name, that has one of them; PROBLEMS_LIMIT at most.

    `field` is the path to it, with the places in lists counted from 0.
    """
    return tuple(islice(_problems(value), PROBLEMS_LIMIT))


def problem_of(character: str, *path: str) -> Problem:
    """That the character stands in the text at the path."""
    field = quoted(_BAD.sub("\ufffd", ".".join(path)))
    return expecting("bad-character", "hub.bad-character", f"U+{ord(character):04X}", field or None)


def _problems(value: Any) -> Iterator[Problem]:
    # Without recursion: what is sent may lie as deep as its reader lets it.
    left: list[tuple[tuple[str, ...], Any]] = [((), value)]
    while left:
        path, item = left.pop()
        if isinstance(item, dict):
            yield from (problem_of(bad[0], *path, name) for name in item if (bad := _BAD.search(name)))
            left += [((*path, name), member) for name, member in reversed(item.items())]
        elif isinstance(item, list | tuple):
            left += [((*path, str(index)), member) for index, member in reversed([*enumerate(item)])]
        elif isinstance(item, str) and (bad := _BAD.search(item)):
            yield problem_of(bad[0], *path)
