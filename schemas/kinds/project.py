"""Research projects (OpenAIRE CRIS 1.2 Project)."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from hub.text.language import Bilingual
from schemas import values
from schemas.annotations import F
from schemas.kind import Identity, Kind, RecordModel, register
from schemas.parts.common import Money, OrganisationRef, PersonRef, code_named
from schemas.parts.part import Recogniser
from schemas.rules import not_before
from schemas.values import Discipline, Doi, Short, Url

ProjectStatus = Literal["planned", "active", "completed", "suspended", "terminated"]
ProjectLevel = Literal["national", "ministerial", "provincial", "municipal", "enterprise", "international"]
ProjectRole = Literal["principal_investigator", "co_investigator", "member", "contact"]
PartnerRole = Literal["coordinator", "partner", "contractor", "member"]


class ProjectPerson(PersonRef):
    """A person's part in a project; as text `张三 (0000-0002-5277-285X, 负责人)`."""

    bracketed: ClassVar[tuple[tuple[str, Recogniser], ...]] = (
        ("orcid", values.orcid),
        ("role", code_named("project_role")),
    )

    role: Annotated[
        ProjectRole | None, F("角色", "role", search="none", cerif="Team", codes="project_role", example="负责人")
    ] = None


class ProjectOrganisation(OrganisationRef):
    """An organisation's part in a project; as text `浙江大学 (12100000470095016Q, 牵头单位)`."""

    bracketed: ClassVar[tuple[tuple[str, Recogniser], ...]] = (
        ("uscc", values.credit_code),
        ("ror", values.ror_id),
        ("role", code_named("partner_role")),
    )

    role: Annotated[
        PartnerRole | None, F("角色", "role", cerif="Consortium", codes="partner_role", example="牵头单位")
    ] = None


class Project(RecordModel):
    """A funded piece of research."""

    number: Annotated[
        Short | None,
        F(
            "项目编号",
            "project number",
            search="keyword",
            cerif="Identifier",
            schema_org="identifier",
            example="LZ23F020001",
            aliases=("项目批准号", "立项编号", "课题编号"),
        ),
    ] = None
    name_zh: Annotated[
        Short | None,
        F(
            "项目名称",
            "Chinese title",
            search="title",
            cerif="Title",
            schema_org="name",
            aliases=("课题名称", "中文名称"),
        ),
    ] = None
    name_en: Annotated[
        Short | None,
        F("项目英文名称", "English title", search="title", cerif="Title", schema_org="name", aliases=("英文名称",)),
    ] = None
    acronym: Annotated[Short | None, F("简称", "acronym", search="title", cerif="Acronym")] = None
    grant_doi: Annotated[
        Doi | None,
        F("资助 DOI", "grant DOI", search="keyword", cerif="Funded.As.Funding.GrantDOI", example="10.3030/777541"),
    ] = None
    level: Annotated[ProjectLevel | None, F("项目级别", "level", search="facet", codes="project_level")] = None
    programme: Annotated[
        Short | None,
        F("计划类别", "programme", search="facet", cerif="Funded.As.Funding.Name", aliases=("项目类别", "计划名称")),
    ] = None
    status: Annotated[
        ProjectStatus | None,
        F("状态", "status", search="facet", cerif="Status", codes="project_status", aliases=("项目状态",)),
    ] = None
    start_date: Annotated[
        date | None,
        F(
            "开始日期",
            "start date",
            search="date",
            sortable=True,
            cerif="StartDate",
            example="2023-01-01",
            aliases=("起始日期",),
        ),
    ] = None
    end_date: Annotated[
        date | None,
        AfterValidator(not_before("start_date")),
        F(
            "结束日期",
            "end date",
            search="date",
            sortable=True,
            cerif="EndDate",
            example="2025-12-31",
            aliases=("截止日期",),
        ),
    ] = None
    funder: Annotated[
        OrganisationRef | None,
        F(
            "资助机构",
            "funder",
            refers="organisation",
            cerif="Funded.By.OrgUnit",
            schema_org="funder",
            aliases=("下达单位", "立项单位"),
        ),
    ] = None
    budget: Annotated[
        Money | None,
        F(
            "总经费",
            "budget",
            cerif="Funded.As.Funding.Amount",
            example="800000 CNY",
            aliases=("项目经费", "资助金额", "批准经费"),
        ),
    ] = None
    lead: Annotated[
        OrganisationRef | None,
        F(
            "承担单位",
            "lead organisation",
            refers="organisation",
            cerif="Consortium.Coordinator.OrgUnit",
            aliases=("依托单位", "牵头单位"),
        ),
    ] = None
    organisations: Annotated[
        Annotated[tuple[ProjectOrganisation, ...], Field(max_length=200)] | None,
        F("参与单位", "organisations", refers="organisation", cerif="Consortium", aliases=("合作单位",)),
    ] = None
    leader: Annotated[
        PersonRef | None,
        F(
            "负责人",
            "principal investigator",
            refers="expert",
            cerif="Team.PrincipalInvestigator",
            aliases=("项目负责人",),
        ),
    ] = None
    people: Annotated[
        Annotated[tuple[ProjectPerson, ...], Field(max_length=500)] | None,
        F("项目成员", "people", refers="expert", cerif="Team", aliases=("成员",)),
    ] = None
    disciplines: Annotated[
        Annotated[tuple[Discipline, ...], Field(max_length=50)] | None,
        F(
            "学科代码",
            "disciplines",
            search="facet",
            cerif="Subject",
            codes="nsfc_discipline",
            example="F0202",
            hint=("国家自然科学基金学科代码，如 F0202", "discipline codes of the NSFC such as F0202"),
            aliases=("申请代码", "学科"),
        ),
    ] = None
    keywords: Annotated[
        Annotated[tuple[Short, ...], Field(max_length=200)] | None,
        F("关键词", "keywords", search="facet", cerif="Keyword", schema_org="keywords"),
    ] = None
    abstract: Annotated[
        str | None,
        F("摘要", "abstract", search="text", cerif="Abstract", schema_org="description", aliases=("项目摘要",)),
    ] = None
    abstract_en: Annotated[str | None, F("英文摘要", "English abstract", search="text", cerif="Abstract")] = None
    website: Annotated[Url | None, F("网址", "web site", schema_org="url")] = None
    results: Annotated[str | None, F("成果", "results", search="text", aliases=("项目成果",))] = None


KIND = register(
    Kind(
        name="project",
        rank=40,
        label=Bilingual("项目", "Project"),
        model=Project,
        identity=(Identity("number", ("number",)),),
        crosswalk={"cerif": "Project", "schema_org": "ResearchProject"},
    )
)
