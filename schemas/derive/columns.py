"""The fields of a kind as a person fills them in, one text each: the columns of a template, the inputs of a form."""

from collections.abc import Iterator
from functools import lru_cache

from hub.text.language import Bilingual, Language
from schemas.codes import code_list
from schemas.fields import FieldSpec, by_path, fields_of
from schemas.kind import Kind
from schemas.parts.part import Part

YES_NO = (Bilingual("是", "yes"), Bilingual("否", "no"))
LIST_RULE = Bilingual("可填多项，用分号或换行隔开", "several values, separated by semicolons or line breaks")
SUCH_AS = Bilingual("例如：{example}", "such as: {example}")


@lru_cache(maxsize=64)
def columns_of(kind: Kind) -> tuple[FieldSpec, ...]:
    """In the order of the model; `schemas.validation.validate_text` reads the texts by their paths.

    A multiple part, and a single one whose annotation shows its text by an example, is one column. Any other single
    part is a column for each of its members.
    """
    return tuple(_columns(fields_of(kind)))


def _columns(specs: tuple[FieldSpec, ...]) -> Iterator[FieldSpec]:
    whole = {spec.path for spec in specs if spec.part and _has_text(spec)}
    for spec in specs:
        within = any(spec.path.startswith(f"{path}.") for path in whole)
        if not within and (spec.part is None or spec.path in whole):
            yield spec


def _has_text(spec: FieldSpec) -> bool:
    return spec.multiple or bool(spec.meta.example)


def is_needed(kind: Kind, spec: FieldSpec) -> bool:
    """Whether a record without this value is refused, whatever else it has."""
    specs = by_path(kind)
    names = spec.path.split(".")
    return all(specs[".".join(names[:end])].required for end in range(1, len(names) + 1))


def choices_of(spec: FieldSpec, language: Language) -> tuple[tuple[str, str], ...]:
    """(code, label) of each choice; a label that names several codes is replaced by its code, which reads back."""
    if not spec.meta.codes:
        return tuple((code, code) for code in spec.choices)
    known = code_list(spec.meta.codes)
    told = ((code, known.label(code)[language]) for code in spec.choices)
    return tuple((code, label if known.code_for(label) == code else code) for code, label in told)


def hint_of(spec: FieldSpec, language: Language) -> str:
    """What to fill in, on one line or several: the hint, the rule of lists and an example."""
    lines = [spec.meta.hint[language]] if spec.meta.hint else []
    if spec.multiple:
        lines.append(LIST_RULE[language])
    if example := example_of(spec, language):
        lines.append(SUCH_AS[language].format(example=example))
    return "\n".join(lines)


def example_of(spec: FieldSpec, language: Language) -> str:
    """The example as a reader of the language would write it; empty where there is none."""
    example = spec.meta.example
    if not example and spec.multiple and spec.part:
        return _shown_part(spec)
    if spec.type == "boolean" and example:
        return YES_NO[0][language]
    if example and spec.meta.codes:
        code = code_list(spec.meta.codes).code_for(example)
        labels = dict(choices_of(spec, language))
        return labels.get(code or example, example)
    return example


def _shown_part(spec: FieldSpec) -> str:
    """The text of a part that is made of its members' examples; empty where one that is needed has none."""
    part = spec.part
    members = {member.path.rpartition(".")[2]: member for member in spec.members if not member.part}
    told = {name: member.meta.example for name, member in members.items() if member.meta.example}
    if part is None or not issubclass(part, Part) or not told:
        return ""
    if any(member.required and name not in told for name, member in members.items()):
        return ""
    return part.show(told)
