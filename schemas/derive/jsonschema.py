"""The JSON Schema (draft 2020-12) of a kind: what its model checks, and what its annotations tell as `x-` keywords.

`title` holds the label in both languages, `x-label` the same apart. `x-example` is the text of a cell. What JSON Schema
cannot say (check characters, rules between fields) is checked all the same; `x-codes` names a code list.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from hub.text.language import Bilingual
from schemas import values
from schemas.annotations import Meta
from schemas.codes import code_list
from schemas.fields import FieldSpec, fields_of
from schemas.kind import Kind

DIALECT = "https://json-schema.org/draft/2020-12/schema"
LABELS_LIMIT = 60
Schema = dict[str, Any]


def schema_id(name: str) -> str:
    """The `$id` of a published schema: a URN, since it names the contract wherever a node serves it."""
    return f"urn:research-hub:schema:{name}"


FORMATS: Mapping[Any, str] = {
    values.email: "email",
    values.url: "uri",
    values.phone: "phone",
    values.credit_code: "uscc",
    values.ror_id: "ror",
    values.orcid: "orcid",
    values.resident_id: "resident-id",
    values.doi: "doi",
    values.pid: "pid",
    values.postcode: "postcode",
    values.time_zone: "time-zone",
    values.division: "gbt2260",
}
"""The `format` of what a check of schemas.values accepts; JSON Schema lets a vocabulary add its own."""


class Generator(GenerateJsonSchema):
    """pydantic's generator, which also names the hub's checks and says of decimals written as text what they are."""

    def function_after_schema(self, schema: core_schema.AfterValidatorFunctionSchema) -> JsonSchemaValue:
        """What the check is applied to, with the format that it holds to."""
        made = super().function_after_schema(schema)
        known = FORMATS.get(schema["function"]["function"])
        return {**made, "format": known} if known and made.get("type") == "string" else made

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        """A number, or the text of one."""
        made = super().decimal_schema(schema)
        for alternative in made.get("anyOf", ()):
            if alternative.get("type") == "string":
                alternative["pattern"] = r"^[+-]?(\d+(\.\d*)?|\.\d+)$"
        return made


def json_schema(kind: Kind) -> Schema:
    """What may be submitted of the kind; the same for equal kinds, and the caller's to change."""
    made = kind.model.model_json_schema(mode="validation", schema_generator=Generator)
    definitions = made.get("$defs", {})
    _annotate(kind.model, made, definitions, set())
    head: Schema = {
        "$schema": DIALECT,
        "$id": schema_id(kind.name),
        "title": _both(kind.label),
        "x-label": asdict(kind.label),
        "x-kind": kind.name,
        "x-identity": [{"scheme": one.scheme, "paths": list(one.paths)} for one in kind.identity],
        "x-name": list(kind.title),
        "x-authority": list(kind.authority),
        "x-bookable": kind.bookable,
        "x-crosswalk": dict(kind.crosswalk),
    }
    return head | {name: value for name, value in made.items() if name != "title"}


def node_at(schema: Schema, path: str) -> Schema:
    """The schema of one value of the field at a dotted path; LookupError where there is none."""
    node: Schema = schema
    for name in path.split("."):
        parts = [part for part in alternatives(schema, node) if name in part.get("properties", {})]
        if not parts:
            raise LookupError(path)
        node = parts[0]["properties"][name]
    return node


def alternatives(schema: Schema, node: Schema) -> Iterator[Schema]:
    """What a value, or an item of a list of them, may look like: references and unions resolved, null left out."""
    if reference := node.get("$ref"):
        node = schema["$defs"][reference.rpartition("/")[2]]
    if "anyOf" in node:
        for option in node["anyOf"]:
            yield from alternatives(schema, option)
    elif node.get("type") == "array":
        yield from alternatives(schema, node.get("items", {}))
    elif node.get("type") != "null":
        yield node


@lru_cache(maxsize=64)
def closed_paths(kind: Kind) -> frozenset[str]:
    """The fields that take nothing but their choices; a code list may label longer codes than those it lists."""
    schema = json_schema(kind)

    def is_closed(spec: FieldSpec) -> bool:
        return any("enum" in option for option in alternatives(schema, node_at(schema, spec.path)))

    return frozenset(spec.path for spec in fields_of(kind) if spec.type == "code" and is_closed(spec))


def _annotate(model: type[BaseModel], node: Schema, definitions: Schema, done: set[str]) -> None:
    for name, info in model.model_fields.items():
        meta = next((item for item in info.metadata if isinstance(item, Meta)), None)
        target = node["properties"][name]
        if meta is not None:
            node["properties"][name] = _annotated(meta, {**target}) | _labels(meta, target)
        for part in _models(info.annotation):
            known = _definition_of(part, target, definitions)
            if known and known not in done:
                done.add(known)
                _annotate(part, definitions[known], definitions, done)


def _annotated(meta: Meta, node: Schema) -> Schema:
    """The annotation's keywords, then the model's; what is at its default is left out."""
    node.pop("title", None)
    keywords: Schema = {"title": _both(meta.label), "x-label": asdict(meta.label)}
    if meta.hint:
        keywords |= {"description": _both(meta.hint), "x-hint": asdict(meta.hint)}
    keywords |= {"x-openness": meta.openness, "x-search": meta.search}
    crosswalk = {name: value for name, value in asdict(meta.crosswalk).items() if value}
    further: Mapping[str, Any] = {
        "x-authority": list(meta.authority or ()),
        "x-codes": meta.codes,
        "x-refers": meta.refers,
        "x-aliases": list(meta.aliases),
        "x-crosswalk": crosswalk,
        "x-example": meta.example,
        "x-sortable": meta.sortable,
    }
    return keywords | {name: value for name, value in further.items() if value} | node


def _labels(meta: Meta, node: Schema) -> Schema:
    """What the codes of a short list are called."""
    if not meta.codes or len(known := code_list(meta.codes)) > LABELS_LIMIT:
        return {}
    return {"x-labels": {code: asdict(known.label(code)) for code in known}}


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _models(argument)


def _definition_of(part: type[BaseModel], node: Schema, definitions: Schema) -> str | None:
    """The name under which pydantic has filed the part; it is longer than the class's where two share that."""
    names = {reference.rpartition("/")[2] for reference in _references(node)}
    wanted = part.__name__
    return next((name for name in names & set(definitions) if name == wanted or name.endswith(f"__{wanted}")), None)


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for item in node:
            yield from _references(item)


def _both(text: Bilingual) -> str:
    return text.zh if text.zh == text.en else f"{text.zh} · {text.en}"
