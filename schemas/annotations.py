"""What a field's annotation carries: all that the derived things need to know about it.

name_zh: str | None = Opt("中文名", "Chinese name", search="title", nrii="中文名", pidinst="name")
number: Annotated[str, F("项目编号", "project number")]
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, ParamSpec

from pydantic.fields import FieldInfo

from hub.kernel.access import Openness
from hub.kernel.records import Authority
from hub.text.language import Bilingual

Search = Literal["none", "title", "text", "keyword", "facet", "number", "date", "geo"]
"""How the catalogue treats a field.

`title`: full text, weighted, completed as one types; `text`: full text; `keyword`: exact value, filterable;
`facet`: a keyword that is also counted; `number` and `date`: ranges and sorting; `geo`: a place with coordinates.
"""


@dataclass(frozen=True, slots=True)
class Crosswalk:
    """The field's name in other vocabularies; empty where there is none.

    `pidinst`: PIDINST 1.0 element path; `cerif`: OpenAIRE CRIS 1.2 element path; `uniquip`: UNIQUIP column;
    `schema_org`: property; `nrii`: column of the national instrument list (国家网络管理平台).
    """

    pidinst: str = ""
    cerif: str = ""
    uniquip: str = ""
    schema_org: str = ""
    nrii: str = ""


@dataclass(frozen=True, slots=True)
class Meta:
    """One field's annotation; build it with F or Opt."""

    label: Bilingual
    search: Search = "none"
    openness: Openness = "public"
    authority: tuple[Authority, ...] | None = None
    crosswalk: Crosswalk = field(default_factory=Crosswalk)
    example: str = ""
    hint: Bilingual | None = None
    refers: str = ""
    aliases: tuple[str, ...] = ()
    sortable: bool = False
    codes: str = ""


def F(
    zh: str,
    en: str,
    *,
    search: Search = "none",
    openness: Openness = "public",
    authority: tuple[Authority, ...] | None = None,
    pidinst: str = "",
    cerif: str = "",
    uniquip: str = "",
    schema_org: str = "",
    nrii: str = "",
    example: str = "",
    hint: tuple[str, str] | None = None,
    refers: str = "",
    aliases: tuple[str, ...] = (),
    sortable: bool = False,
    codes: str = "",
) -> Meta:
    """Annotate a field.

    `authority` overrides the kind's order of authorities for this field; `hint` tells (in Chinese, in English) what is
    expected, for templates and for messages about wrong input; `refers` names the kind that a reference points to;
    `aliases` are further column headings under which imports know the field; `codes` names the code list of
    schemas.codes that labels the field's values.
    """
    return Meta(
        label=Bilingual(zh, en),
        search=search,
        openness=openness,
        authority=authority,
        crosswalk=Crosswalk(pidinst, cerif, uniquip, schema_org, nrii),
        example=example,
        hint=Bilingual(*hint) if hint else None,
        refers=refers,
        aliases=aliases,
        sortable=sortable,
        codes=codes,
    )


_Known = ParamSpec("_Known")


def _left_out(annotated: Callable[_Known, Meta]) -> Callable[_Known, Any]:
    def optional(*labels: _Known.args, **known: _Known.kwargs) -> Any:
        info = FieldInfo(default=None)
        info.metadata.append(annotated(*labels, **known))
        return info

    return optional


Opt = _left_out(F)
"""The default of a field that may be left out, which annotates it as F does."""
