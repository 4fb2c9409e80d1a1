"""One line an event, in JSON for programs or as text for people, and never a private value in it.

Values of records, tokens and the like must not be logged in the first place. Since libraries put what they were given
into the messages of their errors, an error's message is told only where its type speaks of machines (a connection, a
disk, a lock); of all others the type and the place are told. What looks private is taken out of every line at last.
"""

import logging
import re
import sqlite3
import sys
import traceback
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any, Literal, TextIO

import orjson

from hub.observability import metrics, tracing

Format = Literal["auto", "json", "text"]
MESSAGE_CHARS = 2_000
ERROR_CHARS = 300
FRAMES = 12
CAUSES = 4
GONE = "[removed]"

_TELLING: tuple[type[BaseException], ...] = (OSError, RuntimeError, sqlite3.OperationalError)
_TELLING_MODULES = ("kafka.", "elastic_transport.", "elasticsearch.", "httpx.", "httpcore.", "alembic.")
_TELLING_NAMES = ("psycopg.OperationalError", "psycopg.errors.", "sqlalchemy.exc.OperationalError")
_DATA_ERRORS = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, SyntaxError)

_PRIVATE_NAMES = re.compile(
    r"authorization|cookie|token|password|secret|body|phone|mobile|e-?mail|id_?(number|card)", re.IGNORECASE
)
# A number may stand next to a Chinese word without a blank: its borders are those of ASCII.
_SCRUBBED: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"vault:[A-Za-z0-9_\-=+/]+"), GONE),
    (re.compile(r"(hub_[a-z]{3}-[a-z2-7]{16}_)[\w-]{43}"), rf"\1{GONE}"),
    (re.compile(r"\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE), rf"\1 {GONE}"),
    (
        re.compile(r"((?:hub_)?token|password|secret|cookie)(\"?'?\s*[=:]\s*\"?'?)[^\s&;,'\"]+", re.IGNORECASE),
        rf"\1\2{GONE}",
    ),
    (re.compile(r"(\w+://[^\s:/@]*):[^\s@/]+@"), rf"\1:{GONE}@"),
    (re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(\.[\w-]+)+"), GONE),
    (re.compile(r"(?<![\w-])[1-9]\d{5}(?:18|19|20)\d{2}[01]\d[0-3]\d{4}[\dXx](?!\w)", re.ASCII), GONE),
    (re.compile(r"(?<![\w.-])(?:\+|00)\d[\d\s()-]{7,17}\d(?!\w)", re.ASCII), GONE),
    (re.compile(r"(?<![\w.-])(?:86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\w)", re.ASCII), GONE),
    (re.compile(r"(?<![\w.-])0\d{2,3}[ -]\d{7,8}(?!\w)", re.ASCII), GONE),
    (re.compile(r"input_value=.*?(?=, input_type=|\]|$)", re.DOTALL), f"input_value={GONE}"),
)


def configure(form: Format = "auto", level: str = "WARNING", stream: TextIO | None = None) -> logging.Handler:
    """Send every logger's messages from the level up to the stream, standard error if none; again to change it."""
    stream = stream or sys.stderr
    as_text = form == "text" or (form == "auto" and stream.isatty())
    handler = _Telling(stream)
    handler.setFormatter(TextFormatter() if as_text else JsonFormatter())
    root = logging.getLogger()
    for earlier in [handler for handler in root.handlers if isinstance(handler, _Telling | _Counting)]:
        root.removeHandler(earlier)
    root.addHandler(handler)
    root.addHandler(_Counting(logging.WARNING))
    root.setLevel(level.upper())
    logging.captureWarnings(True)
    return handler


def scrubbed(text: str) -> str:
    """The text without what looks private: tokens, passwords, addresses, numbers of telephones and identity cards."""
    for pattern, instead in _SCRUBBED:
        text = pattern.sub(instead, text)
    return text


class _Telling(logging.StreamHandler[TextIO]):
    pass


class _Counting(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        metrics.LOGGED.labels(record.levelname.lower()).inc()


class JsonFormatter(logging.Formatter):
    """time (RFC 3339, UTC), level, logger, message; trace_id, fields and error where there are any."""

    def format(self, record: logging.LogRecord) -> str:
        """See logging.Formatter; one line."""
        line: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message_of(record),
        }
        if trace_id := tracing.current_trace_id():
            line["trace_id"] = trace_id
        if fields := fields_of(record):
            line["fields"] = fields
        if record.exc_info and record.exc_info[1]:
            line["error"] = list(errors_of(record.exc_info[1]))
        return orjson.dumps(line, default=_text).decode()


class TextFormatter(logging.Formatter):
    """Time, level, logger and message on a line, and below it where the error came from."""

    def format(self, record: logging.LogRecord) -> str:
        """See logging.Formatter."""
        parts = [f"{_time(record)} {record.levelname} {record.name} {message_of(record)}"]
        if fields := fields_of(record):
            parts[0] += " " + " ".join(f"{name}={_text(value)}" for name, value in fields.items())
        if record.exc_info and record.exc_info[1]:
            for error in errors_of(record.exc_info[1]):
                parts.append(f"  {error['type']}: {error['message']}" if error["message"] else f"  {error['type']}")
                parts += [f"    {place}" for place in error["at"]]
        return "\n".join(parts)


def message_of(record: logging.LogRecord) -> str:
    """The message without anything private. Errors among its arguments are told as `error_message` tells them."""
    given = record.args
    if isinstance(given, tuple) and any(isinstance(value, BaseException) for value in given):
        given = tuple(_described(value) if isinstance(value, BaseException) else value for value in given)
    try:
        message = str(record.msg) % given if given else str(record.msg)
    except (TypeError, ValueError):
        message = str(record.msg)
    return scrubbed(message[:MESSAGE_CHARS])


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """What was given as `extra={"fields": {…}}`; values under private names, and all but plain values, are removed."""
    given = getattr(record, "fields", None)
    if not isinstance(given, Mapping):
        return {}
    return {str(name): GONE if _PRIVATE_NAMES.search(str(name)) else _plain(value) for name, value in given.items()}


def errors_of(error: BaseException) -> Iterator[dict[str, Any]]:
    """The error and what caused it, at most CAUSES; each with its type, message where it may be told, and places."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen and len(seen) < CAUSES:
        seen.add(id(current))
        frames = traceback.extract_tb(current.__traceback__)[-FRAMES:]
        yield {
            "type": _name(type(current)),
            "message": error_message(current),
            "at": [f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames],
        }
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)


def error_message(error: BaseException) -> str:
    """The first line of the message, where the error speaks of machines; empty where it may quote data."""
    if not _is_telling(type(error)):
        return ""
    return scrubbed(str(error).strip().partition("\n")[0][:ERROR_CHARS])


def _is_telling(kind: type[BaseException]) -> bool:
    if issubclass(kind, _DATA_ERRORS) and not issubclass(kind, OSError):
        return False
    name = f"{kind.__module__}.{kind.__qualname__}"
    if name.startswith("psycopg."):
        return any(f"{base.__module__}.{base.__qualname__}" == "psycopg.OperationalError" for base in kind.__mro__)
    return issubclass(kind, _TELLING) or name.startswith((*_TELLING_MODULES, *_TELLING_NAMES))


def _described(error: BaseException) -> str:
    message = error_message(error)
    return f"{_name(type(error))}: {message}" if message else _name(type(error))


def _name(kind: type[BaseException]) -> str:
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    return scrubbed(value[:ERROR_CHARS]) if isinstance(value, str) else type(value).__name__


def _text(value: Any) -> str:
    return str(value)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
