"""What each check expects, in both languages, by the type of pydantic's error or of the hub's own."""

from collections.abc import Mapping
from typing import Any

from hub.text.language import Bilingual
from hub.text.messages import bilingual


def expected(code: str, context: Mapping[str, Any], rule: str) -> Bilingual:
    """The expectation behind an error code; the checker's own English `rule` where the hub has no words for it."""
    try:
        return bilingual(f"schemas.expected.{code}").format(**context)
    except KeyError:
        return bilingual("schemas.expected-rule", rule=rule)
