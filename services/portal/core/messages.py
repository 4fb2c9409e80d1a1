"""Every text of the portal, by key, in both languages."""

from collections.abc import Callable, Mapping
from importlib.resources import files

import yaml

from hub.kernel.language import Language

Translate = Callable[..., str]


def load(text: str) -> Mapping[str, Mapping[str, str]]:
    """The messages by key: `zh`, `en` and, where the English of one differs from that of many, `one`.

    ValueError names a key that lacks a language or has what is no text (such as an unquoted `yes`).
    """
    found: dict[str, Mapping[str, str]] = {}
    for key, message in yaml.safe_load(text).items():
        if not {"zh", "en"} <= message.keys() <= {"zh", "en", "one"}:
            raise ValueError(f"message {key}: expected zh, en and at most one")
        if not all(isinstance(value, str) and value.strip() for value in message.values()):
            raise ValueError(f"message {key}: expected texts")
        found[key] = message
    return found


MESSAGES = load((files("services.portal.core") / "messages.yaml").read_text("utf-8"))


def translator(language: Language) -> Translate:
    """A function from a key and the values that its text names to the text in this language.

    A whole number named `n` is told with thousands apart and chooses between one and many. KeyError for an unknown key.
    """

    def translate(key: str, **values: object) -> str:
        message = MESSAGES[key]
        text = message[language]
        count = values.get("n")
        if language == "en" and count == 1:
            text = message.get("one", text)
        if isinstance(count, int):
            values["n"] = f"{count:,}"
        return text.format(**values) if values else text

    return translate
