"""A source's own version of a record: a number or a time, made comparable."""

from datetime import UTC, datetime, timedelta
from typing import Literal

VersionForm = Literal["count", "time"]
LARGEST = 2**63 - 1
EARLIEST_TIME = 10**14
"""A version from here on is a time: 10**14 microseconds is the year 1973, and no source counts that far."""
AHEAD = timedelta(hours=24)
"""A time further ahead is a clock that is wrong, and would make every later statement an old one."""


def source_version(value: int | str | datetime, form: VersionForm | None = None) -> int:
    """A whole number as it is; a time as microseconds since 1970 in UTC.

    A source stays with one of the two, `form` where that is stated; a date without separators is a count only where
    times are not. A time without a zone is read as UTC. ValueError where it is neither, of the other form, negative, or
    beyond 63 bits.
    """
    number = _number(value, form)
    if not 0 <= number <= LARGEST:
        raise ValueError("a version lies between 0 and 2**63-1")
    if form is not None and form_of(number) != form:
        raise ValueError(f"a version of this source is a {form}")
    return number


def form_of(version: int) -> VersionForm:
    """Whether it counts or is a time."""
    return "time" if version >= EARLIEST_TIME else "count"


def latest_version(now: datetime) -> int:
    """The greatest version that is no time further from `now` than AHEAD; no count is greater."""
    return source_version(now + AHEAD)


def _number(value: int | str | datetime, form: VersionForm | None) -> int:
    if isinstance(value, bool):
        raise ValueError("a version is a whole number or a time")
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        text = value.strip()
        if text.isascii() and text.isdigit() and (form != "time" or len(text) != len("20260102")):
            return int(text)
        value = datetime.fromisoformat(text)
    moment = value if value.tzinfo else value.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
