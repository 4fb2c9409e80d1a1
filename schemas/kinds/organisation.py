"""Organisations: universities, institutes, companies, funders (CERIF OrgUnit, ROR, GB 32100)."""

from typing import Annotated, Literal

from pydantic import Field

from hub.text.language import Bilingual
from schemas.annotations import Opt
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

    name_zh: Short | None = Opt(
        "单位名称",
        "Chinese name",
        search="title",
        cerif="Name",
        schema_org="name",
        example="浙江大学",
        aliases=("机构名称", "企业名称", "中文名称", "中文名"),
    )
    name_en: Short | None = Opt(
        "单位英文名称",
        "English name",
        search="title",
        cerif="Name",
        schema_org="name",
        aliases=("英文名称", "英文名"),
    )
    acronym: Short | None = Opt(
        "简称", "acronym", search="title", cerif="Acronym", schema_org="alternateName", example="浙大"
    )
    other_names: Annotated[tuple[Short, ...], Field(max_length=50)] | None = Opt(
        "其他名称", "other names", search="title", cerif="Name", schema_org="alternateName", aliases=("曾用名",)
    )
    uscc: CreditCode | None = Opt(
        "统一社会信用代码",
        "unified social credit code",
        search="keyword",
        cerif="Identifier",
        schema_org="taxID",
        example="12100000470095016Q",
        aliases=("信用代码", "社会信用代码"),
    )
    ror: RorId | None = Opt(
        "ROR 标识",
        "ROR id",
        search="keyword",
        cerif="RORID",
        schema_org="identifier",
        example="https://ror.org/00a2xv884",
        aliases=("ROR",),
    )
    fundref_id: Short | None = Opt(
        "资助机构标识", "Crossref funder id", search="keyword", cerif="FundRefID", aliases=("FundRef",)
    )
    isni: Short | None = Opt("ISNI", "ISNI", search="keyword", cerif="ISNI")
    type: OrganisationType | None = Opt(
        "单位类型",
        "type",
        search="facet",
        cerif="Type",
        codes="organisation_type",
        aliases=("单位性质", "机构类型"),
    )
    part_of: OrganisationRef | None = Opt(
        "上级单位",
        "parent organisation",
        refers="organisation",
        cerif="PartOf.OrgUnit",
        schema_org="parentOrganization",
        aliases=("主管部门",),
    )
    place: Place | None = Opt("所在地", "place", search="geo", schema_org="location")
    website: Url | None = Opt("网址", "web site", cerif="ElectronicAddress", schema_org="url", aliases=("官网", "网站"))
    established: FoundingYear | None = Opt(
        "成立年份", "year of establishment", search="number", schema_org="foundingDate", aliases=("成立时间",)
    )
    registered_capital: Money | None = Opt("注册资本", "registered capital", example="5000万元")
    description: str | None = Opt("简介", "description", search="text", schema_org="description", aliases=("单位简介",))
    contact: Contact | None = Opt("联系方式", "contact", cerif="ElectronicAddress")


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
