"""A source's own version of a record: a number or a time, made comparable."""

from datetime import UTC, datetime

LARGEST = 2**63 - 1


def source_version(value: int | str | datetime) -> int:
    """A whole number as it is; a time as microseconds since 1970 in UTC.

    A source stays with one of the two. A time without a zone is read as UTC. ValueError where it is neither, negative,
    or beyond 63 bits.
    """
    number = _number(value)
    if not 0 <= number <= LARGEST:
        raise ValueError("a version lies between 0 and 2**63-1")
    return number


def _number(value: int | str | datetime) -> int:
    if isinstance(value, bool):
        raise ValueError("a version is a whole number or a time")
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        text = value.strip()
        if text.isascii() and text.isdigit():
            return int(text)
        value = datetime.fromisoformat(text)
    moment = value if value.tzinfo else value.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
