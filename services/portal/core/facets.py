"""Facets as a menu shows them: short headings, and divisions as a tree that opens where the reader goes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Value = Mapping[str, Any]
NAMING = ("name_zh", "name_en", "name", "division", "amount")
"""Members of a part that stand for the part itself: its heading is enough."""


def short_label(path: str, label: str) -> str:
    """The part's label for a member that names it, else the member's own: 安放地点 for 安放地点·行政区划代码."""
    separator = "·" if "·" in label else ": "
    *part, own = label.split(separator)
    if "." not in path or not part:
        return label
    return separator.join(part) if path.rpartition(".")[2] in NAMING else own


def unfolded(values: Sequence[Value]) -> list[dict[str, Any]]:
    """Divisions (GB/T 2260 codes) in the order of a tree, of which only the open part is told.

    A division is told when it stands at the top, or when the one around it is chosen, is around a chosen one, or is the
    only one at the top. `depth` counts from 0; `kin` are the values around it and within it, which a choice of it
    replaces, since any of them together would find what the widest finds.
    """
    known = {value["value"]: value for value in values}
    around = {code: [other for other in _around(code) if other in known] for code in known}
    chosen = {code for code, value in known.items() if value["selected"]}
    tops = [code for code in known if not around[code]]
    opened = chosen | {other for code in chosen for other in around[code]} | set(tops if len(tops) == 1 else ())
    return [_told(known, around, code) for code in _walk(tops, known, around, opened)]


def _around(code: str) -> list[str]:
    """The codes of the divisions around this one, the nearest first."""
    wider = (f"{code[:4]}00", f"{code[:2]}0000")
    return [other for other in wider if other != code] if len(code) == 6 and code.isdigit() else []


def _walk(
    level: Sequence[str], known: Mapping[str, Value], around: Mapping[str, list[str]], opened: set[str]
) -> Iterator[str]:
    for code in level:
        yield code
        if code in opened:
            yield from _walk([one for one in known if around[one][:1] == [code]], known, around, opened)


def _told(known: Mapping[str, Value], around: Mapping[str, list[str]], code: str) -> dict[str, Any]:
    label = str(known[code]["label"])
    for other in around[code][:1]:
        wider = str(known[other]["label"])
        label = label.removeprefix(wider).removesuffix(f", {wider}") or label
    within = [one for one in known if code in around[one]]
    return {**known[code], "label": label, "depth": len(around[code]), "kin": [*around[code], *within]}
