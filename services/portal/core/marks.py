"""Highlights: text in which the matches are marked, and nothing else is markup."""

import re
from html import escape, unescape

_TAG = re.compile(r"(</?mark>)")


def only_marks(html: str) -> str:
    """The fragment as safe HTML: every tag but a balanced <mark> is shown as text.

    What is escaped already stays so, and an unclosed <mark> is closed.
    """
    parts: list[str] = []
    opened = False
    for piece in _TAG.split(html):
        if piece in ("<mark>", "</mark>"):
            if opened == (piece == "</mark>"):
                parts.append(piece)
                opened = not opened
        else:
            parts.append(escape(unescape(piece)))
    return "".join(parts) + ("</mark>" if opened else "")


def unmarked(html: str) -> str:
    """The fragment's plain text."""
    return unescape(_TAG.sub("", html))
