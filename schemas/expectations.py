"""What each check expects, in both languages, by the type of pydantic's error or of the hub's own."""

import re
from collections.abc import Mapping
from typing import Any

from hub.text.language import Bilingual
from hub.text.messages import bilingual


def expected(code: str, context: Mapping[str, Any], rule: str) -> Bilingual:
    """The expectation behind an error code; the checker's own English `rule` where the hub has no words for it."""
    try:
        template = bilingual(f"schemas.expected.{code}")
        return template.format(
            **(dict(context) | {"expected": _choices(context)} if code == "literal_error" else context)
        )
    except KeyError:
        return bilingual("schemas.expected-rule", rule=rule)


def _choices(context: Mapping[str, Any]) -> Bilingual:
    """pydantic tells them as an English list: 'a', 'b' or 'c'."""
    values = re.findall(r"'((?:[^'\\]|\\.)*)'", str(context["expected"]))
    return bilingual("hub.and").join(Bilingual(value, value) for value in values)
