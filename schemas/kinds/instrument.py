"""Instruments and facilities (PIDINST 1.0, OpenAIRE CRIS 1.2 Equipment, UNIQUIP, national instrument list)."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from hub.kernel.records import Authority
from hub.text.language import Bilingual
from schemas.annotations import Opt
from schemas.kind import Identity, Kind, RecordModel, Resemblance, register
from schemas.parts.common import Closure, Contact, LaboratoryRef, Money, OrganisationRef, Place, SecondContact
from schemas.parts.opening import OpeningHours
from schemas.parts.persistent import AlternateIdentifier, InstrumentType, RelatedIdentifier
from schemas.values import CategoryCode, Country, Hours, Pid, Short, TimeZone, Url, Year, not_before

DEFAULT_TIME_ZONE = "Asia/Shanghai"
"""Of opening hours where a record names none."""

OWNER_FIRST: tuple[Authority, ...] = ("owner", "national", "provincial", "harvested")

Category = Literal["01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13", "14", "15"]
Status = Literal["in_service", "maintenance", "idle", "out_of_service", "retired"]
Texts = Annotated[tuple[Short, ...], Field(max_length=200)]


def _category(value: Any, info: ValidationInfo) -> Any:
    """The class that the classification code lies in, where none is given; where one is, they must agree."""
    code = info.data.get("category_code")
    if value is not None and code and isinstance(value, str) and code[:2] != value:
        raise PydanticCustomError("category_differs", "differs from the classification code")
    return code[:2] if value is None and code else value


def _hosted(value: LaboratoryRef | None, info: ValidationInfo) -> LaboratoryRef | None:
    """A laboratory known by name alone belongs to the instrument's owner."""
    owner = info.data.get("owner")
    if value is None or value.code or value.host or owner is None:
        return value
    return value.model_copy(update={"host": owner})


def _split_commas(values: tuple[str, ...]) -> tuple[str, ...]:
    """UNIQUIP separates facility ids by commas."""
    return tuple(item for value in values for part in value.split(",") if (item := part.strip()))


