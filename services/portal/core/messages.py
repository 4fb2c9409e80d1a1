"""The portal's texts in a reader's language."""

from collections.abc import Callable

from hub.text.language import Language
from hub.text.messages import sentence

Translate = Callable[..., str]


def translator(language: Language) -> Translate:
    """A function from a key of the portal's catalogue, and the values that its text names, to the text."""

    def translate(key: str, **values: object) -> str:
        return sentence(f"portal.{key}", language, **values)

    return translate
