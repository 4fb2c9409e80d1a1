"""Laboratories: key laboratories, platforms and test centres (CERIF OrgUnit)."""

from typing import Annotated, Literal

from pydantic import Field

from hub.kernel.language import Bilingual
from schemas.annotations import F
from schemas.checks import Email, Phone, Url
from schemas.common import OrganisationRef, Place
from schemas.kind import Identity, Kind, RecordModel, register

Level = Literal["national", "provincial", "municipal", "institutional"]


class Laboratory(RecordModel):
    """A laboratory that hosts instruments and people."""

    name_zh: Annotated[str | None, F("实验室名称", "Chinese name", search="title", cerif="Name", schema_org="name")] = (
        None
    )
    name_en: Annotated[
        str | None, F("实验室英文名称", "English name", search="title", cerif="Name", schema_org="name")
    ] = None
    laboratory_code: Annotated[
        str | None,
        F(
            "实验室编号",
            "laboratory code",
            search="keyword",
            cerif="Identifier",
            authority=("national", "provincial", "owner"),
        ),
    ] = None
    level: Annotated[
        Level | None, F("级别", "level", search="facet", authority=("national", "provincial", "owner"))
    ] = None
    organisation: Annotated[
        OrganisationRef | None,
        F("依托单位", "host organisation", refers="organisation", cerif="PartOf", schema_org="parentOrganization"),
    ] = None
    research_fields: Annotated[
        tuple[str, ...], Field(max_length=50), F("研究领域", "research fields", search="facet", schema_org="knowsAbout")
    ] = ()
    description: Annotated[str | None, F("简介", "description", search="text", schema_org="description")] = None
    established: Annotated[int | None, Field(ge=1800, le=2100), F("建立年份", "year established", search="number")] = (
        None
    )
    website: Annotated[Url | None, F("网址", "website", cerif="ElectronicAddress", schema_org="url")] = None
    place: Annotated[Place | None, F("地址", "place", search="geo", schema_org="address")] = None
    director: Annotated[str | None, F("负责人", "director", openness="member")] = None
    contact_email: Annotated[Email | None, F("电子邮件", "contact e-mail", openness="member", schema_org="email")] = (
        None
    )
    contact_phone: Annotated[
        Phone | None, F("联系电话", "contact phone", openness="secret", schema_org="telephone")
    ] = None


KIND = register(
    Kind(
        name="laboratory",
        label=Bilingual("实验室", "Laboratory"),
        model=Laboratory,
        identity=(
            Identity("code", ("laboratory_code",)),
            Identity("uscc+name", ("organisation.uscc", "name_zh")),
            Identity("ror+name", ("organisation.ror", "name_zh")),
        ),
        crosswalk={"cerif": "OrgUnit", "schema_org": "ResearchOrganization"},
    )
)
