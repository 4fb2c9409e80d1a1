"""Values that several record kinds share."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from stdnum.cn import uscc as uscc_number
from stdnum.exceptions import ValidationError as InvalidNumber

from schemas.annotations import F


class Part(BaseModel):
    """Base of the composite values inside records."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, str_max_length=20_000, frozen=True)


def _credit_code(value: str) -> str:
    try:
        return str(uscc_number.validate(value))
    except InvalidNumber as error:
        raise ValueError("unified social credit code") from error


CreditCode = Annotated[str, AfterValidator(_credit_code)]
"""Unified social credit code of an organisation, 18 characters with a check character (GB 32100-2015)."""


class Money(Part):
    """An amount in a currency of ISO 4217."""

    amount: Annotated[
        Decimal,
        Field(ge=0, max_digits=18, decimal_places=2),
        F("金额", "amount", search="number", example="1280000.00"),
    ]
    currency: Annotated[
        Literal["CNY", "USD", "EUR", "GBP", "JPY", "CHF", "HKD"], F("币种", "currency", example="CNY")
    ] = "CNY"


class Place(Part):
    """An address with a division code of GB/T 2260 and coordinates in WGS 84 degrees."""

    address: Annotated[str | None, F("地址", "address", search="text", schema_org="address")] = None
    postcode: Annotated[str | None, F("邮编", "postcode")] = None
    division: Annotated[str | None, F("行政区划代码", "division code", search="facet", example="330106")] = None
    lat: Annotated[float | None, Field(ge=-90, le=90), F("纬度", "latitude", example="30.2635")] = None
    lon: Annotated[float | None, Field(ge=-180, le=180), F("经度", "longitude", example="120.1236")] = None


class OrganisationRef(Part):
    """A reference to an organisation by its identifiers or, lacking those, its name."""

    uscc: Annotated[CreditCode | None, F("统一社会信用代码", "unified social credit code", search="keyword")] = None
    ror: Annotated[str | None, F("ROR 标识", "ROR id", search="keyword")] = None
    name_zh: Annotated[str | None, F("单位名称", "organisation name (Chinese)", search="facet")] = None
    name_en: Annotated[str | None, F("单位英文名称", "organisation name (English)", search="text")] = None
