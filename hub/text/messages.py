"""Texts for people by code, from the catalogues in messages/: one reader for APIs, portal and command line.

A catalogue is a YAML file; a code is its name, a dot, and a key of it. A message has `zh`, `en` and, where the English
of one thing differs from that of many, `one`. Values are filled in by name as str.format does.
"""

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

import yaml

from hub.text.language import Bilingual, Language

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml reads all catalogues in a tenth of the time
_FORMS = ({"zh", "en"}, {"zh", "en", "one"})


def load(catalogue: str) -> Mapping[str, Mapping[str, str]]:
    """The messages of one catalogue's text by key.

    ValueError names a key that lacks a language or has what is no text (such as an unquoted `yes`).
    """
    messages: dict[str, Mapping[str, str]] = {}
    for key, message in yaml.load(catalogue, _Loader).items():  # noqa: S506 - a safe loader, either way
        if not isinstance(key, str) or set(message) not in _FORMS:
            raise ValueError(f"message {key}: expected zh, en and at most one")
        if not all(isinstance(value, str) and value.strip() for value in message.values()):
            raise ValueError(f"message {key}: expected texts")
        messages[key] = message
    return messages


@lru_cache(maxsize=1)
def messages() -> Mapping[str, Mapping[str, str]]:
    """Every message by its code."""
    catalogues = [item for item in (files("hub.text") / "messages").iterdir() if item.name.endswith(".yaml")]
    return {
        f"{item.name.removesuffix('.yaml')}.{key}": message
        for item in catalogues
        for key, message in load(item.read_text("utf-8")).items()
    }


def bilingual(code: str, /, **values: object) -> Bilingual:
    """The text in both languages; KeyError for an unknown code. Without values its places stay open for `format`."""
    message = messages()[code]
    both = Bilingual(message["zh"], message["en"])
    return both.format(**values) if values else both


def sentence(code: str, language: Language, /, **values: object) -> str:
    """The text in one language. A whole number named `n` is written with thousands apart and chooses one or many."""
    message = messages()[code]
    count = values.get("n")
    template = message.get("one", message["en"]) if language == "en" and count == 1 else message[language]
    if isinstance(count, int):
        values["n"] = f"{count:,}"
    return template.format(**values) if values else template
