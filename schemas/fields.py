"""The fields of a kind as a flat list of specifications: the one view that everything derived is built from."""

import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel
from pydantic.fields import FieldInfo

from hub.kernel.access import READERS, Openness
from hub.text.language import Bilingual
from schemas.annotations import Meta
from schemas.codes import code_list
from schemas.kind import Kind

FieldType = Literal["text", "integer", "decimal", "number", "boolean", "date", "datetime", "code", "part"]

MENU_LIMIT = 300
PartModel = type[BaseModel]


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field. `path` is dotted inside parts (`place.lat`); `choices` are the codes of a code list.

    `type` `part` is a composite value: its members follow it, unless it is `multiple`, when they are in `members`.
    `choices` is empty for a code list that is too long to choose from in one menu; `meta.codes` names the list.
    `label` is complete on its own: a member's label is preceded by its part's. `part` is the model of a part.
    """

    path: str
    label: Bilingual
    type: FieldType
    meta: Meta
    openness: Openness
    required: bool = False
    multiple: bool = False
    choices: tuple[str, ...] = ()
    members: tuple["FieldSpec", ...] = ()
    part: PartModel | None = None

    @property
    def top(self) -> str:
        """The name of the record's own field that this one lies in."""
        return self.path.split(".")[0]


def fields_of(kind: Kind) -> tuple[FieldSpec, ...]:
    """Every field of the kind in the order of the model, members of single parts included."""
    return _fields_of(kind.model)


def by_path(kind: Kind) -> Mapping[str, FieldSpec]:
    """Every field by its path, members of multiple parts included."""
    return _by_path(kind.model)


@lru_cache(maxsize=256)
def _by_path(model: type[BaseModel]) -> Mapping[str, FieldSpec]:
    return {spec.path: spec for spec in every(_fields_of(model))}


def every(specs: Iterable[FieldSpec]) -> Iterator[FieldSpec]:
    """The fields, each followed by its `members`."""
    for spec in specs:
        yield spec
        yield from every(spec.members)


@lru_cache(maxsize=256)
def _fields_of(model: type[BaseModel]) -> tuple[FieldSpec, ...]:
    return tuple(_walk(model, "", None))


def _walk(model: type[BaseModel], prefix: str, within: FieldSpec | None) -> Iterator[FieldSpec]:
    for name, info in model.model_fields.items():
        spec = _spec(f"{prefix}{name}", info, within)
        part = spec.part
        if part is None:
            yield spec
        elif spec.multiple:
            yield replace(spec, members=tuple(_walk(part, f"{spec.path}.", spec)))
        else:
            yield spec
            yield from _walk(part, f"{spec.path}.", spec)


def _spec(path: str, info: FieldInfo, within: FieldSpec | None) -> FieldSpec:
    meta = next((item for item in info.metadata if isinstance(item, Meta)), None)
    if meta is None:
        raise TypeError(f"field {path} has no F annotation")
    inner, multiple = _unwrapped(info.annotation)
    kind, choices = _type_of(inner)
    if meta.codes:
        kind, choices = "code", choices or _menu(meta.codes)
    return FieldSpec(
        path=path,
        label=_label(meta, within),
        type=kind,
        meta=meta,
        openness=_stricter(meta.openness, within.openness if within else "public"),
        required=info.is_required(),
        multiple=multiple,
        choices=choices,
        part=inner if kind == "part" else None,
    )


def _menu(codes: str) -> tuple[str, ...]:
    listed = code_list(codes)
    return tuple(listed) if len(listed) <= MENU_LIMIT else ()


def _label(meta: Meta, within: FieldSpec | None) -> Bilingual:
    if within is None:
        return meta.label
    return Bilingual(f"{within.label.zh}·{meta.label.zh}", f"{within.label.en}: {meta.label.en}")


def _stricter(one: Openness, other: Openness) -> Openness:
    order: list[Openness] = ["public", *READERS]
    return max(one, other, key=order.index)


def _unwrapped(annotation: Any) -> tuple[Any, bool]:
    """The annotation without Optional, Annotated and list or tuple; and whether it was one of the latter."""
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        inner = [argument for argument in get_args(annotation) if argument is not type(None)]
        return _unwrapped(inner[0])
    if origin in (list, tuple):
        return _unwrapped(get_args(annotation)[0])[0], True
    if hasattr(annotation, "__metadata__"):
        return _unwrapped(get_args(annotation)[0])
    return annotation, False


_SCALARS: dict[Any, FieldType] = {
    str: "text",
    AwareDatetime: "datetime",
    int: "integer",
    Decimal: "decimal",
    float: "number",
    bool: "boolean",
    date: "date",
    datetime: "datetime",
}


def _type_of(annotation: Any) -> tuple[FieldType, tuple[str, ...]]:
    if get_origin(annotation) is Literal:
        return "code", tuple(str(choice) for choice in get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "part", ()
    if annotation in _SCALARS:
        return _SCALARS[annotation], ()
    raise TypeError(f"no field type for {annotation!r}")
