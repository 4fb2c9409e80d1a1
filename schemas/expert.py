"""Experts (CERIF Person; the national R&D programme's expert library)."""

from typing import Annotated

from pydantic import Field

from hub.kernel.language import Bilingual
from schemas.annotations import F
from schemas.checks import Email, Orcid, Phone, Url
from schemas.common import OrganisationRef
from schemas.kind import Identity, Kind, RecordModel, register


class Expert(RecordModel):
    """A person whom authorities and companies may call on; only what the person publishes is public."""

    name_zh: Annotated[str | None, F("姓名", "Chinese name", search="title", cerif="PersonName", schema_org="name")] = (
        None
    )
    name_en: Annotated[
        str | None, F("英文姓名", "English name", search="title", cerif="PersonName", schema_org="name")
    ] = None
    orcid: Annotated[
        Orcid | None, F("ORCID", "ORCID", search="keyword", cerif="ORCID", example="0000-0002-1825-0097")
    ] = None
    expert_number: Annotated[
        str | None, F("专家编号", "expert number", search="keyword", openness="agency", cerif="Identifier")
    ] = None
    organisation: Annotated[
        OrganisationRef | None,
        F("工作单位", "affiliation", refers="organisation", cerif="Affiliation", schema_org="affiliation"),
    ] = None
    title: Annotated[str | None, F("职称", "title", search="facet", schema_org="jobTitle")] = None
    research_fields: Annotated[
        tuple[str, ...],
        Field(max_length=50),
        F("研究领域", "research fields", search="facet", cerif="Keyword", schema_org="knowsAbout"),
    ] = ()
    disciplines: Annotated[tuple[str, ...], Field(max_length=30), F("学科", "disciplines", search="facet")] = ()
    biography: Annotated[str | None, F("简介", "biography", search="text", schema_org="description")] = None
    website: Annotated[Url | None, F("主页", "website", schema_org="url")] = None
    email: Annotated[
        Email | None, F("电子邮件", "e-mail", openness="member", cerif="ElectronicAddress", schema_org="email")
    ] = None
    phone: Annotated[Phone | None, F("联系电话", "phone", openness="secret", schema_org="telephone")] = None
    id_number: Annotated[str | None, Field(max_length=40), F("证件号码", "ID number", openness="secret")] = None


KIND = register(
    Kind(
        name="expert",
        label=Bilingual("专家", "Expert"),
        model=Expert,
        identity=(Identity("orcid", ("orcid",)), Identity("national", ("expert_number",))),
        crosswalk={"cerif": "Person", "schema_org": "Person"},
    )
)
