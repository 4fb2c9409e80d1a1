"""Division codes of GB/T 2260: county, prefecture, province."""

from functools import lru_cache

from hub.text.language import Bilingual
from schemas.codes import code_list, folded, rows_of

# Levels between a municipality or province and its counties that have a code but no name of their own.
_NAMELESS = ("市辖区", "县", "自治区直辖县级行政区划", "省直辖县级行政区划")


@lru_cache(maxsize=8_192)
def is_division(code: str) -> bool:
    """Whether the code is in force, or may have been.

    Counties are merged and renamed every year, so a county code that is no longer listed is taken where its prefecture
    is known, in force or dissolved; a code of an unknown prefecture is a mistake.
    """
    if code in code_list("division"):
        return True
    prefecture = f"{code[:4]}00"
    return (
        code != prefecture and (prefecture in code_list("division") or prefecture in _former())
    ) or code in _former()


def division_path(code: str) -> tuple[Bilingual, ...]:
    """The names from the province down to the division, nameless levels left out; empty for an unknown code."""
    listed = code_list("division")
    codes = dict.fromkeys((f"{code[:2]}0000", f"{code[:4]}00", code))
    labels = [_former().get(step) or listed.label(step) for step in codes if step in listed or step in _former()]
    return tuple(label for label in labels if label.zh not in _NAMELESS)


def division_named(text: str) -> str | None:
    """The code of a division given by code, by its Chinese path (浙江省杭州市西湖区) or by a name that only one has."""
    digits = text.strip()
    if digits.isascii() and digits.isdigit():
        return digits.ljust(6, "0") if len(digits) in (2, 4) else digits
    name = folded(text).replace("/", "").replace("-", "").replace("·", "")
    return _by_path().get(name) or code_list("division").code_for(text)


@lru_cache(maxsize=1)
def _by_path() -> dict[str, str]:
    """Code by path; without the province too, where that still names one division only."""
    paths: dict[str, str] = {}
    short: dict[str, set[str]] = {}
    for code in code_list("division"):
        names = [label.zh for label in division_path(code)]
        paths.setdefault("".join(names), code)
        if len(names) > 2:
            short.setdefault("".join(names[1:]), set()).add(code)
    return {name: codes.pop() for name, codes in short.items() if len(codes) == 1} | paths


@lru_cache(maxsize=1)
def _former() -> dict[str, Bilingual]:
    return {row["code"]: Bilingual(row["zh"], row["en"]) for row in rows_of("divisions_former.csv")}
