"""Values as people read them: codes by their labels, money with its currency, divisions by name, hours by weekday."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from hub.text.language import Language
from hub.text.messages import bilingual
from schemas.codes import code_list
from schemas.codes.divisions import division_path
from schemas.fields import FieldSpec
from schemas.kinds.instrument import DEFAULT_TIME_ZONE
from schemas.parts.common import Closure, Money, Place
from schemas.parts.opening import OpeningHours
from schemas.parts.part import Part
from schemas.views.visibility import Node

_YES, _NO = bilingual("schemas.yes"), bilingual("schemas.no")
_NAMES = ("name_zh", "name_en")
_WORD = re.compile(r"[^\W_]+")
Shower = Callable[[Mapping[str, Any], Language], str]


def preferred(value: Mapping[str, Any], language: Language) -> str:
    """The name in the reader's language, else in the other one, else empty."""
    first, second = _NAMES if language == "zh" else _NAMES[::-1]
    return str(value.get(first) or value.get(second) or "")


def value_text(node: Node, value: Any, language: Language) -> str:
    """One value, not a list, in the reader's language."""
    if isinstance(value, Mapping):
        return _part(node, value, language)
    return scalar(node.spec, value, language)


def scalar(spec: FieldSpec, value: Any, language: Language) -> str:
    """A value that is no part."""
    if spec.meta.codes:
        return label(spec.meta.codes, str(value), language)
    if isinstance(value, bool):
        return (_YES if value else _NO)[language]
    if spec.type in ("decimal", "integer", "number"):
        return grouped(str(value)) if spec.type != "number" else str(value)
    if spec.type == "datetime":
        return moment(str(value))
    return str(value)


@lru_cache(maxsize=8_192)
def label(codes: str, code: str, language: Language) -> str:
    """What the list calls the code; a division by its whole path, and what is not listed with its own code in front."""
    if codes == "division":
        names = [name[language] for name in division_path(code)]
        return ("".join(names) if language == "zh" else ", ".join(reversed(names))) or code
    listed = code_list(codes)
    name = listed.label(code)[language]
    return name if code in listed or name == code else f"{code} {name}"


def begun(text: str, language: Language) -> str:
    """A label that stands by itself: an English one begins with a capital."""
    return text[:1].upper() + text[1:] if language == "en" else text


def grouped(number: str) -> str:
    """Thousands apart from five digits on (ISO 80000-1 leaves four together), no empty decimals."""
    whole, _, decimals = number.partition(".")
    if len(whole.lstrip("-")) > 4 and whole.lstrip("-").isdigit():
        whole = f"{int(whole):,}"
    decimals = decimals.rstrip("0")
    return f"{whole}.{decimals.ljust(2, '0')}" if decimals else whole


def moment(instant: str, zone: str = DEFAULT_TIME_ZONE) -> str:
    """An instant of RFC 3339 on the wall clock of a zone, to the minute, with its offset from UTC."""
    local = datetime.fromisoformat(instant).astimezone(ZoneInfo(zone))
    offset = local.strftime("%z")
    return f"{local:%Y-%m-%d %H:%M} UTC{offset[:3]}:{offset[3:]}"


def _part(node: Node, value: Mapping[str, Any], language: Language) -> str:
    part = node.spec.part
    for base, shower in _SHOWERS:
        if part is not None and issubclass(part, base):
            return shower(value, language)
    if node.spec.meta.refers or "name_zh" in node.members:
        return _named(node, value, language)
    if part is not None and issubclass(part, Part) and part.show.__func__ is not Part.show.__func__:  # type: ignore[attr-defined]
        return part.show(value)
    return " · ".join(_members(node, value, language))


def _named(node: Node, value: Mapping[str, Any], language: Language) -> str:
    """A reference by name, else by its first identifier; codes such as a role in brackets behind it."""
    codes = [text for name, text in _coded(node, value, language) if name not in _NAMES]
    coded = {name for name, member in node.members.items() if member.spec.meta.codes}
    rest = (item for name, item in value.items() if isinstance(item, str) and name not in coded)
    text = preferred(value, language) or next(rest, "")
    if not codes:
        return text
    return f"{text}（{'，'.join(codes)}）" if language == "zh" else f"{text} ({', '.join(codes)})"


def _coded(node: Node, value: Mapping[str, Any], language: Language) -> Iterator[tuple[str, str]]:
    for name, item in value.items():
        member = node.members.get(name)
        if member is not None and member.spec.meta.codes and isinstance(item, str):
            yield name, scalar(member.spec, item, language)


def _members(node: Node, value: Mapping[str, Any], language: Language) -> Iterator[str]:
    for name, item in value.items():
        member = node.members.get(name)
        if member is None or item is None:
            continue
        for single in item if isinstance(item, list | tuple) else (item,):
            yield value_text(member, single, language)


def _money(value: Mapping[str, Any], language: Language) -> str:
    amount, currency = grouped(str(value.get("amount", ""))), str(value.get("currency", "CNY"))
    if language == "en":
        return f"{currency} {amount}"
    return f"{amount} 元" if currency == "CNY" else f"{amount} {label('currency', currency, language)}"


def _place(value: Mapping[str, Any], language: Language) -> str:
    division = label("division", str(value["division"]), language) if value.get("division") else ""
    country = value.get("country")
    if not division and country and country != "CN":
        division = label("country", str(country), language)
    address = _beside(str(value.get("address") or ""), str(value.get("division") or ""))
    site = [str(value[name]) for name in ("site", "building") if value.get(name)]
    parts = [division, address, *site] if language == "zh" else [*reversed(site), address, division]
    told = (" " if language == "zh" else ", ").join(part for part in parts if part)
    if not told and "lat" in value:
        return f"{value['lat']}, {value['lon']}"
    return told


def _beside(address: str, division: str) -> str:
    """What the address says beside its division, which is told by itself; registries repeat it in either language."""
    if not division:
        return address
    address = address.removeprefix(label("division", division, "zh")).strip()
    words = set(_WORD.findall(address.lower()))
    return "" if words <= set(_WORD.findall(label("division", division, "en").lower())) else address


def _opening(value: Mapping[str, Any], language: Language) -> str:
    days, _, hours = OpeningHours.show(value).partition(" ")
    for code in code_list("weekday"):
        name = label("weekday", code, language)
        days = days.replace(code, name if language == "zh" else name[:3])
    return f"{days.replace(',', '、' if language == 'zh' else ', ').replace('-', '–')} {hours.replace('-', '–', 1)}"


def _closure(value: Mapping[str, Any], language: Language) -> str:
    del language  # times and the stated reason read alike in both
    return f"{moment(str(value['start']))} – {moment(str(value['end']))} {value.get('reason') or ''}".strip()


_SHOWERS: tuple[tuple[type[Part], Shower], ...] = (
    (Money, _money),
    (Place, _place),
    (OpeningHours, _opening),
    (Closure, _closure),
)
