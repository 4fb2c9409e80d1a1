"""Texts that people typed."""

import unicodedata


def plain(text: str, most: int) -> str:
    """One line of at most so many characters, without control and format characters (Unicode's C)."""
    kept = "".join(" " if letter.isspace() else letter for letter in unicodedata.normalize("NFC", text))
    return " ".join("".join(letter for letter in kept if unicodedata.category(letter)[0] != "C").split())[:most]
