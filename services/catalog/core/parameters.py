"""Parameters of a request: each read by its own reader, all that is wrong told at once."""

import calendar
import math
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from difflib import get_close_matches
from typing import TypeVar

from hub.kernel.characters import unclean
from hub.kernel.problems import Problem, Refusal, expecting, quoted
from hub.ports.catalogue import Box, Near
from hub.text.language import Bilingual
from hub.text.messages import bilingual
from schemas import cells

PARAMETERS_LIMIT = 200
TEXT_LIMIT = 500
LARGEST_KM = 20_100.0
"""Half the Earth's circumference: everything is within it."""

_EPOCH = date(1970, 1, 1)
_PERIOD = re.compile(r"(\d{4})(?:-(\d{2}))?")
_POINT = bilingual("catalog.point")
_BOX = bilingual("catalog.box")
_KM = bilingual("catalog.km")
_FLAG = bilingual("catalog.flag")
_NUMBER = bilingual("catalog.number")
_DATE = bilingual("catalog.date")
_Value = TypeVar("_Value")


class Wrong(ValueError):
    """A value that cannot be read, and what was expected."""

    def __init__(self, expected: Bilingual) -> None:
        super().__init__(expected.en)
        self.expected = expected


class QueryParameters:
    """The parameters by name, and the problems found in them so far; blank values count as not given."""

    def __init__(self, parameters: Iterable[tuple[str, str]]) -> None:
        self.values: dict[str, list[str]] = {}
        self.problems: list[Problem] = []
        given = list(parameters)
        if len(given) > PARAMETERS_LIMIT:
            raise Refusal(too_many(len(given)), status=400)
        for name, value in given:
            self.problems += unclean({name: value})  # those of a saved search; a request's have been looked at
            if value.strip():
                self.values.setdefault(name, []).append(value.strip())

    def single(self, name: str) -> str | None:
        """The value of a parameter that may be given once."""
        given = self.values.get(name, [])
        if len(given) > 1:
            self.problems.append(expecting("repeated-parameter", "catalog.repeated-parameter", ", ".join(given), name))
        return given[0] if given else None

    def read(self, name: str, reader: Callable[[str], _Value]) -> _Value | None:
        """What the reader makes of a parameter that may be given once; None where it is not given or wrong."""
        text = self.single(name)
        return None if text is None else self.value(name, text, reader)

    def value(self, name: str, text: str, reader: Callable[[str], _Value]) -> _Value | None:
        """What the reader makes of one value of the parameter; None, and a problem, where it raises Wrong."""
        try:
            return reader(text)
        except Wrong as wrong:
            self.problems.append(Problem("bad-parameter", wrong.expected, quoted(text), name))
        return None

    def settle(self) -> None:
        """Raises Refusal (400) where there were problems."""
        if self.problems:
            raise Refusal(*self.problems[:50], status=400)


def too_many(given: int) -> Problem:
    return expecting("too-many-parameters", "catalog.most-parameters", str(given), limit=PARAMETERS_LIMIT)


def closest(word: str, allowed: Iterable[str], of: Bilingual) -> Bilingual:
    """`of` names what is allowed; the closest of them, or all where they are few and none is close."""
    known = list(allowed)
    near = get_close_matches(word, known, n=1, cutoff=0.6)
    if near:
        return bilingual("catalog.closest", of=of, near=near[0])
    return bilingual("catalog.one-of-allowed", of=of, known=", ".join(known[:60]))


def text(given: str) -> str:
    if len(given) > TEXT_LIMIT:
        raise Wrong(bilingual("catalog.most-characters", TEXT_LIMIT=TEXT_LIMIT))
    return given


def flag(given: str) -> bool:
    try:
        return cells.boolean(given)
    except ValueError:
        raise Wrong(_FLAG) from None


def whole(largest: int) -> Callable[[str], int]:
    """A reader of whole numbers from 1 on."""

    def read(given: str) -> int:
        if not (given.isascii() and given.isdigit() and len(given) <= 9 and 1 <= int(given) <= largest):
            raise Wrong(bilingual("catalog.whole-number", largest=largest))
        return int(given)

    return read


def number(given: str) -> float:
    """A number as people write it: `1,000`, `100万`."""
    try:
        return float(cells.number(given))
    except ValueError:
        raise Wrong(_NUMBER) from None


def first_day(given: str) -> float:
    """Days since 1970 of a date, or of the first day of a month or a year."""
    return _day(given, last=False)


def last_day(given: str) -> float:
    """Days since 1970 of a date, or of the last day of a month or a year."""
    return _day(given, last=True)


def day_text(days: float) -> str:
    """The date of so many days since 1970."""
    return date.fromordinal(_EPOCH.toordinal() + int(days)).isoformat()


def _day(given: str, last: bool) -> float:
    try:
        found = _PERIOD.fullmatch(given)
        if not found:
            return float((cells.day(given) - _EPOCH).days)
        year, month = int(found[1]), int(found[2] or (12 if last else 1))
        day = calendar.monthrange(year, month)[1] if last else 1
        return float((date(year, month, day) - _EPOCH).days)
    except ValueError:
        raise Wrong(_DATE) from None


def point(given: str) -> tuple[float, float]:
    """Latitude and longitude."""
    lat, lon = _numbers(given, 2, _POINT)
    if abs(lat) > 90 or abs(lon) > 180:
        raise Wrong(_POINT)
    return lat, lon


def kilometres(given: str) -> float:
    (km,) = _numbers(given, 1, _KM)
    if not km > 0:
        raise Wrong(_KM)
    return min(km, LARGEST_KM)


def box(given: str) -> Box:
    south, west, north, east = _numbers(given, 4, _BOX)
    if not (-90 <= south <= north <= 90 and abs(west) <= 180 and abs(east) <= 180):
        raise Wrong(_BOX)
    return Box(south, west, north, east)


def _numbers(given: str, count: int, expected: Bilingual) -> list[float]:
    try:
        numbers = [float(item) for item in given.replace("，", ",").split(",")]
    except ValueError:
        raise Wrong(expected) from None
    if len(numbers) != count or not all(map(math.isfinite, numbers)):
        raise Wrong(expected)
    return numbers


def near(request: QueryParameters, default_km: float) -> Near | None:
    """`near` with its `within_km`, which means nothing alone."""
    position, km = request.read("near", point), request.read("within_km", kilometres)
    if position is None:
        if km is not None and "near" not in request.values:
            request.problems.append(expecting("bad-parameter", "catalog.needs-near", f"{km:g}", "within_km"))
        return None
    return Near(*position, km or default_km)


def unknown_parameter(name: str, allowed: Sequence[str]) -> Problem:
    """Tells the closest parameter that there is."""
    return Problem("unknown-parameter", closest(name, allowed, bilingual("catalog.unknown-parameter")), field=name)
