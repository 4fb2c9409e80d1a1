"""Composite values that several record kinds share."""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from schemas import values
from schemas.annotations import F, Opt
from schemas.cells import number, plain
from schemas.codes import code_list
from schemas.parts.part import NamedPart, Part, Recogniser

Currency = Literal["CNY", "USD", "EUR", "GBP", "JPY", "CHF", "HKD"]

_SIGNS = {"¥": "CNY", "￥": "CNY", "元": "CNY", "RMB": "CNY", "$": "USD", "€": "EUR", "£": "GBP", "美元": "USD"}
_SIGNS |= {
    "欧元": "EUR",
    "英镑": "GBP",
    "日元": "JPY",
    "瑞士法郎": "CHF",
    "港元": "HKD",
    "港币": "HKD",
    "人民币": "CNY",
}
_SIGN = "|".join(re.escape(sign) for sign in sorted((*_SIGNS, *Currency.__args__), key=len, reverse=True))  # type: ignore[attr-defined]
_MONEY = re.compile(rf"({_SIGN})?\s*(.*?)\s*({_SIGN})?", re.DOTALL)
_COORDINATES = re.compile(r"\s*(-?\d{1,2}(?:\.\d+)?)\s*[,，]\s*(-?\d{1,3}(?:\.\d+)?)\s*")


def code_named(name: str) -> Recogniser:
    """The recogniser of a code list: takes codes and labels, gives the code."""

    def recognise(text: str) -> str:
        if (code := code_list(name).code_for(text)) is None:
            raise ValueError(text)
        return code

    return recognise


class Money(Part):
    """An amount in a currency of ISO 4217; as text `1280000 CNY`, `128万元`, `USD 1,000`."""

    amount: Annotated[values.Amount, F("金额", "amount", search="number", example="1280000.00")]
    currency: Annotated[Currency, F("币种", "currency", example="CNY", codes="currency")] = "CNY"

    @classmethod
    def parse(cls, text: str) -> dict[str, Any]:
        match = _MONEY.fullmatch(plain(text))
        if match is None:
            raise ValueError("money")
        signs = {_SIGNS.get(sign, sign) for sign in (match[1], match[3]) if sign}
        if len(signs) > 1:
            raise ValueError("money")
        return {"amount": str(number(match[2])), "currency": signs.pop() if signs else "CNY"}

    @classmethod
    def show(cls, value: Mapping[str, Any]) -> str:
        return f"{value['amount']} {value.get('currency', 'CNY')}"


class Place(Part):
    """An address with a division code of GB/T 2260 and coordinates in WGS 84 degrees; as text its address."""

    address: str | None = Opt(
        "地址",
        "address",
        search="text",
        schema_org="address",
        nrii="安放地址",
        example="浙江省杭州市西湖区余杭塘路866号",
    )
    building: values.Short | None = Opt("楼宇", "building", search="text", uniquip="Building")
    site: values.Short | None = Opt("校区或院区", "site", search="text", uniquip="Site Location", aliases=("校区",))
    postcode: values.Postcode | None = Opt("邮编", "postcode", nrii="邮编", example="310058", aliases=("邮政编码",))
    division: values.DivisionCode | None = Opt(
        "行政区划代码",
        "division code",
        search="facet",
        example="330106",
        codes="division",
        aliases=("行政区划", "所在地区"),
    )
    country: values.Country | None = Opt(
        "国家或地区", "country", search="facet", example="CN", codes="country", cerif="Country"
    )
    lat: Annotated[float | None, Field(ge=-90, le=90)] = Opt(
        "纬度",
        "latitude",
        example="30.2635",
        schema_org="latitude",
        hint=("WGS 84 坐标的纬度，-90 到 90 度", "latitude in WGS 84, -90 to 90 degrees"),
    )
    lon: Annotated[float | None, Field(ge=-180, le=180)] = Opt(
        "经度",
        "longitude",
        example="120.1236",
        schema_org="longitude",
        hint=("WGS 84 坐标的经度，-180 到 180 度", "longitude in WGS 84, -180 to 180 degrees"),
    )
    page: values.Url | None = Opt("地点网页", "web page of the location", uniquip="Location")

    @model_validator(mode="after")
    def _both_coordinates(self) -> Self:
        if (self.lat is None) != (self.lon is None):
            raise PydanticCustomError("half_coordinates", "latitude and longitude belong together")
        return self

    @classmethod
    def parse(cls, text: str) -> dict[str, Any]:
        if match := _COORDINATES.fullmatch(plain(text)):
            return {"lat": float(match[1]), "lon": float(match[2])}
        return {"address": text.strip()}

    @classmethod
    def show(cls, value: Mapping[str, Any]) -> str:
        return str(value.get("address", ""))


