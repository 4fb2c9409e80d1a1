"""Opening hours after schema.org's openingHoursSpecification, with the weekday codes of iCalendar (RFC 5545)."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.annotations import F, Opt
from schemas.cells import plain
from schemas.codes import code_list
from schemas.parts.part import Part
from schemas.values import ClockTime

Weekday = Literal["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)

_TEXT = re.compile(
    r"(?P<days>[^\d]+?)\s*(?P<opens>\d{1,2}:\d{2})\s*[-–~—至到]\s*(?P<closes>\d{1,2}:\d{2})"
    r"(?:\s+(?P<from>\d{4}-\d{2}-\d{2})?/(?P<through>\d{4}-\d{2}-\d{2})?)?"
)
_GROUPS = {"每天": "MO-SU", "每日": "MO-SU", "daily": "MO-SU", "工作日": "MO-FR", "weekdays": "MO-FR", "周末": "SA-SU"}
_CHINESE = {
    name: day
    for day, names in zip(WEEKDAYS, ("一1", "二2", "三3", "四4", "五5", "六6", "日天7"), strict=True)
    for name in names
}


def _in_week_order(days: tuple[Weekday, ...]) -> tuple[Weekday, ...]:
    return tuple(sorted(set(days), key=WEEKDAYS.index))


class OpeningHours(Part):
    """Open on these days from `opens` to `closes` on the wall clock of the instrument's time zone.

    As text `MO-FR 08:30-17:30`, with its dates `SA,SU 09:00-12:00 2026-03-01/2026-06-30`; Chinese days are read too.
    Hours across midnight are given as two, split at 24:00.
    """

    enumerable: ClassVar[bool] = False

    days: Annotated[
        tuple[Weekday, ...],
        Field(min_length=1, max_length=7),
        AfterValidator(_in_week_order),
        F("星期", "days", codes="weekday", schema_org="dayOfWeek", example="MO,TU,WE,TH,FR"),
    ]
    opens: Annotated[
        ClockTime,
        F(
            "开门",
            "opens",
            schema_org="opens",
            example="08:30",
            hint=("24 小时制的时分，如 08:30", "a time of day such as 08:30"),
        ),
    ]
    closes: Annotated[
        ClockTime,
        F(
            "关门",
            "closes",
            schema_org="closes",
            example="17:30",
            hint=("24 小时制的时分，如 17:30", "a time of day such as 17:30"),
        ),
    ]
    valid_from: date | None = Opt("生效日期", "valid from", schema_org="validFrom", example="2026-03-01")
    valid_through: date | None = Opt("截止日期", "valid through", schema_org="validThrough", example="2026-06-30")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.closes <= self.opens:
            raise PydanticCustomError("order", "closing lies after opening")
        if self.valid_from and self.valid_through and self.valid_through < self.valid_from:
            raise PydanticCustomError("order", "the last day lies after the first")
        return self

    @classmethod
    def parse(cls, text: str) -> dict[str, Any]:
        found = _TEXT.fullmatch(plain(text))
        if not found:
            raise ValueError("opening hours")
        value: dict[str, Any] = {"days": _days(found["days"])}
        value |= {name: found[name].rjust(5, "0") for name in ("opens", "closes")}
        dates = {"valid_from": found["from"], "valid_through": found["through"]}
        return value | {name: day for name, day in dates.items() if day}

    @classmethod
    def show(cls, value: Mapping[str, Any]) -> str:
        text = f"{_days_text(value['days'])} {value['opens']}-{value['closes']}"
        first, last = value.get("valid_from"), value.get("valid_through")
        return f"{text} {first or ''}/{last or ''}" if first or last else text


def _days(text: str) -> list[str]:
    words = _GROUPS.get(text.strip().casefold(), text)
    days: list[str] = []
    for item in re.split(r"[,、，\s]+", re.sub(r"\s*[-–~—至到]\s*", "-", words.strip())):
        first, _, last = item.partition("-")
        start, end = _day(first), _day(last or first)
        stop = end if end >= start else end + 7
        days += [WEEKDAYS[day % 7] for day in range(start, stop + 1)]
    return days


def _day(word: str) -> int:
    code: str | None = code_list("weekday").code_for(word)
    if code is None:
        chinese = re.fullmatch(r"(?:周|星期|礼拜)?([一二三四五六日天1-7])", word)
        english = code_list("weekday").code_for(word[:2])
        code = _CHINESE[chinese[1]] if chinese else english if len(word) >= 2 else None
    if code is None:
        raise ValueError("weekday")
    return WEEKDAYS.index(code)


def _days_text(days: list[str]) -> str:
    """Runs of three days and more as a range."""
    runs: list[list[str]] = []
    for day in days:
        if runs and WEEKDAYS.index(day) == WEEKDAYS.index(runs[-1][-1]) + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else ",".join(run) for run in runs)
