"""Checks of identifiers and codes, as annotated types. Each raises ValueError with the name of what was expected."""

import re
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator
from stdnum.cn import uscc as uscc_number
from stdnum.exceptions import ValidationError as InvalidNumber
from stdnum.iso7064 import mod_11_2, mod_97_10

from schemas.codes import divisions

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_ROR = re.compile(r"(?:https?://)?(?:ror\.org/)?(0[a-hj-km-np-tv-z0-9]{6}\d{2})", re.IGNORECASE)
_ORCID = re.compile(r"(?:https?://orcid\.org/)?(\d{4})-?(\d{4})-?(\d{4})-?(\d{3}[\dX])", re.IGNORECASE)
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(?:\.[^@\s.]+)+")
_URL = re.compile(r"https?://[^\s/]+(?:/\S*)?", re.IGNORECASE)
_PHONE = re.compile(r"[+\d][\d\-() /转extEXT.;,]{4,60}")


def credit_code(value: str) -> str:
    """GB 32100-2015: 18 characters, the last one a check character."""
    try:
        return str(uscc_number.validate(value))
    except InvalidNumber as error:
        raise ValueError("credit_code") from error


def ror_id(value: str) -> str:
    """https://ror.org/ and nine characters; the last two are ISO 7064 mod 97-10 over the base-32 number before them."""
    match = _ROR.fullmatch(value)
    if not match:
        raise ValueError("ror")
    code = match[1].lower()
    number = 0
    for character in code[:7]:
        number = number * 32 + _CROCKFORD.index(character)
    if mod_97_10.calc_check_digits(str(number)) != code[7:]:
        raise ValueError("ror")
    return f"https://ror.org/{code}"


def orcid(value: str) -> str:
    """Four blocks of four, the last character by ISO 7064 mod 11-2."""
    match = _ORCID.fullmatch(value)
    if not match:
        raise ValueError("orcid")
    compact = "".join(match.groups()).upper()
    if not mod_11_2.is_valid(compact):
        raise ValueError("orcid")
    return "-".join(match.groups()).upper()


def division(value: str) -> str:
    if value not in divisions():
        raise ValueError("division")
    return value


def time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (OSError, ValueError) as error:
        raise ValueError("time_zone") from error
    return value


def _matching(pattern: re.Pattern[str], name: str) -> AfterValidator:
    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError(name)
        return value

    return AfterValidator(check)


CreditCode = Annotated[str, AfterValidator(credit_code)]
RorId = Annotated[str, AfterValidator(ror_id)]
Orcid = Annotated[str, AfterValidator(orcid)]
Division = Annotated[str, AfterValidator(division)]
TimeZone = Annotated[str, AfterValidator(time_zone)]
Email = Annotated[str, _matching(_EMAIL, "email")]
Url = Annotated[str, _matching(_URL, "url")]
Phone = Annotated[str, _matching(_PHONE, "phone")]
Postcode = Annotated[str, _matching(re.compile(r"[A-Z0-9][A-Z0-9 \-]{2,9}", re.IGNORECASE), "postcode")]
CountryCode = Annotated[str, _matching(re.compile(r"[A-Z]{2}"), "country")]
ClockTime = Annotated[str, _matching(re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d|24:00"), "clock_time")]
LanguageTag = Annotated[str, _matching(re.compile(r"[a-zA-Z]{2,3}(?:-[a-zA-Z0-9]{2,8})*"), "language")]
