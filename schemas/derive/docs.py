"""The documentation of the kinds, in Markdown: one table a kind, made of the same annotations as everything else."""

from collections.abc import Iterable
from dataclasses import asdict

from hub.text.language import Bilingual
from schemas.codes import code_list
from schemas.fields import FieldSpec, every, fields_of
from schemas.kind import Kind

CODES_SHOWN = 20

_TYPES = {
    "text": Bilingual("文本", "text"),
    "integer": Bilingual("整数", "whole number"),
    "decimal": Bilingual("小数", "decimal"),
    "number": Bilingual("数值", "number"),
    "boolean": Bilingual("是否", "yes or no"),
    "date": Bilingual("日期", "date"),
    "datetime": Bilingual("时间", "date and time"),
    "code": Bilingual("代码", "code"),
    "part": Bilingual("组合", "composite"),
}
_VOCABULARIES = {"pidinst": "PIDINST", "cerif": "CERIF", "uniquip": "UNIQUIP", "schema_org": "schema.org"}
_VOCABULARIES |= {"nrii": "NRII"}
_COLUMNS = (
    "字段 · Field",
    "名称 · Label",
    "类型 · Type",
    "公开 · Openness",
    "检索 · Search",
    "取值 · Values",
    "标准 · Standards",
)
HEAD = """# 记录类型 · Record kinds

本文由 `python -m schemas.derive.publish` 从 `schemas/` 中的注解生成，请勿手工修改。
Generated from the annotations in `schemas/` by `python -m schemas.derive.publish`; do not edit by hand.

- **公开级别 · Openness**：`public` 人人可见 · everyone；`member` 登录用户 · members；`agency` 管理部门 · agencies；
  `secret` 加密保存，不出现在任何事件或索引中 · encrypted at rest, in no event or index.
- **检索 · Search**：`title` 名称 · a name；`text` 全文 · full text；`keyword` 精确值 · exact value；
  `facet` 可筛选并计数 · filtered and counted；`number`、`date` 范围 · ranges；`geo` 地图 · on the map.
- 类型后的 `[]` 表示可有多个值，`*` 表示必填 · `[]` marks several values, `*` a required one.
"""


def documents(kinds: Iterable[Kind]) -> str:
    """One document about all of the kinds."""
    kinds = list(kinds)
    contents = "\n".join(f"- [{_both(kind.label)}](#{kind.name})" for kind in kinds)
    return "\n\n".join([HEAD + "\n" + contents, *(kind_document(kind).rstrip() for kind in kinds)]) + "\n"


def kind_document(kind: Kind) -> str:
    """A section: what the kind is, how its records are identified, and a table of its fields."""
    identity = [f"`{one.scheme}`: {' + '.join(f'`{path}`' for path in one.paths)}" for one in kind.identity]
    described = (kind.model.__doc__ or "").strip().splitlines()
    standards = [f"{_VOCABULARIES.get(name, name)} {element}" for name, element in kind.crosswalk.items()]
    lines = [
        f'<a id="{kind.name}"></a>',
        f"## {_both(kind.label)} (`{kind.name}`)",
        "",
        described[0] if described else _both(kind.label),
        "",
        f"- 识别 · Identity: {'; '.join(identity) or '`source`'}",
        f"- 权威次序 · Authorities: {' > '.join(kind.authority)}",
        f"- 标准 · Standards: {', '.join(standards) or '—'}",
        f"- 可预约 · Bookable: {'是 · yes' if kind.bookable else '否 · no'}",
        "",
        f"| {' | '.join(_COLUMNS)} |",
        f"|{' --- |' * len(_COLUMNS)}",
        *(_row(spec) for spec in every(fields_of(kind))),
    ]
    return "\n".join(lines) + "\n"


def _row(spec: FieldSpec) -> str:
    marks = ("[]" if spec.multiple else "") + ("\\*" if spec.required else "")
    cells = [
        f"`{spec.path}`",
        _both(spec.label),
        _both(_TYPES[spec.type]) + marks,
        spec.openness,
        "" if spec.meta.search == "none" else spec.meta.search,
        _values(spec),
        _standards(spec),
    ]
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _values(spec: FieldSpec) -> str:
    remarks = []
    if spec.meta.hint:
        remarks.append(_both(spec.meta.hint))
    if spec.meta.refers:
        remarks.append(f"→ `{spec.meta.refers}`")
    if spec.choices and len(spec.choices) <= CODES_SHOWN:
        remarks.append(", ".join(f"`{code}` {_code(spec, code)}".strip() for code in spec.choices))
    elif spec.meta.codes:
        remarks.append(f"代码表 · code list `{spec.meta.codes}`")
    if spec.meta.example:
        remarks.append(f"例 · e.g. {spec.meta.example}")
    return "；".join(remarks)


def _code(spec: FieldSpec, code: str) -> str:
    return code_list(spec.meta.codes).label(code).zh if spec.meta.codes else ""


def _standards(spec: FieldSpec) -> str:
    named = asdict(spec.meta.crosswalk)
    return ", ".join(f"{_VOCABULARIES[name]} `{value}`" for name, value in named.items() if value)


def _both(text: Bilingual) -> str:
    return text.zh if text.zh == text.en else f"{text.zh} · {text.en}"
