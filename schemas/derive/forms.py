"""The form of a kind: what a page needs to ask for each field, without knowing the kind."""

from dataclasses import dataclass
from typing import Literal

from hub.kernel.access import Openness
from hub.text.language import Language
from schemas.derive.columns import YES_NO, choices_of, columns_of, hint_of, is_needed
from schemas.derive.jsonschema import Schema, alternatives, closed_paths, json_schema, node_at
from schemas.fields import FieldSpec
from schemas.kind import Kind

Input = Literal["text", "textarea", "number", "date", "select", "combobox", "email", "url", "tel"]
"""`combobox` offers choices and takes other texts; the rest are HTML's own (a `textarea` also takes lists)."""

LONG_TEXT = 1_000
"""Fields that may be longer than this get room for several lines."""

_BY_FORMAT: dict[str, Input] = {"email": "email", "uri": "url", "phone": "tel"}


@dataclass(frozen=True, slots=True)
class FormField:
    """One question. What is typed is a text as in a cell; `schemas.validation.validate_text` reads them by `name`.

    `minimum` and `maximum` bound a number; `group` is the top field that it belongs to, for a heading.
    """

    name: str
    label: str
    hint: str
    input: Input
    choices: tuple[tuple[str, str], ...]
    required: bool
    multiple: bool
    openness: Openness
    group: str
    minimum: float | None = None
    maximum: float | None = None


def form(kind: Kind, language: Language) -> list[FormField]:
    """Every field of the kind in the order of its model."""
    schema = json_schema(kind)
    return [_field(kind, spec, schema, language) for spec in columns_of(kind)]


def _field(kind: Kind, spec: FieldSpec, schema: Schema, language: Language) -> FormField:
    options = list(alternatives(schema, node_at(schema, spec.path)))
    choices = choices_of(spec, language)
    if spec.type == "boolean":
        choices = tuple((text.en, text[language]) for text in YES_NO)
    return FormField(
        name=spec.path,
        label=spec.label[language],
        hint=hint_of(spec, language),
        input=_input(spec, options, spec.path in closed_paths(kind)),
        choices=choices,
        required=is_needed(kind, spec),
        multiple=spec.multiple,
        openness=spec.openness,
        group=spec.top,
        minimum=_bound(options, "minimum"),
        maximum=_bound(options, "maximum"),
    )


def _input(spec: FieldSpec, options: list[Schema], closed: bool) -> Input:
    if spec.multiple:
        return "textarea"
    if spec.type == "boolean" or closed:
        return "select"
    if spec.type == "code":
        return "combobox" if spec.choices else "text"
    if spec.type in ("integer", "number", "decimal"):
        return "number"
    if spec.type == "date":
        return "date"
    if spec.type == "text":
        return _text_input(options[0])
    return "text"


def _text_input(option: Schema) -> Input:
    if "format" in option or "pattern" in option:
        return _BY_FORMAT.get(option.get("format", ""), "text")
    return "textarea" if option.get("maxLength", LONG_TEXT + 1) > LONG_TEXT else "text"


def _bound(options: list[Schema], name: str) -> float | None:
    found = [option[name] for option in options if name in option]
    return float(found[0]) if found else None
