"""Experts (OpenAIRE CRIS 1.2 Person)."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from hub.text.language import Bilingual
from schemas.annotations import Opt
from schemas.kind import Identity, Kind, RecordModel, register
from schemas.parts.common import LaboratoryRef, OrganisationRef
from schemas.values import Discipline, Email, Orcid, Phone, ResidentId, Short, Url

Gender = Literal["female", "male", "other"]
Title = Literal["senior", "associate_senior", "intermediate", "junior", "other"]
Degree = Literal["doctor", "master", "bachelor", "none"]


class Expert(RecordModel):
    """A researcher or engineer whom others may consult."""

    name_zh: Short | None = Opt(
        "姓名",
        "Chinese name",
        search="title",
        cerif="PersonName",
        schema_org="name",
        example="张三",
        aliases=("专家姓名", "中文名"),
    )
    name_en: Short | None = Opt(
        "英文姓名",
        "English name",
        search="title",
        cerif="PersonName",
        schema_org="name",
        example="Zhang San",
        aliases=("英文名",),
    )
    family_names: Short | None = Opt("姓", "family names", cerif="PersonName.FamilyNames", schema_org="familyName")
    first_names: Short | None = Opt("名", "first names", cerif="PersonName.FirstNames", schema_org="givenName")
    orcid: Orcid | None = Opt(
        "ORCID", "ORCID iD", search="keyword", cerif="ORCID", schema_org="identifier", example="0000-0002-5277-285X"
    )
    expert_number: Short | None = Opt(
        "专家编号", "expert number", search="keyword", cerif="Identifier", aliases=("国家专家编号",)
    )
    researcher_id: Short | None = Opt("ResearcherID", "ResearcherID", search="keyword", cerif="ResearcherID")
    scopus_id: Short | None = Opt("Scopus 作者标识", "Scopus author id", search="keyword", cerif="ScopusAuthorID")
    organisation: OrganisationRef | None = Opt(
        "工作单位",
        "organisation",
        refers="organisation",
        cerif="Affiliation.OrgUnit",
        schema_org="affiliation",
        aliases=("所在单位", "单位"),
    )
    laboratory: LaboratoryRef | None = Opt("所在实验室", "laboratory", refers="laboratory", aliases=("实验室",))
    department: Short | None = Opt("院系部门", "department", search="facet", aliases=("部门", "院系"))
    title: Title | None = Opt(
        "职称级别", "grade of title", search="facet", codes="professional_title", aliases=("职称等级",)
    )
    position: Short | None = Opt(
        "职称职务", "position", search="text", schema_org="jobTitle", example="教授", aliases=("职称", "职务")
    )
    degree: Degree | None = Opt("学位", "degree", search="facet", codes="degree", aliases=("最高学位",))
    disciplines: Annotated[tuple[Discipline, ...], Field(max_length=50)] | None = Opt(
        "学科代码",
        "disciplines",
        search="facet",
        codes="nsfc_discipline",
        example="F0202",
        hint=("国家自然科学基金学科代码，如 F0202", "discipline codes of the NSFC such as F0202"),
        aliases=("学科",),
    )
    research_fields: Annotated[tuple[Short, ...], Field(max_length=200)] | None = Opt(
        "研究方向", "research fields", search="facet", schema_org="knowsAbout", aliases=("研究领域", "专业领域")
    )
    biography: str | None = Opt(
        "简介", "biography", search="text", schema_org="description", aliases=("专家简介", "个人简介")
    )
    services: str | None = Opt("可提供的服务", "services offered", search="text", schema_org="makesOffer")
    website: Url | None = Opt("个人主页", "web page", schema_org="url", aliases=("主页",))
    gender: Gender | None = Opt("性别", "gender", openness="agency", cerif="Gender", codes="gender")
    birth_date: date | None = Opt(
        "出生日期", "date of birth", openness="agency", schema_org="birthDate", aliases=("出生年月",)
    )
    email: Email | None = Opt(
        "电子邮件",
        "e-mail",
        openness="agency",
        cerif="ElectronicAddress",
        schema_org="email",
        aliases=("电子邮箱", "邮箱", "E-mail"),
    )
    phone: Phone | None = Opt(
        "联系电话", "telephone", openness="secret", cerif="ElectronicAddress", aliases=("电话", "手机", "手机号")
    )
    id_number: ResidentId | None = Opt(
        "身份证号", "resident identity number", openness="secret", aliases=("身份证号码", "证件号码")
    )


KIND = register(
    Kind(
        name="expert",
        rank=50,
        label=Bilingual("专家", "Expert"),
        model=Expert,
        identity=(Identity("orcid", ("orcid",)), Identity("national", ("expert_number",))),
        owner="organisation",
        crosswalk={"cerif": "Person", "schema_org": "Person"},
    )
)
