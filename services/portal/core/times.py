"""Dates, times and amounts of money as people write them in both languages."""

from datetime import date, datetime

from hub.text.language import Language
from hub.text.messages import sentence
from schemas.http.booking import Price


def money_text(price: Price, language: Language) -> str:
    """300 元; CNY 300. Thousands apart, no empty decimals; other currencies by their code of ISO 4217."""
    whole, _, decimals = price.amount.partition(".")
    amount = f"{int(whole):,}" if whole.isdigit() else whole
    amount += f".{decimals}" if decimals.strip("0") else ""
    if language == "en":
        return f"{price.currency} {amount}"
    return f"{amount} 元" if price.currency == "CNY" else f"{amount} {price.currency}"


_DAYS_ZH = "一二三四五六日"
_DAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def weekday(day: date, language: Language) -> str:
    return f"周{_DAYS_ZH[day.weekday()]}" if language == "zh" else _DAYS_EN[day.weekday()]


def day_text(day: date, language: Language) -> str:
    """11月25日 周二; Tue 25 Nov."""
    if language == "zh":
        return f"{day.month}月{day.day}日 {weekday(day, language)}"
    return f"{weekday(day, language)} {day.day} {_MONTHS_EN[day.month - 1]}"


def span_text(start: str, end: str, language: Language) -> str:
    """An interval between two RFC 3339 times on their own wall clock; the second date only where it differs."""
    first, last = datetime.fromisoformat(start), datetime.fromisoformat(end)
    text = f"{day_text(first.date(), language)}, {first:%H:%M}" if language == "en" else ""
    text = text or f"{day_text(first.date(), language)} {first:%H:%M}"
    if first.date() == last.date():
        return f"{text}–{last:%H:%M}"
    return f"{text} – {day_text(last.date(), language)} {last:%H:%M}"


def zone_text(zone: str, language: Language) -> str:
    """What people call an IANA zone, its own name where they have no other."""
    return sentence("portal.zone.china", language) if zone == "Asia/Shanghai" else zone


def date_text(moment: str, language: Language) -> str:
    """The date of an RFC 3339 time: 2026年3月1日; 1 Mar 2026."""
    day = datetime.fromisoformat(moment).date()
    if language == "zh":
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {_MONTHS_EN[day.month - 1]} {day.year}"


def moment_text(moment: datetime, language: Language) -> str:
    """2026年3月1日 09:00:00; 1 Mar 2026, 09:00:00."""
    comma = "," if language == "en" else ""
    return f"{date_text(moment.isoformat(), language)}{comma} {moment:%H:%M:%S}"


def clock(moment: str) -> str:
    """The time of day of an RFC 3339 time on its own wall clock, 09:00."""
    return f"{datetime.fromisoformat(moment):%H:%M}"
