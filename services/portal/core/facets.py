"""Facets as a menu shows them: short headings, and divisions as a tree that opens where the reader goes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from schemas.http.catalog import FacetValue

NAMING = ("name_zh", "name_en", "name", "division", "amount")
"""Members of a part that stand for the part itself: its heading is enough."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A value to choose. `depth` counts from 0 in a tree of divisions.

    `kin` are the values around it and within it, which a choice of it replaces, since any of them together would find
    what the widest finds.
    """

    value: str
    label: str
    count: int
    selected: bool
    depth: int = 0
    kin: tuple[str, ...] = ()


def short_label(path: str, label: str) -> str:
    """The part's label for a member that names it, else the member's own: 安放地点 for 安放地点·行政区划代码."""
    separator = "·" if "·" in label else ": "
    *part, own = label.split(separator)
    if "." not in path or not part:
        return label
    return separator.join(part) if path.rpartition(".")[2] in NAMING else own


def listed(values: Sequence[FacetValue]) -> list[Choice]:
    """The values as they are, the chosen first: they stay in sight, however rare they are."""
    choices = [Choice(one.value, one.label, one.count, one.selected) for one in values]
    return sorted(choices, key=lambda choice: not choice.selected)


def unfolded(values: Sequence[FacetValue]) -> list[Choice]:
    """Divisions (GB/T 2260 codes) in the order of a tree, of which only the open part is told.

    A division is told when it stands at the top, or when the one around it is chosen, is around a chosen one, or is the
    only one at the top.
    """
    known = {value.value: value for value in values}
    around = {code: [other for other in _around(code) if other in known] for code in known}
    chosen = {code for code, value in known.items() if value.selected}
    tops = [code for code in known if not around[code]]
    opened = chosen | {other for code in chosen for other in around[code]} | set(tops if len(tops) == 1 else ())
    return [_choice(known, around, code) for code in _walk(tops, known, around, opened)]


def _around(code: str) -> list[str]:
    """The codes of the divisions around this one, the nearest first."""
    wider = (f"{code[:4]}00", f"{code[:2]}0000")
    return [other for other in wider if other != code] if len(code) == 6 and code.isdigit() else []


def _walk(
    level: Sequence[str], known: Mapping[str, FacetValue], around: Mapping[str, list[str]], opened: set[str]
) -> Iterator[str]:
    for code in level:
        yield code
        if code in opened:
            yield from _walk([one for one in known if around[one][:1] == [code]], known, around, opened)


def _choice(known: Mapping[str, FacetValue], around: Mapping[str, list[str]], code: str) -> Choice:
    value = known[code]
    label = value.label
    for other in around[code][:1]:
        wider = known[other].label
        label = label.removeprefix(wider).removesuffix(f", {wider}") or label
    within = [one for one in known if code in around[one]]
    return Choice(code, label, value.count, value.selected, len(around[code]), (*around[code], *within))
