"""Texts that people typed."""

import unicodedata

from hub.ports.personal import TOKEN_PREFIX


def plain(text: str, most: int) -> str:
    """One line of at most so many characters, without control and format characters (Unicode's C).

    None that people type begins as a sealed value does: it would be opened wherever it is shown.
    """
    kept = "".join(" " if letter.isspace() else letter for letter in unicodedata.normalize("NFC", text))
    line = " ".join("".join(letter for letter in kept if unicodedata.category(letter)[0] != "C").split())
    while line.startswith(TOKEN_PREFIX):
        line = line.removeprefix(TOKEN_PREFIX).lstrip()
    return line[:most]
