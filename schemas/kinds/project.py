"""Research projects (OpenAIRE CRIS 1.2 Project)."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from hub.text.language import Bilingual
from schemas import values
from schemas.annotations import Opt
from schemas.kind import Identity, Kind, RecordModel, Resemblance, register
from schemas.parts.common import Money, OrganisationRef, PersonRef, code_named
from schemas.parts.part import Recogniser
from schemas.values import Discipline, Doi, Short, Url, not_before

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

    role: ProjectRole | None = Opt("角色", "role", search="none", cerif="Team", codes="project_role", example="负责人")


class ProjectOrganisation(OrganisationRef):
    """An organisation's part in a project; as text `浙江大学 (12100000470095016Q, 牵头单位)`."""

    bracketed: ClassVar[tuple[tuple[str, Recogniser], ...]] = (
        ("uscc", values.credit_code),
        ("ror", values.ror_id),
        ("role", code_named("partner_role")),
    )

    role: PartnerRole | None = Opt("角色", "role", cerif="Consortium", codes="partner_role", example="牵头单位")


class Project(RecordModel):
    """A funded piece of research."""

    number: Short | None = Opt(
        "项目编号",
        "project number",
        search="keyword",
        cerif="Identifier",
        schema_org="identifier",
        example="LZ23F020001",
        aliases=("项目批准号", "立项编号", "课题编号"),
    )
    name_zh: Short | None = Opt(
        "项目名称",
        "Chinese title",
        search="title",
        cerif="Title",
        schema_org="name",
        aliases=("课题名称", "中文名称"),
    )
    name_en: Short | None = Opt(
        "项目英文名称", "English title", search="title", cerif="Title", schema_org="name", aliases=("英文名称",)
    )
    acronym: Short | None = Opt("简称", "acronym", search="title", cerif="Acronym")
    grant_doi: Doi | None = Opt(
        "资助 DOI", "grant DOI", search="keyword", cerif="Funded.As.Funding.GrantDOI", example="10.3030/777541"
    )
    level: ProjectLevel | None = Opt("项目级别", "level", search="facet", codes="project_level")
    programme: Short | None = Opt(
        "计划类别", "programme", search="facet", cerif="Funded.As.Funding.Name", aliases=("项目类别", "计划名称")
    )
    status: ProjectStatus | None = Opt(
        "状态", "status", search="facet", cerif="Status", codes="project_status", aliases=("项目状态",)
    )
    start_date: date | None = Opt(
        "开始日期",
        "start date",
        search="date",
        sortable=True,
        cerif="StartDate",
        example="2023-01-01",
        aliases=("起始日期",),
    )
    end_date: Annotated[date | None, AfterValidator(not_before("start_date"))] = Opt(
        "结束日期",
        "end date",
        search="date",
        sortable=True,
        cerif="EndDate",
        example="2025-12-31",
        aliases=("截止日期",),
    )
    funder: OrganisationRef | None = Opt(
        "资助机构",
        "funder",
        refers="organisation",
        cerif="Funded.By.OrgUnit",
        schema_org="funder",
        aliases=("下达单位", "立项单位"),
    )
    budget: Money | None = Opt(
        "总经费",
        "budget",
        cerif="Funded.As.Funding.Amount",
        example="800000 CNY",
        aliases=("项目经费", "资助金额", "批准经费"),
    )
    lead: OrganisationRef | None = Opt(
        "承担单位",
        "lead organisation",
        refers="organisation",
        cerif="Consortium.Coordinator.OrgUnit",
        aliases=("依托单位", "牵头单位"),
    )
    organisations: Annotated[tuple[ProjectOrganisation, ...], Field(max_length=200)] | None = Opt(
        "参与单位", "organisations", refers="organisation", cerif="Consortium", aliases=("合作单位",)
    )
    leader: PersonRef | None = Opt(
        "负责人",
        "principal investigator",
        refers="expert",
        cerif="Team.PrincipalInvestigator",
        aliases=("项目负责人",),
    )
    people: Annotated[tuple[ProjectPerson, ...], Field(max_length=500)] | None = Opt(
        "项目成员", "people", refers="expert", cerif="Team", aliases=("成员",)
    )
    disciplines: Annotated[tuple[Discipline, ...], Field(max_length=50)] | None = Opt(
        "学科代码",
        "disciplines",
        search="facet",
        cerif="Subject",
        codes="nsfc_discipline",
        example="F0202",
        hint=("国家自然科学基金学科代码，如 F0202", "discipline codes of the NSFC such as F0202"),
        aliases=("申请代码", "学科"),
    )
    keywords: Annotated[tuple[Short, ...], Field(max_length=200)] | None = Opt(
        "关键词", "keywords", search="facet", cerif="Keyword", schema_org="keywords"
    )
    abstract: str | None = Opt(
        "摘要", "abstract", search="text", cerif="Abstract", schema_org="description", aliases=("项目摘要",)
    )
    abstract_en: str | None = Opt("英文摘要", "English abstract", search="text", cerif="Abstract")
    website: Url | None = Opt("网址", "web site", schema_org="url")
    results: str | None = Opt("成果", "results", search="text", aliases=("项目成果",))


KIND = register(
    Kind(
        name="project",
        rank=40,
        label=Bilingual("项目", "Project"),
        model=Project,
        identity=(Identity("number", ("number",)),),
        owner="lead",
        alike=(Resemblance("number", ("number",), looks=True),),
        crosswalk={"cerif": "Project", "schema_org": "ResearchProject"},
    )
)
