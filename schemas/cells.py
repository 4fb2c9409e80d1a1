"""Reading the text of a spreadsheet's cell as a value, with ValueError where it is none; and texts as cells."""

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation

_SPLIT = re.compile(r"[;；\n]+")
_SPLIT_ENUMERATION = re.compile(r"[;；、\n]+")
_UNITS = {"": 1, "十": 10, "百": 100, "千": 1_000, "万": 10_000, "百万": 10**6, "千万": 10**7, "亿": 10**8}
_UNITS |= {"k": 1_000, "thousand": 1_000, "million": 10**6, "billion": 10**9}
_YES = frozenset({"是", "有", "对", "yes", "y", "true", "1", "1.0", "√", "✓", "共享", "开放"})
_NO = frozenset({"否", "无", "不", "没有", "no", "n", "false", "0", "0.0", "×", "x", "不共享", "不开放"})
_NUMBER = re.compile(r"([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|[+-]?\.\d+)(?:e([+-]?\d{1,3}))?\s*(\D*)")
_GUARDED = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_BARE_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
_DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*(?:[-/.月]\s*(\d{1,2})\s*日?)?(?:月)?")
_COMPACT_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})")
_EXCEL_EPOCH = date(1899, 12, 30)
_EXCEL_DAYS = range(367, 109_575)  # 1901 to 2199; smaller numbers are years or mistakes


def plain(text: str) -> str:
    """The text in half-width forms, stripped."""
    return unicodedata.normalize("NFKC", text).strip()


def split_list(text: str, enumeration: bool = True) -> list[str]:
    """The items of a list written with `;`, `；`, line breaks or, if an `enumeration`, `、`; empty ones left out."""
    pattern = _SPLIT_ENUMERATION if enumeration else _SPLIT
    return [item for part in pattern.split(text) if (item := part.strip())]


def number(text: str) -> Decimal:
    """A number, with separators of thousands and a unit of counting such as 万 or million if need be."""
    match = _NUMBER.fullmatch(plain(text).casefold().replace(" ,", ","))
    if not match or match[3].strip() not in _UNITS:
        raise ValueError("number")
    try:
        value = Decimal(match[1].replace(",", ""))
    except InvalidOperation:
        raise ValueError("number") from None
    return value.scaleb(int(match[2] or 0)) * _UNITS[match[3].strip()]


def boolean(text: str) -> bool:
    """是/否, yes/no, true/false, 1/0, √/×."""
    word = plain(text).casefold()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise ValueError("boolean")


def day(text: str) -> date:
    """2024-03-01, 2024/3/1, 2024.3.1, 2024年3月1日, 20240301, or an Excel serial number (days since 1899-12-30).

    A month without a day is its first day. A time of day behind the date must be midnight.
    """
    words = re.sub(r"[ T]00:00(?::00(?:\.0+)?)?$", "", plain(text))
    if found := _DATE.fullmatch(words) or _COMPACT_DATE.fullmatch(words):
        return date(int(found[1]), int(found[2]), int(found[3] or 1))
    if re.fullmatch(r"\d{3,6}(?:\.0+)?", words) and int(float(words)) in _EXCEL_DAYS:
        return _EXCEL_EPOCH + timedelta(days=int(float(words)))
    raise ValueError("date")


def instant(text: str) -> datetime:
    """RFC 3339 or ISO 8601 with a zone; ValueError without one."""
    moment = datetime.fromisoformat(plain(text))
    if moment.tzinfo is None:
        raise ValueError("time zone")
    return moment.astimezone(UTC)


def is_chinese(text: str) -> bool:
    """Whether the text has a Han character."""
    return any("\u3400" <= character <= "\u9fff" or "\U00020000" <= character <= "\U000323af" for character in text)


def guarded(text: str) -> str:
    """The text so that no spreadsheet takes it for a formula: with an apostrophe before it where it might be one.

    See OWASP, CSV Injection. A text that already looks guarded gets another one, so that `unguarded` restores it.
    """
    return f"'{text}" if _FORMULA.match(text) and not _BARE_NUMBER.fullmatch(text) else text


def guarded_in_workbook(text: str) -> str:
    """The same for a cell that is marked as text, which no spreadsheet takes for a formula."""
    return f"'{text}" if _GUARDED.match(text) else text


def unguarded(text: str) -> str:
    """The text that `guarded` was given."""
    return text[1:] if text[:1] == "'" and _GUARDED.match(text) else text
