"""Reads what callers send to the booking desk, and says in both languages what was expected instead."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, get_args

from hub.kernel.problems import Problem, Refusal, expecting, quoted, refusal
from schemas.events.bookings import BookingStatus, Interval
from schemas.http.booking import ID_CHARS, MANAGERS_LIMIT, PURPOSE_CHARS, REASON_CHARS
from services.booking.ports import PAGE_LIMIT, Position

KEY_CHARS = 255
DEFAULT_DAYS = 7
YEARS = (2000, 2200)
"""Of any time that a caller names: beyond them calendars and time zones are fiction."""
STATUSES: tuple[BookingStatus, ...] = get_args(BookingStatus)
NEVER = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Ask:
    """What a caller wants to book; the times in UTC."""

    instrument_id: str
    wanted: Interval
    purpose: str = ""


def read_ask(body: Any) -> Ask:
    """Raises Refusal (422) with every problem of the body."""
    members = members_of(body, ("instrument", "start", "end", "purpose"))
    problems: list[Problem] = []
    instrument = members.get("instrument")
    if not isinstance(instrument, str) or not 0 < len(instrument.strip()) <= ID_CHARS:
        problems.append(expecting("instrument", "booking.instrument", _excerpt(instrument), "instrument"))
    times = [_time(members.get(name), name, problems) for name in ("start", "end")]
    purpose = _text(members.get("purpose"), "purpose", PURPOSE_CHARS, problems)
    if problems:
        raise Refusal(*problems)
    return Ask(str(instrument).strip(), Interval(*times), purpose)


def read_reason(body: Any) -> str:
    """The reason for a decision; may be left out."""
    problems: list[Problem] = []
    reason = _text(members_of(body, ("reason",)).get("reason"), "reason", REASON_CHARS, problems)
    if problems:
        raise Refusal(*problems)
    return reason


def read_accounts(body: Any) -> frozenset[str]:
    """The ids of the accounts that are to manage an instrument; Refusal (422) where they are no list of ids."""
    accounts = members_of(body, ("accounts",)).get("accounts")
    ids = accounts if isinstance(accounts, list) and len(accounts) <= MANAGERS_LIMIT else [None]
    for account in ids:
        if not isinstance(account, str) or not 0 < len(account) <= ID_CHARS:
            raise refusal("bad-accounts", "booking.bad-accounts", _excerpt(account), "accounts", most=MANAGERS_LIMIT)
    return frozenset(ids)


def read_key(key: str | None) -> str:
    """The Idempotency-Key header (draft-ietf-httpapi-idempotency-key-header); empty where there is none."""
    problems: list[Problem] = []
    text = _text(key, "Idempotency-Key", KEY_CHARS, problems)
    if problems:
        raise Refusal(*problems)
    return text


def read_date(text: str | None, name: str, default: date) -> date:
    """A date by RFC 3339, which has no other form of ISO 8601."""
    if text is None:
        return default
    written = text.strip()
    try:
        found = date.fromisoformat(written)
    except ValueError:
        found = date.min
    if found.isoformat() != written or not YEARS[0] <= found.year <= YEARS[1]:
        raise refusal("bad-date", "booking.bad-date", text, name)
    return found


def read_whole(text: str | None, name: str, default: int, most: int) -> int:
    """A whole number from 1 to `most`."""
    if not text:
        return default
    stripped = text.strip()
    number = int(stripped) if stripped.isascii() and stripped.isdigit() and len(stripped) < 10 else 0
    if not 1 <= number <= most:
        raise refusal("out-of-range", "booking.out-of-range", text, name, least=1, most=most)
    return number


def read_limit(text: str | None) -> int:
    return read_whole(text, "limit", 50, PAGE_LIMIT)


def read_cursor(text: str | None) -> Position | None:
    if not text:
        return None
    start, tilde, booking_id = text.partition("~")
    moment = _moment(start)
    if not tilde or moment is None:
        raise refusal("bad-cursor", "booking.bad-cursor", text, "cursor", 400)
    return moment, booking_id


def read_statuses(names: Collection[str] | None) -> tuple[BookingStatus, ...]:
    """The statuses named, all where none is; Refusal (400) for one that there is not."""
    for name in names or ():
        if name not in STATUSES:
            raise refusal("bad-status", "booking.one-of", name, "status", 400, known=", ".join(STATUSES))
    return tuple(status for status in STATUSES if not names or status in names)


def cursor_after(position: Position) -> str:
    start, booking_id = position
    return f"{start.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}~{booking_id}"


def members_of(body: Any, known: Collection[str]) -> Mapping[str, Any]:
    """The body as an object that has only known members."""
    if not isinstance(body, dict):
        raise refusal("not-an-object", "booking.not-an-object", _excerpt(body), None, 400)
    for name in body:
        if name not in known:
            raise refusal("unknown-field", "booking.unknown-field", name, quoted(name), known=", ".join(known))
    return body


def _time(value: Any, name: str, problems: list[Problem]) -> datetime:
    moment = _moment(value) if isinstance(value, str) else None
    if moment is None:
        problems.append(expecting("bad-time", "booking.bad-time", _excerpt(value), name))
    return moment or NEVER


def _moment(text: str) -> datetime | None:
    """The instant in UTC; None where the text is no time, names no offset or lies beyond YEARS."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo and YEARS[0] <= moment.year <= YEARS[1] else None


def _text(value: Any, name: str, most: int, problems: list[Problem]) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > most:
        problems.append(expecting("bad-text", "booking.bad-text", _excerpt(value), name, most=most))
        return ""
    return value.strip()


def _excerpt(value: Any) -> str:
    return "" if value is None else quoted(value)
