"""How instruments are used: runs, as their machines report them, and the indicators of a month."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args

import orjson

from hub.kernel.characters import is_clean
from hub.kernel.problems import Problem, Refusal, quoted
from hub.text.language import Bilingual

TELEMETRY = "telemetry"
USAGE = "usage"
RUN_RECORDED = "cn.research-hub.telemetry.v1"
USAGE_COUNTED = "cn.research-hub.usage.v1"

UserKind = Literal["internal", "external"]
GRACE = timedelta(hours=24)
"""After the end of a booking without a run, before it counts as a no-show: machines may report once a day."""
LONGEST_RUN = timedelta(days=92)
ID_CHARS = 512
LARGEST_VERSION = 2**31 - 1
YEARS = (2000, 2200)

_OBJECT = Bilingual("JSON 对象", "a JSON object")
_FIELDS = Bilingual("以下字段：{known}", "these fields: {known}")
_ID = Bilingual("1 到 {most} 个字符的编号", "an id of 1 to {most} characters")
_TIME = Bilingual(
    "带时区的时间，如 2026-12-01T09:00:00+08:00", "a time with its offset such as 2026-12-01T09:00:00+08:00"
)
_ORDER = Bilingual("至少比开始时间晚 1 秒的时间", "a time at least a second after the start")
_LONGEST = Bilingual("距开始时间不超过 {days} 天的时间", "a time at most {days} days after the start")
_KIND = Bilingual(
    "internal（本单位用户）或 external（外单位用户）", "internal or external, as the user is the owner's own or not"
)
_VERSION = Bilingual("1 到 {most} 的整数", "a whole number from 1 to {most}")


@dataclass(frozen=True, slots=True)
class Run:
    """One run of an instrument; the data of a `telemetry` event, whose source and id identify the run.

    Times are instants in UTC, cut to the second; `ended_at` is the first instant at which it ran no longer.
    `user_kind` says whether the owner's own people used it (internal) or others (external). A higher `version` of the
    same run corrects it.
    """

    instrument_id: str
    started_at: datetime
    ended_at: datetime
    user_kind: UserKind
    booking_id: str | None = None
    version: int = 1

    def to_bytes(self) -> bytes:
        return orjson.dumps(self, option=orjson.OPT_UTC_Z)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Run":
        """Raises Refusal with a problem for each field that is wrong."""
        try:
            raw = orjson.loads(data)
        except orjson.JSONDecodeError:
            raise Refusal(Problem("not-json", _OBJECT)) from None
        return cls.read(raw)

    @classmethod
    def read(cls, raw: Any, row: int | None = None) -> "Run":
        """The run that JSON members describe; raises Refusal with every problem, at this row where one is given."""
        if not isinstance(raw, dict):
            raise Refusal(Problem("not-an-object", _OBJECT, quoted(raw), row=row))
        problems: list[Problem] = []
        for name in raw.keys() - set(cls.__slots__):
            known = ", ".join(cls.__slots__)
            problems.append(Problem("unknown-field", _FIELDS.format(known=known), quoted(name), quoted(name)))
        start, end = (_time(raw.get(name), name, problems) for name in ("started_at", "ended_at"))
        if start and end and not start < end <= start + LONGEST_RUN:
            expected = _ORDER if end <= start else _LONGEST.format(days=LONGEST_RUN.days)
            problems.append(Problem("order", expected, quoted(raw["ended_at"]), "ended_at"))
        instrument = _id(raw.get("instrument_id"), "instrument_id", problems)
        booking = None if raw.get("booking_id") is None else _id(raw["booking_id"], "booking_id", problems)
        kind = _one_of(raw.get("user_kind"), problems)
        version = _version(raw.get("version", 1), problems)
        if problems or start is None or end is None:
            raise Refusal(*(problem if row is None else problem.at_row(row) for problem in problems))
        return cls(instrument, start, end, kind, booking, version)


@dataclass(frozen=True, slots=True)
class MonthUsage:
    """The indicators of one instrument in one month of its own time zone; the data of a `usage` event.

    `effective_seconds` is the time in which it ran, overlapping runs counted once (有效机时); `external_seconds` the
    part of it that served others than the owner (对外服务机时); `bookings` the confirmed bookings that start in it.
    `unattended` are those of them without a run: for each the time (RFC 3339, UTC, to the second, ascending) after
    which it is a no-show. `laboratory` and `organisation` are record ids (behind `~` where the instrument's record
    names them by name alone), `county` a code of GB/T 2260. Of two rows of a month, the one with the greater
    (`record_version`, `revision`) knows more.
    """

    instrument_id: str
    month: str
    record_version: int
    revision: int
    effective_seconds: int = 0
    external_seconds: int = 0
    bookings: int = 0
    unattended: tuple[str, ...] = ()
    laboratory: str | None = None
    organisation: str | None = None
    county: str | None = None

    def to_bytes(self) -> bytes:
        return orjson.dumps(self)

    @classmethod
    def from_bytes(cls, data: bytes) -> "MonthUsage":
        """Raises ValueError, TypeError or KeyError where the data are none."""
        raw = orjson.loads(data)
        raw["unattended"] = tuple(raw["unattended"])
        return cls(**raw)

    def key(self) -> str:
        """The event's subject and key."""
        return f"{self.instrument_id}|{self.month}"


def moment_text(moment: datetime) -> str:
    """RFC 3339 in UTC to the second: sorts as text in the order of time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _time(value: Any, name: str, problems: list[Problem]) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value.strip())
        if moment.tzinfo and YEARS[0] < moment.year < YEARS[1]:
            return moment.astimezone(UTC).replace(microsecond=0)
    except (AttributeError, ValueError):
        pass
    problems.append(Problem("bad-time", _TIME, _excerpt(value), name))
    return None


def _id(value: Any, name: str, problems: list[Problem]) -> str:
    if isinstance(value, str) and 0 < len(value.strip()) <= ID_CHARS and is_clean(value):
        return value.strip()
    problems.append(Problem("bad-id", _ID.format(most=ID_CHARS), _excerpt(value), name))
    return ""


def _one_of(value: Any, problems: list[Problem]) -> UserKind:
    for kind in get_args(UserKind):
        if value == kind:
            found: UserKind = kind
            return found
    problems.append(Problem("bad-kind", _KIND, _excerpt(value), "user_kind"))
    return "internal"


def _version(value: Any, problems: list[Problem]) -> int:
    if type(value) is int and 1 <= value <= LARGEST_VERSION:
        return value
    problems.append(Problem("bad-version", _VERSION.format(most=LARGEST_VERSION), _excerpt(value), "version"))
    return 1


def _excerpt(value: Any) -> str:
    return "" if value is None else quoted(value)
