"""Research projects (CERIF Project; the national R&D programme's project library)."""

from typing import Annotated, Literal

from pydantic import Field

from hub.kernel.language import Bilingual
from schemas.annotations import F
from schemas.checks import Url
from schemas.common import Money, OrganisationRef, Period, PersonRef
from schemas.kind import Identity, Kind, RecordModel, register

ProjectStatus = Literal["planned", "running", "completed", "terminated"]
OFFICIAL = ("national", "provincial", "harvested", "owner")


class Project(RecordModel):
    """A funded research project."""

    name_zh: Annotated[str | None, F("项目名称", "Chinese title", search="title", cerif="Title", schema_org="name")] = (
        None
    )
    name_en: Annotated[
        str | None, F("项目英文名称", "English title", search="title", cerif="Title", schema_org="name")
    ] = None
    project_number: Annotated[
        str | None,
        F(
            "项目编号",
            "project number",
            search="keyword",
            cerif="Identifier",
            schema_org="identifier",
            example="2023YFF0713400",
        ),
    ] = None
    acronym: Annotated[str | None, F("项目简称", "acronym", search="text", cerif="Acronym")] = None
    programme: Annotated[
        str | None,
        F("计划（专项）名称", "programme", search="facet", cerif="Funded/As/Funding/Name", authority=OFFICIAL),
    ] = None
    funder: Annotated[
        OrganisationRef | None,
        F("资助单位", "funder", refers="organisation", cerif="Funded/By", schema_org="funder", authority=OFFICIAL),
    ] = None
    host: Annotated[
        OrganisationRef | None,
        F("承担单位", "host organisation", refers="organisation", cerif="Consortium/Coordinator"),
    ] = None
    participants: Annotated[
        tuple[OrganisationRef, ...],
        Field(max_length=200),
        F("参与单位", "participating organisations", refers="organisation", cerif="Consortium/Partner"),
    ] = ()
    people: Annotated[
        tuple[PersonRef, ...],
        Field(max_length=500),
        F("项目成员", "people", refers="expert", cerif="Team", schema_org="member"),
    ] = ()
    status: Annotated[ProjectStatus | None, F("项目状态", "status", search="facet", cerif="Status")] = None
    period: Annotated[Period | None, F("执行期", "period", cerif="StartDate")] = None
    funding: Annotated[Money | None, F("资助经费", "funding", cerif="Funded/As/Funding/Amount", authority=OFFICIAL)] = (
        None
    )
    disciplines: Annotated[
        tuple[str, ...], Field(max_length=30), F("学科", "disciplines", search="facet", cerif="Subject")
    ] = ()
    keywords: Annotated[
        tuple[str, ...],
        Field(max_length=50),
        F("关键词", "keywords", search="text", cerif="Keyword", schema_org="keywords"),
    ] = ()
    abstract: Annotated[
        str | None, F("摘要", "abstract", search="text", cerif="Abstract", schema_org="description")
    ] = None
    website: Annotated[Url | None, F("网址", "website", schema_org="url")] = None


KIND = register(
    Kind(
        name="project",
        label=Bilingual("项目", "Project"),
        model=Project,
        identity=(Identity("number", ("project_number",)),),
        crosswalk={"cerif": "Project", "schema_org": "ResearchProject"},
    )
)