class OrganisationRef(NamedPart):
    """A reference to an organisation by its identifiers or, lacking those, its name."""

    bracketed: ClassVar[tuple[tuple[str, Callable[[str], str]], ...]] = (
        ("uscc", values.credit_code),
        ("ror", values.ror_id),
    )

    uscc: values.CreditCode | None = Opt(
        "统一社会信用代码", "unified social credit code", search="keyword", example="12100000470095016Q"
    )
    ror: values.RorId | None = Opt("ROR 标识", "ROR id", search="keyword", example="https://ror.org/00a2xv884")
    name_zh: values.Short | None = Opt("单位名称", "organisation name (Chinese)", search="facet", example="浙江大学")
    name_en: values.Short | None = Opt(
        "单位英文名称", "organisation name (English)", search="text", example="Zhejiang University"
    )


class LaboratoryRef(NamedPart):
    """A reference to a laboratory by its code or by its host and name."""

    bracketed: ClassVar[tuple[tuple[str, Callable[[str], str]], ...]] = ()

    code: values.Short | None = Opt("实验室编号", "laboratory code", search="keyword")
    name_zh: values.Short | None = Opt("实验室名称", "laboratory name (Chinese)", search="facet")
    name_en: values.Short | None = Opt("实验室英文名称", "laboratory name (English)", search="text")
    host: OrganisationRef | None = Opt("依托单位", "host organisation", refers="organisation")


class PersonRef(NamedPart):
    """A reference to a person by ORCID iD, national expert number or, lacking those, name."""

    bracketed: ClassVar[tuple[tuple[str, Callable[[str], str]], ...]] = (("orcid", values.orcid),)

    orcid: values.Orcid | None = Opt("ORCID", "ORCID iD", search="keyword", example="0000-0002-5277-285X")
    expert_number: values.Short | None = Opt("专家编号", "expert number", search="keyword")
    name_zh: values.Short | None = Opt("姓名", "name (Chinese)", search="text", example="张三")
    name_en: values.Short | None = Opt("英文姓名", "name (English)", search="text", example="Zhang San")


class Contact(NamedPart):
    """Whom to ask about a resource."""

    name: values.Short | None = Opt(
        "联系人",
        "contact name",
        openness="member",
        uniquip="Contact Name",
        nrii="联系人",
        schema_org="contactPoint",
        example="李四",
    )
    phone: values.Phone | None = Opt(
        "联系电话",
        "contact telephone",
        openness="secret",
        uniquip="Contact Telephone",
        nrii="联系电话",
        example="0571-88206666",
    )
    email: values.Email | None = Opt(
        "电子邮件",
        "contact e-mail",
        openness="member",
        uniquip="Contact Email",
        nrii="电子邮件",
        pidinst="owners.owner.ownerContact",
        example="lab@example.edu.cn",
        aliases=("电子邮箱", "邮箱", "E-mail"),
    )
    url: values.Url | None = Opt("联系网页", "contact web page", uniquip="Contact URL")

    @classmethod
    def parse(cls, text: str) -> dict[str, Any]:
        return {"email" if "@" in text else "name": text.strip()}

    @classmethod
    def show(cls, value: Mapping[str, Any]) -> str:
        return str(value.get("name") or value.get("email") or "")


class SecondContact(Contact):
    """A second person to ask."""

    name: values.Short | None = Opt("联系人", "contact name", openness="member", uniquip="Secondary Contact Name")
    phone: values.Phone | None = Opt(
        "联系电话", "contact telephone", openness="secret", uniquip="Secondary Contact Telephone"
    )
    email: values.Email | None = Opt("电子邮件", "contact e-mail", openness="member", uniquip="Secondary Contact Email")
    url: values.Url | None = Opt("联系网页", "contact web page", uniquip="Secondary Contact URL")


class Closure(Part):
    """A time at which a resource is not to be had; as text `2026-10-01T00:00:00Z/2026-10-08T00:00:00Z 年度检修`."""

    start: Annotated[values.Instant, F("开始", "start", search="date", example="2026-10-01T00:00:00+08:00")]
    end: Annotated[values.Instant, F("结束", "end", search="date", example="2026-10-08T00:00:00+08:00")]
    reason: values.Short | None = Opt("原因", "reason", example="年度检修")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end <= self.start:
            raise PydanticCustomError("order", "the end lies after the start")
        return self

    @classmethod
    def parse(cls, text: str) -> dict[str, Any]:
        interval, _, reason = plain(text).partition(" ")
        start, slash, end = interval.partition("/")
        if not slash:
            raise ValueError("interval")
        return {"start": start, "end": end} | ({"reason": reason.strip()} if reason.strip() else {})

    @classmethod
    def show(cls, value: Mapping[str, Any]) -> str:
        return f"{value['start']}/{value['end']} {value.get('reason', '')}".strip()