class Instrument(RecordModel):
    """A research instrument or facility, and how it is shared."""

    name_zh: Short | None = Opt(
        "中文名",
        "Chinese name",
        search="title",
        nrii="中文名",
        pidinst="name",
        cerif="Name",
        schema_org="name",
        example="场发射透射电子显微镜",
        aliases=("仪器名称", "设备名称", "仪器设备名称", "中文名称"),
    )
    name_en: Short | None = Opt(
        "英文名",
        "English name",
        search="title",
        nrii="英文名",
        uniquip="Name",
        pidinst="name",
        cerif="Name",
        schema_org="name",
        example="Field emission transmission electron microscope",
        aliases=("英文名称",),
    )
    owner: OrganisationRef | None = Opt(
        "所在单位",
        "owner",
        refers="organisation",
        nrii="所在单位",
        pidinst="owners.owner",
        cerif="Owner.OrgUnit",
        schema_org="owns",
        aliases=("所属单位", "单位"),
    )
    inventory_number: Short | None = Opt(
        "单位内编号",
        "inventory number",
        search="keyword",
        nrii="单位内编号",
        uniquip="ID",
        pidinst="alternateIdentifiers.alternateIdentifier[InventoryNumber]",
        cerif="Identifier",
        example="20180321",
        aliases=("资产编号", "institutionID"),
        hint=("所在单位给仪器的资产编号，在单位内唯一", "the owner's asset number, unique within the owner"),
    )
    national_number: Short | None = Opt(
        "仪器编号",
        "national number",
        search="keyword",
        nrii="仪器编号",
        pidinst="alternateIdentifiers.alternateIdentifier[Other]",
        authority=("national", "provincial", "owner", "harvested"),
    )
    pid: Pid | None = Opt(
        "持久标识",
        "persistent identifier",
        search="keyword",
        pidinst="identifier",
        cerif="Identifier",
        schema_org="identifier",
        example="10.5442/ni000001",
        aliases=("DOI", "PID"),
    )
    pid_type: Literal["DOI", "Handle"] | None = Opt(
        "持久标识类型", "type of the persistent identifier", pidinst="identifier.identifierType", codes="pid_type"
    )
    serial_number: Short | None = Opt(
        "出厂编号",
        "serial number",
        search="keyword",
        pidinst="alternateIdentifiers.alternateIdentifier[SerialNumber]",
        schema_org="serialNumber",
    )
    alternate_identifiers: Annotated[tuple[AlternateIdentifier, ...], Field(max_length=50)] | None = Opt(
        "其他标识", "alternate identifiers", pidinst="alternateIdentifiers", cerif="Identifier"
    )
    related_identifiers: Annotated[tuple[RelatedIdentifier, ...], Field(max_length=200)] | None = Opt(
        "相关标识", "related identifiers", pidinst="relatedIdentifiers"
    )
    category_code: CategoryCode | None = Opt(
        "分类编码",
        "classification code",
        search="keyword",
        nrii="分类编码",
        example="010101",
        codes="category",
        aliases=("仪器分类编码",),
    )
    category: Annotated[Category | None, Field(validate_default=True), BeforeValidator(_category)] = Opt(
        "仪器大类", "category", search="facet", codes="category", example="01", aliases=("仪器类别", "类别")
    )
    instrument_types: Annotated[tuple[InstrumentType, ...], Field(max_length=50)] | None = Opt(
        "仪器类型", "instrument types", search="facet", pidinst="instrumentTypes"
    )
    resource_type: Literal["equipment", "facility"] | None = Opt(
        "资源类型", "resource type", search="facet", uniquip="Type", codes="resource_type"
    )
    description: str | None = Opt(
        "简介",
        "description",
        search="text",
        uniquip="Description",
        pidinst="description",
        cerif="Description",
        schema_org="description",
        aliases=("仪器简介",),
    )
    model: Short | None = Opt(
        "型号规格",
        "model",
        search="text",
        nrii="型号规格",
        pidinst="model.modelName",
        schema_org="model",
        example="JEM-2100F",
        aliases=("规格型号", "型号"),
    )
    model_identifier: Short | None = Opt(
        "型号标识", "model identifier", search="keyword", pidinst="model.modelIdentifier", aliases=("modelID",)
    )
    manufacturer: OrganisationRef | None = Opt(
        "生产厂商",
        "manufacturer",
        refers="organisation",
        nrii="生产厂商",
        pidinst="manufacturers.manufacturer",
        schema_org="manufacturer",
        aliases=("厂商", "制造商", "生产厂家"),
    )
    other_manufacturers: Annotated[tuple[OrganisationRef, ...], Field(max_length=20)] | None = Opt(
        "其他厂商", "other manufacturers", refers="organisation", pidinst="manufacturers.manufacturer"
    )
    co_owners: Annotated[tuple[OrganisationRef, ...], Field(max_length=20)] | None = Opt(
        "共有单位", "co-owners", refers="organisation", pidinst="owners.owner"
    )
    country_of_origin: Country | None = Opt(
        "产地国别",
        "country of origin",
        search="facet",
        nrii="产地国别",
        codes="country",
        schema_org="countryOfOrigin",
        example="JP",
        aliases=("产地",),
    )
    specifications: str | None = Opt(
        "主要技术指标",
        "technical specifications",
        search="text",
        nrii="主要技术指标",
        example="点分辨率 0.19 nm，加速电压 200 kV",
        aliases=("技术指标",),
    )
    research_fields: Texts | None = Opt(
        "测试和研究领域",
        "research fields",
        search="facet",
        nrii="测试和研究领域",
        example="材料科学；生命科学",
        aliases=("研究领域", "学科领域", "infraportalDiscipline"),
    )
    techniques: Texts | None = Opt("技术方法", "techniques", search="facet", uniquip="Technique")
    measured_variables: Texts | None = Opt(
        "测量参数",
        "measured variables",
        search="text",
        pidinst="measuredVariables.measuredVariable",
        schema_org="variableMeasured",
        aliases=("measuredVariables",),
    )
    applications: str | None = Opt("主要用途", "main uses", search="text", nrii="主要用途")
    accessories: str | None = Opt(
        "附件及功能", "accessories and functions", search="text", nrii="附件及功能", aliases=("主要附件",)
    )
    certifications: Texts | None = Opt(
        "认证情况", "certifications", search="facet", nrii="认证情况", example="CMA；CNAS"
    )
    original_value: Money | None = Opt(
        "原值",
        "original value",
        nrii="原值",
        example="4860000 CNY",
        aliases=("仪器原值", "购置金额"),
        hint=(
            "金额，可带币种和“万”，如 486万元；不写币种即人民币",
            "an amount, with its currency where it is not CNY",
        ),
    )
    commissioned: date | None = Opt(
        "启用日期",
        "date commissioned",
        search="date",
        sortable=True,
        nrii="启用日期",
        pidinst="dates.date[Commissioned]",
        example="2018-03-21",
        aliases=("commissionedDate",),
    )
    decommissioned: Annotated[date | None, AfterValidator(not_before("commissioned"))] = Opt(
        "停用日期",
        "date decommissioned",
        search="date",
        pidinst="dates.date[DeCommissioned]",
        aliases=("decommissionedDate",),
    )
    laboratory: Annotated[LaboratoryRef | None, AfterValidator(_hosted)] = Opt(
        "实验室",
        "laboratory",
        refers="laboratory",
        nrii="实验室",
        aliases=("所在实验室",),
        hint=(
            "实验室名称；不写依托单位即为仪器所在单位的实验室",
            "the laboratory's name; its host is the owner unless given",
        ),
    )
    department: Short | None = Opt(
        "院系部门",
        "department",
        search="facet",
        uniquip="Department",
        aliases=("院系", "部门", "managingDepartment"),
    )
    related_facility_ids: Annotated[Texts | None, AfterValidator(lambda ids: ids and _split_commas(ids))] = Opt(
        "所属设施编号", "related facility ids", search="keyword", uniquip="Related Facility ID"
    )
    place: Place | None = Opt("安放地点", "place", search="geo", schema_org="location")
    contact: Contact | None = Opt("联系方式", "contact")
    second_contact: SecondContact | None = Opt("第二联系方式", "second contact")
    shared: bool | None = Opt(
        "是否共享",
        "shared",
        search="facet",
        nrii="是否共享",
        authority=OWNER_FIRST,
        example="是",
        aliases=("开放共享",),
    )
    status: Status | None = Opt(
        "状态",
        "status",
        search="facet",
        nrii="状态",
        authority=OWNER_FIRST,
        codes="instrument_status",
        example="在用",
        aliases=("仪器状态",),
    )
    opening_text: str | None = Opt(
        "开放机时安排", "opening arrangements", search="text", nrii="开放机时安排", authority=OWNER_FIRST
    )
    opening_hours: Annotated[tuple[OpeningHours, ...], Field(max_length=60)] | None = Opt(
        "开放时间",
        "opening hours",
        authority=OWNER_FIRST,
        schema_org="openingHoursSpecification",
        example="MO-FR 08:30-17:30; SA 09:00-12:00",
        hint=(
            "如 MO-FR 08:30-17:30; SA 09:00-12:00，也可写 周一至周五 08:30-17:30",
            "such as MO-FR 08:30-17:30; SA 09:00-12:00",
        ),
    )
    closures: Annotated[tuple[Closure, ...], Field(max_length=200)] | None = Opt(
        "停机时段",
        "closures",
        authority=OWNER_FIRST,
        example="2026-10-01T00:00:00+08:00/2026-10-08T00:00:00+08:00 年度检修",
    )
    time_zone: TimeZone | None = Opt(
        "时区",
        "time zone",
        authority=OWNER_FIRST,
        example=DEFAULT_TIME_ZONE,
        hint=("IANA 时区名；不填即 Asia/Shanghai", "an IANA time zone; Asia/Shanghai where none is given"),
    )
    slot_minutes: Annotated[int | None, Field(ge=5, le=1_440)] = Opt(
        "预约时段（分钟）", "slot length in minutes", authority=OWNER_FIRST, example="60"
    )
    booking_confirmation: Literal["automatic", "owner"] | None = Opt(
        "预约确认方式", "booking confirmation", authority=OWNER_FIRST, codes="booking_confirmation"
    )
    min_notice_hours: Annotated[int | None, Field(ge=0, le=8_760)] = Opt(
        "最少提前（小时）", "minimum notice in hours", authority=OWNER_FIRST, example="24"
    )
    max_advance_days: Annotated[int | None, Field(ge=1, le=730)] = Opt(
        "最多提前（天）", "latest advance in days", authority=OWNER_FIRST, example="90"
    )
    hourly_rate: Money | None = Opt("机时单价（每小时）", "price an hour", authority=OWNER_FIRST, example="300 CNY")
    charges: str | None = Opt(
        "收费标准", "charges", search="text", nrii="收费标准", authority=OWNER_FIRST, example="300 元/小时"
    )
    service_level: Short | None = Opt("服务级别", "service level", search="facet", uniquip="Service Level")
    landing_page: Url | None = Opt(
        "网页", "web page", uniquip="Web Address", pidinst="landingPage", schema_org="url", aliases=("服务网址",)
    )
    photo: Url | None = Opt("照片", "photograph", uniquip="Photo", schema_org="image", aliases=("图片",))
    statistics_year: Year | None = Opt(
        "统计年份", "year of the figures", search="number", nrii="统计年份", example="2025", aliases=("年份",)
    )
    external_hours: Hours | None = Opt(
        "年对外服务机时",
        "hours of external service in the year",
        search="number",
        sortable=True,
        nrii="年对外服务机时",
        example="620",
        aliases=("对外服务机时",),
    )
    external_income: Money | None = Opt(
        "年对外服务收入",
        "income of external service in the year",
        nrii="年对外服务收入",
        example="180000 CNY",
        aliases=("对外服务收入",),
    )
    notable_users: str | None = Opt("知名用户", "notable users", search="text", nrii="知名用户")
    achievements: str | None = Opt("应用成果", "achievements", search="text", nrii="应用成果", aliases=("服务成果",))


KIND = register(
    Kind(
        name="instrument",
        rank=10,
        label=Bilingual("仪器设备", "Instrument"),
        model=Instrument,
        identity=(
            Identity("inventory", ("owner.uscc", "inventory_number")),
            Identity("inventory-ror", ("owner.ror", "inventory_number")),
            Identity("pid", ("pid",)),
            Identity("national", ("national_number",)),
        ),
        bookable=True,
        owner="owner",
        alike=(
            Resemblance("serial", ("serial_number", "model", "manufacturer.name_zh")),
            Resemblance("serial", ("serial_number", "model", "manufacturer.name_en")),
        ),
        crosswalk={"pidinst": "instrument", "cerif": "Equipment", "uniquip": "equipment", "schema_org": "Product"},
    )
)
