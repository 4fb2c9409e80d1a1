"""What each check expects, in both languages, by the type of pydantic's error or of the hub's own."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from hub.text.language import Bilingual
from hub.text.messages import bilingual

LISTED = ("expected", "expected_tags")
"""What pydantic tells as an English list: 'a', 'b' or 'c'."""


def as_it_is(value: str) -> Bilingual:
    """The value itself, in both languages."""
    return Bilingual(value, value)


def expected(code: str, context: Mapping[str, Any], named: Callable[[str], Bilingual] = as_it_is) -> Bilingual:
    """The expectation behind an error; a general one where the code has none, since pydantic's own is in English.

    `named`: what people call a value that is one of several.
    """
    try:
        return bilingual(f"expected.{code}").format(
            **{name: _choices(str(value), named) if name in LISTED else value for name, value in context.items()}
        )
    except KeyError:
        return bilingual("expected.any")


def _choices(listed: str, named: Callable[[str], Bilingual]) -> Bilingual:
    values = re.findall(r"'((?:[^'\\]|\\.)*)'", listed)
    return bilingual("hub.and").join(map(named, values))
