"""The reader's language: Chinese first, English second."""

from dataclasses import dataclass
from typing import Literal

Language = Literal["zh", "en"]
DEFAULT_LANGUAGE: Language = "zh"


@dataclass(frozen=True, slots=True)
class Bilingual:
    """One text in both languages of the hub."""

    zh: str
    en: str

    def __getitem__(self, language: Language) -> str:
        return self.zh if language == "zh" else self.en

    def format(self, **values: object) -> "Bilingual":
        """Fill the same named values into both texts."""
        return Bilingual(self.zh.format(**values), self.en.format(**values))


def negotiate(accept_language: str | None) -> Language:
    """Choose the language by an Accept-Language header (RFC 9110, section 12.5.4).

    Chinese answers where the header is missing, malformed or names neither language.
    """
    best: tuple[float, int, Language] | None = None
    for position, part in enumerate((accept_language or "").split(",")[:20]):
        tag, _, parameters = part.strip().partition(";")
        language = tag.strip().lower().split("-")[0]
        if language not in ("zh", "en", "*"):
            continue
        weight = _quality(parameters)
        if weight <= 0:
            continue
        chosen: Language = "en" if language == "en" else "zh"
        if best is None or weight > best[0]:
            best = (weight, position, chosen)
    return best[2] if best else DEFAULT_LANGUAGE


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
