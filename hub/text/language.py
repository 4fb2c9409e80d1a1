"""The reader's language: Chinese first, English second."""

from collections.abc import Iterable
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
        """Fill named values into both texts: of a bilingual one each text's own, else the same."""
        chosen = {
            name: (value.zh, value.en) if isinstance(value, Bilingual) else (value, value)
            for name, value in values.items()
        }
        zh, en = ({name: pair[place] for name, pair in chosen.items()} for place in (0, 1))
        return Bilingual(self.zh.format(**zh), self.en.format(**en))

    def join(self, parts: Iterable["Bilingual"]) -> "Bilingual":
        """The parts with this text between them, in each language."""
        texts = list(parts)
        return Bilingual(self.zh.join(part.zh for part in texts), self.en.join(part.en for part in texts))


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
