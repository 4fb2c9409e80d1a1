"""Single values that several record kinds share, each checked against the standard that defines it.

A check raises PydanticCustomError with a stable code; `hub.kernel.expectations` says in both languages what it expects.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from ipaddress import IPv6Address
from typing import Annotated
from unicodedata import normalize
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationInfo,
)
from pydantic_core import PydanticCustomError
from stdnum import isni
from stdnum.cn import ric, uscc
from stdnum.exceptions import ValidationError as InvalidNumber

from schemas.codes import code_list
from schemas.codes.divisions import is_division


def not_before(other: str) -> Callable[[date | None, ValidationInfo], date | None]:
    """A check that the date does not lie before that of the field `other`, which stands before it in the model."""

    def check(value: date | None, info: ValidationInfo) -> date | None:
        start = info.data.get(other)
        if value is not None and start is not None and value < start:
            raise PydanticCustomError("not_before", "not before {other}", {"other": other, "start": str(start)})
        return value

    return check


# Crockford's digits of base 32 as those that int() reads.
_CROCKFORD = str.maketrans("0123456789abcdefghjkmnpqrstvwxyz", "0123456789abcdefghijklmnopqrstuv")
_ROR = re.compile(r"(?:https?://)?(?:ror\.org/)?(0[a-hj-km-np-tv-z0-9]{6}[0-9]{2})", re.IGNORECASE)
_ORCID = re.compile(r"(?:https?://orcid\.org/)?(\d{4}-?\d{4}-?\d{4}-?\d{3}[\dX])", re.IGNORECASE)
_DOI = re.compile(r"(?:https?://(?:dx\.)?doi\.org/|doi:\s*)?(10\.\d{4,9}/\S+)", re.IGNORECASE)
_HANDLE = re.compile(r"(?:https?://hdl\.handle\.net/|hdl:\s*)?([\w.]+/\S+)", re.IGNORECASE)
_EMAIL = re.compile(r"[^@\s<>,;\"]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]*")
_PHONE = re.compile(r"\+?[\d\s()（）-]{5,30}(?:\s*(?:转|ext\.?|x|#)\s*\d{1,8})?", re.IGNORECASE)
# Whoever may sign in there, an address of version 6 in brackets or a name, a port; then whatever is no white space.
_URL = re.compile(
    r"https?://((?:[^\s/?#\[\]]*@)?(?:\[([0-9a-f:.]+)\]|[^\s/?#\[\]@:]+))(?::([0-9]{0,9}))?(?:[/?#]\S*)?", re.IGNORECASE
)


def _wrong(code: str) -> PydanticCustomError:
    return PydanticCustomError(code, "not a valid {code}", {"code": code})


# The rows of a document name few organisations, again and again.
@lru_cache(maxsize=1_024)
def credit_code(value: str) -> str:
    """A unified social credit code with its check character verified, in capitals (GB 32100-2015)."""
    try:
        return str(uscc.validate(value))
    except InvalidNumber:
        raise _wrong("credit_code") from None


def ror_id(value: str) -> str:
    """A ROR id as a URL: nine characters whose last two are an ISO 7064 MOD 97-10 check of the base-32 number."""
    found = _ROR.fullmatch(value)
    if not found:
        raise _wrong("ror_id")
    bare = found[1].lower()
    number = int(bare[:7].translate(_CROCKFORD), 32)
    if (number * 100 + int(bare[7:])) % 97 != 1:
        raise _wrong("ror_id")
    return f"https://ror.org/{bare}"


def orcid(value: str) -> str:
    """An ORCID iD with hyphens; its check character is that of an ISNI (ISO 7064 MOD 11-2)."""
    found = _ORCID.fullmatch(value)
    if not found or not isni.is_valid(found[1]):
        raise _wrong("orcid")
    bare = found[1].replace("-", "").upper()
    return "-".join(bare[start : start + 4] for start in range(0, 16, 4))


def resident_id(value: str) -> str:
    """A resident identity card number with its check character verified (GB 11643-1999)."""
    try:
        return str(ric.validate(value))
    except InvalidNumber:
        raise _wrong("resident_id") from None


def doi(value: str) -> str:
    """A DOI without resolver or prefix, in lower case (DOIs compare without case)."""
    found = _DOI.fullmatch(value)
    if not found:
        raise _wrong("doi")
    return found[1].lower()


def pid(value: str) -> str:
    """A DOI or a Handle without its resolver."""
    if found := _DOI.fullmatch(value):
        return found[1].lower()
    if found := _HANDLE.fullmatch(value):
        return found[1]
    raise _wrong("pid")


def email(value: str) -> str:
    """An address as mail systems accept it in practice; nothing is looked up. A leading mailto: is dropped."""
    bare = value[7:] if value[:7].lower() == "mailto:" else value
    if len(bare) > 254 or not _EMAIL.fullmatch(bare):
        raise _wrong("email")
    return bare


def phone(value: str) -> str:
    bare = value[4:] if value[:4].lower() == "tel:" else value
    if not _PHONE.fullmatch(bare):
        raise _wrong("phone")
    return bare


def url(value: str) -> str:
    """An absolute http or https URL (RFC 3986)."""
    found = _URL.fullmatch(value)
    if not found or not _is_place(*found.groups()):
        raise _wrong("url")
    return value


def _is_place(host: str, address: str | None, port: str | None) -> bool:
    if port and not 0 < int(port) < 65_536:
        return False
    try:
        return bool(IPv6Address(address)) if address else host.isascii() or not _divides(host)
    except ValueError:
        return False


def _divides(host: str) -> bool:
    """Whether a letter such as ℀ stands for one that would end the host, as whoever opens it reads it (UTS 46)."""
    return any(mark in normalize("NFKC", letter) for letter in host if not letter.isascii() for mark in "/?#@:")


def postcode(value: str) -> str:
    """Six digits in China; letters, digits, blanks and hyphens elsewhere."""
    if not re.fullmatch(r"\d{6}|[A-Za-z0-9][A-Za-z0-9 -]{1,8}[A-Za-z0-9]", value):
        raise _wrong("postcode")
    return value


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def time_zone(value: str) -> str:
    """A time zone of the IANA database."""
    if value not in _zones():
        raise _wrong("time_zone")
    return value


def division(value: str) -> str:
    """A six-digit division code of GB/T 2260; see schemas.codes.divisions for codes of the past."""
    if not (len(value) == 6 and value.isascii() and value.isdigit() and is_division(value)):
        raise _wrong("division")
    return value


def in_list(name: str) -> Callable[[str], str]:
    """A check that the value is a code of the list."""

    def check(value: str) -> str:
        if value not in code_list(name):
            raise PydanticCustomError("code", "not a code of {list}", {"list": name})
        return value

    return check


def _category_code(value: str) -> str:
    if not re.fullmatch(r"\d{2}(?:\d{2}){0,3}", value) or value[:2] not in code_list("category"):
        raise _wrong("category_code")
    return value


def _to_utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


def _rfc3339(value: datetime) -> str:
    return value.isoformat(timespec="seconds").replace("+00:00", "Z")


def _number_of(value: object) -> object:
    # A number of JSON may stand where a code is meant: spreadsheets turn 310027 into a number.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _two_places(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"))


Short = Annotated[str, BeforeValidator(_number_of), StringConstraints(strip_whitespace=True, max_length=500)]
"""A name, number or phrase; a whole number is taken as its digits."""

CreditCode = Annotated[str, AfterValidator(credit_code)]
RorId = Annotated[str, AfterValidator(ror_id)]
Orcid = Annotated[str, AfterValidator(orcid)]
ResidentId = Annotated[str, BeforeValidator(_number_of), AfterValidator(resident_id)]
Doi = Annotated[str, AfterValidator(doi)]
Pid = Annotated[str, AfterValidator(pid)]
Email = Annotated[str, AfterValidator(email)]
Phone = Annotated[str, BeforeValidator(_number_of), AfterValidator(phone)]
Url = Annotated[str, StringConstraints(max_length=2_000), AfterValidator(url)]
Postcode = Annotated[str, BeforeValidator(_number_of), AfterValidator(postcode)]
TimeZone = Annotated[str, AfterValidator(time_zone)]
DivisionCode = Annotated[str, BeforeValidator(_number_of), AfterValidator(division)]
Country = Annotated[str, AfterValidator(in_list("country"))]
"""ISO 3166-1 alpha-2."""
Discipline = Annotated[str, AfterValidator(in_list("nsfc_discipline"))]
CategoryCode = Annotated[str, BeforeValidator(_number_of), AfterValidator(_category_code)]
"""National classification of large scientific instruments: two to eight digits, the first two of them a class."""
ClockTime = Annotated[str, StringConstraints(pattern=r"^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$")]
"""HH:MM on the wall; 24:00 is the end of the day (ISO 8601)."""
Instant = Annotated[AwareDatetime, AfterValidator(_to_utc), PlainSerializer(_rfc3339, when_used="json")]
"""A time with its zone, kept in UTC."""
Amount = Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=2), AfterValidator(_two_places)]
Hours = Annotated[Decimal, Field(ge=0, max_digits=9, decimal_places=2), AfterValidator(_two_places)]
Year = Annotated[int, Field(ge=1900, le=2200)]
FoundingYear = Annotated[int, Field(ge=1, le=2200)]
"""Of an organisation: many universities are centuries old."""
