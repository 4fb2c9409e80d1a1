"""Instruments: PIDINST 1.0, CERIF Equipment, UNIQUIP and the national instrument list (国家网络管理平台)."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from hub.kernel.language import Bilingual
from schemas.annotations import F
from schemas.checks import CountryCode, Email, Phone, TimeZone, Url
from schemas.common import Identifier, LaboratoryRef, Money, OpeningHours, OrganisationRef, Place, RelatedIdentifier
from schemas.kind import Identity, Kind, RecordModel, register

Condition = Literal["in-service", "under-repair", "idle", "retired"]
Confirmation = Literal["automatic", "owner"]
Names = Annotated[tuple[str, ...], Field(max_length=100)]


class Instrument(RecordModel):
    """A large scientific instrument that its owner registers and companies may book."""

    instrument_number: Annotated[
        str | None,
        F(
            "仪器编号",
            "national instrument number",
            search="keyword",
            nrii="仪器编号",
            authority=("national", "provincial", "owner"),
        ),
    ] = None
    inventory_number: Annotated[
        str | None,
        F(
            "单位内编号",
            "inventory number",
            search="keyword",
            nrii="单位内编号",
            pidinst="alternateIdentifiers/alternateIdentifier[SerialNumber]",
            cerif="Identifier",
            uniquip="ID",
            example="2019-0042",
        ),
    ] = None
    pid: Annotated[
        str | None,
        F(
            "持久标识",
            "persistent identifier",
            search="keyword",
            pidinst="identifier",
            schema_org="identifier",
            example="21.T11998/0000-001A-3905-F",
        ),
    ] = None
    pid_scheme: Annotated[
        Literal["DOI", "Handle", "URN", "URL", "ARK"] | None,
        F("持久标识类型", "identifier type", pidinst="identifier@identifierType"),
    ] = None
    identifiers: Annotated[
        tuple[Identifier, ...],
        Field(max_length=50),
        F("其他标识", "alternate identifiers", pidinst="alternateIdentifiers/alternateIdentifier"),
    ] = ()
    name_zh: Annotated[
        str | None,
        F(
            "中文名",
            "Chinese name",
            search="title",
            nrii="中文名",
            pidinst="name",
            cerif="Name",
            schema_org="name",
            aliases=("仪器名称",),
        ),
    ] = None
    name_en: Annotated[
        str | None,
        F(
            "英文名",
            "English name",
            search="title",
            nrii="英文名",
            pidinst="name",
            cerif="Name",
            uniquip="Name",
            schema_org="name",
        ),
    ] = None
    category: Annotated[
        str | None,
        F(
            "分类编码",
            "category code",
            search="facet",
            nrii="分类编码",
            pidinst="instrumentTypes/instrumentType/instrumentTypeIdentifier",
        ),
    ] = None
    instrument_types: Annotated[
        Names,
        F(
            "仪器类型",
            "instrument types",
            search="facet",
            pidinst="instrumentTypes/instrumentType/instrumentTypeName",
            cerif="Type",
            uniquip="Type",
        ),
    ] = ()
    model: Annotated[
        str | None,
        F(
            "型号规格",
            "model",
            search="title",
            nrii="型号规格",
            pidinst="models/model/modelName",
            schema_org="model",
            example="Orbitrap Exploris 480",
        ),
    ] = None
    manufacturer: Annotated[
        str | None,
        F(
            "生产厂商",
            "manufacturer",
            search="facet",
            nrii="生产厂商",
            pidinst="manufacturers/manufacturer/manufacturerName",
            schema_org="manufacturer",
        ),
    ] = None
    origin: Annotated[
        CountryCode | None,
        F("产地国别", "country of origin", search="facet", nrii="产地国别", schema_org="countryOfOrigin", example="DE"),
    ] = None
    indicators: Annotated[
        str | None, F("主要技术指标", "main technical indicators", search="text", nrii="主要技术指标")
    ] = None
    measured_variables: Annotated[
        Names, F("测量变量", "measured variables", search="text", pidinst="measuredVariables/measuredVariable")
    ] = ()
    research_fields: Annotated[
        Names,
        F(
            "测试和研究领域",
            "fields of testing and research",
            search="facet",
            nrii="测试和研究领域",
            uniquip="Technique",
        ),
    ] = ()
    purpose: Annotated[
        str | None, F("主要用途", "main purpose", search="text", nrii="主要用途", cerif="Description")
    ] = None
    description: Annotated[
        str | None,
        F(
            "说明",
            "description",
            search="text",
            pidinst="description",
            cerif="Description",
            uniquip="Description",
            schema_org="description",
        ),
    ] = None
    accessories: Annotated[
        str | None, F("附件及功能", "accessories and functions", search="text", nrii="附件及功能")
    ] = None
    certification: Annotated[str | None, F("认证情况", "certification", search="text", nrii="认证情况")] = None
    original_value: Annotated[
        Money | None, F("原值", "original value", nrii="原值", authority=("national", "owner", "provincial"))
    ] = None
    commissioned: Annotated[
        date | None,
        F(
            "启用日期",
            "date put into service",
            search="date",
            sortable=True,
            nrii="启用日期",
            pidinst="dates/date[Commissioned]",
            example="2019-05-01",
        ),
    ] = None
    decommissioned: Annotated[
        date | None, F("停用日期", "date taken out of service", search="date", pidinst="dates/date[DeCommissioned]")
    ] = None
    owner: Annotated[
        OrganisationRef | None,
        F(
            "所在单位",
            "owner",
            refers="organisation",
            nrii="所在单位",
            pidinst="owners/owner",
            cerif="Owner/OrgUnit",
            uniquip="Organisation",
            schema_org="owner",
            aliases=("所属单位", "owner"),
        ),
    ] = None
    laboratory: Annotated[
        LaboratoryRef | None, F("实验室", "laboratory", refers="laboratory", nrii="实验室", uniquip="Department")
    ] = None
    place: Annotated[Place | None, F("安放地点", "place", search="geo", schema_org="location")] = None
    landing_page: Annotated[
        Url | None, F("网页", "landing page", pidinst="landingPage", uniquip="Web Address", schema_org="url")
    ] = None
    related: Annotated[
        tuple[RelatedIdentifier, ...],
        Field(max_length=200),
        F("相关标识", "related identifiers", pidinst="relatedIdentifiers/relatedIdentifier", cerif="GeneratedBy"),
    ] = ()
    contact: Annotated[str | None, F("联系人", "contact", openness="member", nrii="联系人", uniquip="Contact Name")] = (
        None
    )
    contact_phone: Annotated[
        Phone | None, F("联系电话", "contact phone", openness="secret", nrii="联系电话", uniquip="Contact Telephone")
    ] = None
    contact_email: Annotated[
        Email | None,
        F(
            "电子邮件",
            "contact e-mail",
            openness="member",
            nrii="电子邮件",
            uniquip="Contact Email",
            pidinst="owners/owner/ownerContact",
        ),
    ] = None
    shared: Annotated[bool | None, F("是否共享", "open to others", search="facet", nrii="是否共享")] = None
    status: Annotated[Condition | None, F("状态", "condition", search="facet", nrii="状态")] = None
    opening_text: Annotated[
        str | None, F("开放机时安排", "opening arrangements", search="text", nrii="开放机时安排")
    ] = None
    opening_hours: Annotated[
        tuple[OpeningHours, ...],
        Field(max_length=50),
        F(
            "开放时段",
            "opening hours",
            schema_org="hoursAvailable",
            example="MO-FR 08:30-17:30; SA 09:00-12:00",
            hint=("如 MO-FR 08:30-17:30; SA 09:00-12:00", "such as MO-FR 08:30-17:30; SA 09:00-12:00"),
        ),
    ] = ()
    time_zone: Annotated[TimeZone | None, F("时区", "time zone", example="Asia/Shanghai")] = None
    slot_minutes: Annotated[
        int | None, Field(ge=5, le=1440), F("预约时段（分钟）", "slot length in minutes", example="60")
    ] = None
    min_notice_hours: Annotated[
        int | None, Field(ge=0, le=8760), F("最少提前（小时）", "minimum notice in hours", example="12")
    ] = None
    booking_confirmation: Annotated[Confirmation | None, F("预约确认方式", "booking confirmation")] = None
    charges: Annotated[str | None, F("收费标准", "charges", search="text", nrii="收费标准")] = None
    statistics_year: Annotated[
        int | None, Field(ge=1949, le=2100), F("统计年份", "year of statistics", nrii="统计年份")
    ] = None
    external_hours: Annotated[
        float | None,
        Field(ge=0, le=8784),
        F("年对外服务机时", "external service hours a year", search="number", sortable=True, nrii="年对外服务机时"),
    ] = None
    external_income: Annotated[
        Money | None, F("年对外服务收入", "external service income a year", openness="agency", nrii="年对外服务收入")
    ] = None
    notable_users: Annotated[str | None, F("知名用户", "notable users", search="text", nrii="知名用户")] = None
    achievements: Annotated[str | None, F("应用成果", "achievements", search="text", nrii="应用成果")] = None


KIND = register(
    Kind(
        name="instrument",
        label=Bilingual("仪器", "Instrument"),
        model=Instrument,
        identity=(
            Identity("uscc+inventory", ("owner.uscc", "inventory_number")),
            Identity("ror+inventory", ("owner.ror", "inventory_number")),
            Identity("name+inventory", ("owner.name_zh", "inventory_number")),
            Identity("pid", ("pid",)),
            Identity("national", ("instrument_number",)),
        ),
        bookable=True,
        crosswalk={"pidinst": "instrument", "cerif": "Equipment", "schema_org": "IndividualProduct"},
    )
)
