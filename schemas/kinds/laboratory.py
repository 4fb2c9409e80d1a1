"""Laboratories and research platforms (in CERIF an OrgUnit that is part of its host)."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from hub.text.language import Bilingual
from schemas.annotations import Opt
from schemas.kind import Identity, Kind, RecordModel, register
from schemas.parts.common import Contact, OrganisationRef, PersonRef, Place
from schemas.values import Discipline, Short, Url

LaboratoryLevel = Literal["national", "ministerial", "provincial", "municipal", "institutional"]
LaboratoryStatus = Literal["operating", "under_construction", "closed"]


class Laboratory(RecordModel):
    """A laboratory that holds instruments and belongs to a host organisation."""

    name_zh: Short | None = Opt(
        "实验室名称",
        "Chinese name",
        search="title",
        cerif="Name",
        schema_org="name",
        example="硅及先进半导体材料全国重点实验室",
        aliases=("中文名称", "中文名", "平台名称"),
    )
    name_en: Short | None = Opt(
        "实验室英文名称",
        "English name",
        search="title",
        cerif="Name",
        schema_org="name",
        aliases=("英文名称", "英文名"),
    )
    acronym: Short | None = Opt("简称", "acronym", search="title", cerif="Acronym")
    code: Short | None = Opt(
        "实验室编号",
        "laboratory code",
        search="keyword",
        cerif="Identifier",
        hint=("国家或省给实验室的编号", "the national or provincial code of the laboratory"),
        aliases=("实验室代码", "平台编号"),
    )
    level: LaboratoryLevel | None = Opt(
        "级别", "level", search="facet", codes="laboratory_level", aliases=("实验室级别", "平台级别")
    )
    host: OrganisationRef | None = Opt(
        "依托单位",
        "host organisation",
        refers="organisation",
        cerif="PartOf.OrgUnit",
        schema_org="parentOrganization",
        aliases=("所在单位", "建设单位"),
    )
    partners: Annotated[tuple[OrganisationRef, ...], Field(max_length=100)] | None = Opt(
        "共建单位", "partner organisations", refers="organisation"
    )
    director: PersonRef | None = Opt("主任", "director", refers="expert", aliases=("实验室主任", "负责人"))
    members: Annotated[tuple[PersonRef, ...], Field(max_length=500)] | None = Opt("成员", "members", refers="expert")
    staff: Annotated[int | None, Field(ge=0, le=100_000)] = Opt(
        "固定人员数", "number of staff", search="number", aliases=("人员数",)
    )
    disciplines: Annotated[tuple[Discipline, ...], Field(max_length=50)] | None = Opt(
        "学科代码",
        "disciplines",
        search="facet",
        codes="nsfc_discipline",
        example="E0201",
        hint=("国家自然科学基金学科代码，如 E0201", "discipline codes of the NSFC such as E0201"),
        aliases=("学科",),
    )
    research_fields: Annotated[tuple[Short, ...], Field(max_length=200)] | None = Opt(
        "研究方向", "research fields", search="facet", cerif="Keyword", aliases=("研究领域",)
    )
    description: str | None = Opt(
        "简介", "description", search="text", schema_org="description", aliases=("实验室简介",)
    )
    established: date | None = Opt(
        "成立日期", "date established", search="date", schema_org="foundingDate", aliases=("批准日期", "成立时间")
    )
    status: LaboratoryStatus | None = Opt(
        "状态", "status", search="facet", codes="laboratory_status", aliases=("运行状态",)
    )
    open_to_public: bool | None = Opt(
        "是否对外开放", "open to others", search="facet", aliases=("对外开放", "是否开放")
    )
    place: Place | None = Opt("地点", "place", search="geo", schema_org="location")
    website: Url | None = Opt("网址", "web site", cerif="ElectronicAddress", schema_org="url", aliases=("网站",))
    contact: Contact | None = Opt("联系方式", "contact", cerif="ElectronicAddress")


KIND = register(
    Kind(
        name="laboratory",
        rank=30,
        label=Bilingual("实验室", "Laboratory"),
        model=Laboratory,
        identity=(
            Identity("code", ("code",)),
            Identity("host", ("host.uscc", "name_zh")),
            Identity("host-ror", ("host.ror", "name_zh")),
            Identity("host", ("host.uscc", "name_en")),
            Identity("host-ror", ("host.ror", "name_en")),
        ),
        owner="host",
        crosswalk={"cerif": "OrgUnit", "schema_org": "ResearchOrganization"},
    )
)
