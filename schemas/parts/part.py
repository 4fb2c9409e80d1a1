"""The base of composite values, and how each is written in one cell of a spreadsheet."""

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import orjson
from pydantic import BaseModel, ConfigDict

from schemas.cells import is_chinese

_BRACKETS = re.compile(r"(.*?)\s*[(（]([^()（）]*)[)）]\s*$", re.DOTALL)
_LIKE_AN_IDENTIFIER = re.compile(r"(?=.*\d)[A-Za-z0-9:/._-]{8,}")


class Part(BaseModel):
    """Base of the composite values inside records.

    `parse` reads the text form of one value into raw members that are still to be validated, and raises ValueError
    where the text is none; `show` writes it. The text form of a part that defines none is its JSON object.
    """

    model_config = ConfigDict(
        extra="forbid", str_strip_whitespace=True, str_min_length=1, str_max_length=20_000, frozen=True
    )

    enumerable: ClassVar[bool] = True
    """Whether `、` between two texts separates two values; not where a text may itself hold it."""

    @classmethod
    def parse(cls, text: str) -> dict[str, Any]:
        value = orjson.loads(text)
        if not isinstance(value, dict):
            raise ValueError("object")
        return value

    @classmethod
    def show(cls, value: Mapping[str, Any]) -> str:
        return orjson.dumps(value).decode()


Recogniser = Callable[[str], str]


class NamedPart(Part):
    """A part with names in one or two languages and identifiers: `浙江大学 / Zhejiang University (identifier, …)`.

    `bracketed` lists the members that may stand in the brackets, each with the check that knows its values.
    """

    bracketed: ClassVar[tuple[tuple[str, Recogniser], ...]] = ()

    @classmethod
    def parse(cls, text: str) -> dict[str, Any]:
        members: dict[str, Any] = {}
        names = text.strip()
        if found := _BRACKETS.fullmatch(names):
            members = cls._in_brackets(found[2])
            names = found[1] if members else names
        elif known := cls._recognised(names):
            return known
        return members | _names(names)

    @classmethod
    def show(cls, value: Mapping[str, Any]) -> str:
        names = " / ".join(value[name] for name in ("name_zh", "name_en") if value.get(name))
        inside = ", ".join(str(value[name]) for name, _ in cls.bracketed if value.get(name))
        return f"{names} ({inside})".strip() if inside else names

    @classmethod
    def _in_brackets(cls, text: str) -> dict[str, Any]:
        words = [word.strip() for word in re.split(r"[,，]", text) if word.strip()]
        found = [cls._recognised(word) for word in words]
        if words and not any(found):
            # What looks like an identifier but is none is reported as such, rather than becoming part of the name.
            return {cls.bracketed[0][0]: words[0]} if _LIKE_AN_IDENTIFIER.fullmatch(words[0]) else {}
        members: dict[str, Any] = {}
        for word, known in zip(words, found, strict=True):
            if not known:
                raise ValueError(word)
            members |= known
        return members

    @classmethod
    def _recognised(cls, word: str) -> dict[str, Any]:
        for name, check in cls.bracketed:
            try:
                return {name: check(word)}
            except ValueError:
                continue
        return {}


def _names(text: str) -> dict[str, Any]:
    both = [name.strip() for name in text.split(" / ")]
    if len(both) == 2 and is_chinese(both[0]) and not is_chinese(both[1]):
        return {"name_zh": both[0], "name_en": both[1]}
    if not text:
        return {}
    return {"name_zh" if is_chinese(text) else "name_en": text}
