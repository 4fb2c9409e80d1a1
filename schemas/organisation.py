"""Organisations: universities, institutes, companies (CERIF OrgUnit, ROR)."""

from typing import Annotated, Literal

from pydantic import Field

from hub.kernel.language import Bilingual
from schemas.annotations import F
from schemas.checks import CreditCode, RorId, Url
from schemas.common import Identifier, OrganisationRef, Place
from schemas.kind import Identity, Kind, RecordModel, register

OrganisationType = Literal[
    "education",
    "research",
    "company",
    "healthcare",
    "government",
    "facility",
    "nonprofit",
    "archive",
    "funder",
    "other",
]


class Organisation(RecordModel):
    """An organisation that owns, uses or funds research resources."""

    name_zh: Annotated[str | None, F("单位名称", "Chinese name", search="title", cerif="Name", schema_org="name")] = (
        None
    )
    name_en: Annotated[
        str | None, F("单位英文名称", "English name", search="title", cerif="Name", schema_org="name")
    ] = None
    other_names: Annotated[
        tuple[str, ...], Field(max_length=100), F("其他名称", "other names", search="text", schema_org="alternateName")
    ] = ()
    acronym: Annotated[str | None, F("简称", "acronym", search="text", cerif="Acronym", example="ZJU")] = None
    uscc: Annotated[
        CreditCode | None,
        F(
            "统一社会信用代码",
            "unified social credit code",
            search="keyword",
            schema_org="taxID",
            authority=("national", "provincial"),
        ),
    ] = None
    ror: Annotated[
        RorId | None, F("ROR 标识", "ROR id", search="keyword", cerif="RORID", example="https://ror.org/00a2xv884")
    ] = None
    identifiers: Annotated[
        tuple[Identifier, ...], Field(max_length=50), F("其他标识", "other identifiers", cerif="Identifier")
    ] = ()
    types: Annotated[
        tuple[OrganisationType, ...],
        Field(max_length=10),
        F("单位类型", "organisation type", search="facet", cerif="Type"),
    ] = ()
    established: Annotated[
        int | None,
        Field(ge=500, le=2100),
        F("成立年份", "year established", search="number", schema_org="foundingDate"),
    ] = None
    website: Annotated[Url | None, F("网址", "website", cerif="ElectronicAddress", schema_org="url")] = None
    place: Annotated[Place | None, F("所在地", "place", search="geo", schema_org="address")] = None
    part_of: Annotated[OrganisationRef | None, F("上级单位", "part of", refers="organisation", cerif="PartOf")] = None
    description: Annotated[str | None, F("简介", "description", search="text", schema_org="description")] = None


KIND = register(
    Kind(
        name="organisation",
        label=Bilingual("单位", "Organisation"),
        model=Organisation,
        identity=(Identity("uscc", ("uscc",)), Identity("ror", ("ror",))),
        crosswalk={"cerif": "OrgUnit", "schema_org": "Organization"},
    )
)
