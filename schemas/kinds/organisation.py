"""Organisations: universities, institutes, companies, funders (CERIF OrgUnit, ROR, GB 32100)."""

from typing import Annotated, Literal

from pydantic import Field

from hub.text.language import Bilingual
from schemas.annotations import F
from schemas.kind import Identity, Kind, RecordModel, register
from schemas.parts.common import Contact, Money, OrganisationRef, Place
from schemas.values import CreditCode, FoundingYear, RorId, Short, Url

OrganisationType = Literal[
    "university",
    "institute",
    "company",
    "hospital",
    "government",
    "funder",
    "nonprofit",
    "archive",
    "facility",
    "other",
]


class Organisation(RecordModel):
    """An organisation that owns, uses or funds research resources."""

    name_zh: Annotated[
        Short | None,
        F(
            "单位名称",
            "Chinese name",
            search="title",
            cerif="Name",
            schema_org="name",
            example="浙江大学",
            aliases=("机构名称", "企业名称", "中文名称", "中文名"),
        ),
    ] = None
    name_en: Annotated[
        Short | None,
        F(
            "单位英文名称",
            "English name",
            search="title",
            cerif="Name",
            schema_org="name",
            aliases=("英文名称", "英文名"),
        ),
    ] = None
    acronym: Annotated[
        Short | None, F("简称", "acronym", search="title", cerif="Acronym", schema_org="alternateName", example="浙大")
    ] = None
    other_names: Annotated[
        Annotated[tuple[Short, ...], Field(max_length=50)] | None,
        F("其他名称", "other names", search="title", cerif="Name", schema_org="alternateName", aliases=("曾用名",)),
    ] = None
    uscc: Annotated[
        CreditCode | None,
        F(
            "统一社会信用代码",
            "unified social credit code",
            search="keyword",
            cerif="Identifier",
            schema_org="taxID",
            example="12100000470095016Q",
            aliases=("信用代码", "社会信用代码"),
        ),
    ] = None
    ror: Annotated[
        RorId | None,
        F(
            "ROR 标识",
            "ROR id",
            search="keyword",
            cerif="RORID",
            schema_org="identifier",
            example="https://ror.org/00a2xv884",
            aliases=("ROR",),
        ),
    ] = None
    fundref_id: Annotated[
        Short | None, F("资助机构标识", "Crossref funder id", search="keyword", cerif="FundRefID", aliases=("FundRef",))
    ] = None
    isni: Annotated[Short | None, F("ISNI", "ISNI", search="keyword", cerif="ISNI")] = None
    type: Annotated[
        OrganisationType | None,
        F(
            "单位类型",
            "type",
            search="facet",
            cerif="Type",
            codes="organisation_type",
            aliases=("单位性质", "机构类型"),
        ),
    ] = None
    part_of: Annotated[
        OrganisationRef | None,
        F(
            "上级单位",
            "parent organisation",
            refers="organisation",
            cerif="PartOf.OrgUnit",
            schema_org="parentOrganization",
            aliases=("主管部门",),
        ),
    ] = None
    place: Annotated[Place | None, F("所在地", "place", search="geo", schema_org="location")] = None
    website: Annotated[
        Url | None, F("网址", "web site", cerif="ElectronicAddress", schema_org="url", aliases=("官网", "网站"))
    ] = None
    established: Annotated[
        FoundingYear | None,
        F("成立年份", "year of establishment", search="number", schema_org="foundingDate", aliases=("成立时间",)),
    ] = None
    registered_capital: Annotated[Money | None, F("注册资本", "registered capital", example="5000万元")] = None
    description: Annotated[
        str | None, F("简介", "description", search="text", schema_org="description", aliases=("单位简介",))
    ] = None
    contact: Annotated[Contact | None, F("联系方式", "contact", cerif="ElectronicAddress")] = None


KIND = register(
    Kind(
        name="organisation",
        rank=20,
        label=Bilingual("单位", "Organisation"),
        model=Organisation,
        identity=(Identity("uscc", ("uscc",)), Identity("ror", ("ror",))),
        crosswalk={"cerif": "OrgUnit", "schema_org": "Organization"},
    )
)
