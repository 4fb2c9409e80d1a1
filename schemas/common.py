"""Values that several record kinds share."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.annotations import F
from schemas.checks import ClockTime, CountryCode, CreditCode, Division, Orcid, Postcode, RorId

Currency = Literal["CNY", "USD", "EUR", "GBP", "JPY", "CHF", "HKD", "KRW", "SGD", "AUD", "CAD", "SEK"]
Day = Literal["MO", "TU", "WE", "TH", "FR", "SA", "SU"]


class Part(BaseModel):
    """Base of the composite values inside records."""

    model_config = ConfigDict(
        extra="forbid", str_strip_whitespace=True, str_min_length=1, str_max_length=20_000, frozen=True
    )


class Money(Part):
    """An amount in a currency of ISO 4217; the amount is a decimal text in JSON, so that no cent is lost."""

    amount: Annotated[
        Decimal,
        Field(ge=0, max_digits=18, decimal_places=2),
        F("金额", "amount", search="number", sortable=True, example="1280000.00"),
    ]
    currency: Annotated[Currency, F("币种", "currency", example="CNY")] = "CNY"


class Place(Part):
    """An address with a division code of GB/T 2260 and coordinates in WGS 84 degrees."""

    address: Annotated[
        str | None,
        F(
            "地址",
            "address",
            search="text",
            schema_org="streetAddress",
            nrii="安放地址",
            uniquip="Location",
            aliases=("地址",),
        ),
    ] = None
    postcode: Annotated[
        Postcode | None, F("邮编", "postcode", nrii="邮编", schema_org="postalCode", example="310058")
    ] = None
    division: Annotated[
        Division | None,
        F(
            "行政区划",
            "division",
            search="facet",
            example="330106",
            aliases=("行政区划代码",),
            hint=("GB/T 2260 六位行政区划代码，如 330106", "a 6-digit division code of GB/T 2260, such as 330106"),
        ),
    ] = None
    country: Annotated[
        CountryCode | None,
        F("国家", "country", search="facet", cerif="ElectronicAddress", schema_org="addressCountry", example="CN"),
    ] = None
    lat: Annotated[
        float | None, Field(ge=-90, le=90), F("纬度", "latitude", schema_org="latitude", example="30.2635")
    ] = None
    lon: Annotated[
        float | None, Field(ge=-180, le=180), F("经度", "longitude", schema_org="longitude", example="120.1236")
    ] = None

    @model_validator(mode="after")
    def _both_coordinates(self) -> "Place":
        if (self.lat is None) != (self.lon is None):
            raise ValueError("coordinates")
        return self


class OrganisationRef(Part):
    """A reference to an organisation by its identifiers or, lacking those, its name."""

    uscc: Annotated[CreditCode | None, F("统一社会信用代码", "unified social credit code", search="keyword")] = None
    ror: Annotated[RorId | None, F("ROR 标识", "ROR id", search="keyword", cerif="OrgUnit/RORID")] = None
    name_zh: Annotated[
        str | None, F("单位名称", "organisation name (Chinese)", search="facet", cerif="OrgUnit/Name")
    ] = None
    name_en: Annotated[
        str | None, F("单位英文名称", "organisation name (English)", search="facet", cerif="OrgUnit/Name")
    ] = None


class LaboratoryRef(Part):
    """A reference to a laboratory by its code or, lacking that, its name."""

    laboratory_code: Annotated[str | None, F("实验室编号", "laboratory code", search="keyword")] = None
    name_zh: Annotated[str | None, F("实验室名称", "laboratory name (Chinese)", search="facet")] = None
    name_en: Annotated[str | None, F("实验室英文名称", "laboratory name (English)", search="text")] = None


class PersonRef(Part):
    """A reference to an expert, with the person's part in the project."""

    orcid: Annotated[Orcid | None, F("ORCID", "ORCID", search="keyword", cerif="Person/ORCID")] = None
    expert_number: Annotated[str | None, F("专家编号", "expert number", search="keyword")] = None
    name_zh: Annotated[str | None, F("姓名", "name (Chinese)", search="text", cerif="Person/PersonName")] = None
    name_en: Annotated[str | None, F("英文姓名", "name (English)", search="text", cerif="Person/PersonName")] = None
    role: Annotated[str | None, F("角色", "role")] = None


class OpeningHours(Part):
    """Weekly opening hours in the record's time zone (schema.org OpeningHoursSpecification; days by iCalendar)."""

    days: Annotated[tuple[Day, ...], Field(min_length=1), F("星期", "days", schema_org="dayOfWeek", example="MO")]
    opens: Annotated[ClockTime, F("开放时间", "opens", schema_org="opens", example="08:30")]
    closes: Annotated[ClockTime, F("结束时间", "closes", schema_org="closes", example="17:30")]
    valid_from: Annotated[date | None, F("生效日期", "valid from", schema_org="validFrom")] = None
    valid_through: Annotated[date | None, F("截止日期", "valid through", schema_org="validThrough")] = None

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> "OpeningHours":
        if self.opens >= self.closes:
            raise ValueError("opening_hours")
        return self


class Identifier(Part):
    """Another identifier of the same thing, with its scheme (PIDINST alternateIdentifier)."""

    scheme: Annotated[str, F("标识类型", "identifier scheme", example="DOI")]
    value: Annotated[str, F("标识", "identifier", search="keyword", example="10.17815/jlsrf-2-64")]


class RelatedIdentifier(Part):
    """Something related, with the relation (PIDINST relatedIdentifier)."""

    relation: Annotated[str, F("关系", "relation", example="IsDescribedBy")]
    scheme: Annotated[str, F("标识类型", "identifier scheme", example="DOI")]
    value: Annotated[str, F("标识", "identifier", example="10.17815/jlsrf-2-64")]


class Period(Part):
    """A stretch of days, both ends included."""

    start: Annotated[date | None, F("开始日期", "start date", search="date", sortable=True, cerif="StartDate")] = None
    end: Annotated[date | None, F("结束日期", "end date", search="date", sortable=True, cerif="EndDate")] = None

    @model_validator(mode="after")
    def _starts_before_it_ends(self) -> "Period":
        if self.start and self.end and self.start > self.end:
            raise ValueError("period")
        return self
