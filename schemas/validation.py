"""Checking a row against its kind: pydantic-core once, and its errors told in the reader's words."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from typing import Any

import orjson
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from hub.kernel.expectations import as_it_is, expected
from hub.kernel.identifiers import cleaned, is_clean
from hub.kernel.problems import Problem, quoted
from hub.text.language import Bilingual
from hub.text.messages import bilingual
from schemas import cells
from schemas.codes import code_list
from schemas.fields import FieldSpec, by_path
from schemas.kind import Kind, RecordModel
from schemas.parts.part import Part

PROBLEM_LIMIT = 50
MASK = "•••"


@dataclass(frozen=True, slots=True)
class Valid:
    """A row that its kind accepts; `fields` are ready for JSON. Values that the row does not name are left out, those
    that it states to be empty (null) are None. Texts are in NFC and without format characters.
    """

    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Invalid:
    """A row that its kind refuses, with at most PROBLEM_LIMIT reasons."""

    problems: tuple[Problem, ...]


def validate_json(kind: Kind, data: bytes) -> Valid | Invalid:
    """Check one JSON object."""
    try:
        return _valid(kind.model.model_validate_json(cleaned_json(data)))
    except ValidationError as error:
        return _invalid(kind, error)


def validate_python(kind: Kind, raw: Mapping[str, Any]) -> Valid | Invalid:
    """Check a mapping of JSON values."""
    return validate_clean(kind, _cleaned_values(raw))


def validate_clean(kind: Kind, raw: Mapping[str, Any]) -> Valid | Invalid:
    """Check a mapping of JSON values whose texts are clean."""
    try:
        return _valid(kind.model.model_validate(dict(raw)))
    except ValidationError as error:
        return _invalid(kind, error)


def validate_text(kind: Kind, row: Mapping[str, str]) -> Valid | Invalid:
    """Check a row of cells by field path; a blank cell is no value."""
    specs = by_path(kind)
    raw: dict[str, Any] = {}
    problems: list[Problem] = []
    for path, written in row.items():
        text = cleaned(written)
        if not text.strip():
            continue
        spec = specs.get(path)
        try:
            _put(raw, path, _value(spec, text) if spec else text)
        except ValueError:
            reason = (spec.meta.hint if spec else None) or expected(f"{spec.type if spec else 'text'}_type", {})
            found = quoted(text) if spec and spec.openness == "public" else MASK
            problems.append(Problem("unreadable", reason, found, path, spec.label if spec else None))
    if problems:
        return Invalid(tuple(problems[:PROBLEM_LIMIT]))
    return validate_clean(kind, raw)


def values_of(kind: Kind, row: Mapping[str, str]) -> dict[str, Any]:
    """What a row of cells says as a record's fields, unchecked; a cell that cannot be read stays as its text."""
    specs = by_path(kind)
    raw: dict[str, Any] = {}
    for path, text in row.items():
        if not text.strip():
            continue
        spec = specs.get(path)
        try:
            value = _value(spec, text) if spec else text
        except ValueError:
            value = text
        with suppress(ValueError):
            _put(raw, path, value)
    return raw


_READERS: Mapping[str, Callable[[str], Any]] = {
    "boolean": cells.boolean,
    "date": cells.day,
    "datetime": cells.instant,
    "integer": cells.number,
    "decimal": cells.number,
    "number": cells.number,
}


def _value(spec: FieldSpec, text: str) -> Any:
    if spec.multiple:
        enumeration = spec.part is None or not issubclass(spec.part, Part) or spec.part.enumerable
        return [_single(spec, item) for item in cells.split_list(text, enumeration)]
    return _single(spec, text)


def _single(spec: FieldSpec, text: str) -> Any:
    if spec.part is not None:
        return spec.part.parse(text) if issubclass(spec.part, Part) else text
    if spec.meta.codes:
        return code_list(spec.meta.codes).code_for(text) or text.strip()
    reader = _READERS.get(spec.type)
    return reader(text) if reader else text


def _put(raw: dict[str, Any], path: str, value: Any) -> None:
    *parents, name = path.split(".")
    for parent in parents:
        raw = raw.setdefault(parent, {})
        if not isinstance(raw, dict):
            raise ValueError("part")
    if isinstance(value, dict) and isinstance(raw.get(name), dict):
        raw[name] = value | raw[name]
    else:
        raw[name] = value


def _valid(record: RecordModel) -> Valid:
    fields = record.model_dump(mode="json", exclude_none=True)
    if len(record.model_fields_set) > len(fields):
        fields |= dict.fromkeys(sorted(record.model_fields_set - fields.keys()))
    return Valid(fields)


def cleaned_json(data: bytes) -> bytes:
    """The JSON with clean texts; as it is where they are, which almost all are, or where it is no JSON."""
    escapes = b"\\u" in data
    if not escapes and data.isascii():
        return data
    try:
        if not escapes and is_clean(data.decode()):
            return data
        return orjson.dumps(_cleaned_values(orjson.loads(data)))
    except (UnicodeDecodeError, orjson.JSONDecodeError, orjson.JSONEncodeError):
        return data


def _cleaned_values(value: Any) -> Any:
    if isinstance(value, str):
        return cleaned(value)
    if isinstance(value, Mapping):
        return {name: _cleaned_values(member) for name, member in value.items()}
    return [_cleaned_values(item) for item in value] if isinstance(value, list | tuple) else value


def _invalid(kind: Kind, error: ValidationError) -> Invalid:
    specs = by_path(kind)
    return Invalid(tuple(_problem(specs, item) for item in error.errors(include_url=False)[:PROBLEM_LIMIT]))


def _problem(specs: Mapping[str, FieldSpec], item: ErrorDetails) -> Problem:
    names = [str(part) for part in item["loc"] if not isinstance(part, int)]
    spec = next((specs[path] for end in range(len(names), 0, -1) if (path := ".".join(names[:end])) in specs), None)
    field = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        return Problem("unknown-field", _known(specs, ".".join(names)), quoted(names[-1]), field)
    hint = spec.meta.hint if spec else None
    named = partial(_code, spec.meta.codes) if spec and spec.meta.codes else as_it_is
    reason = hint or expected(item["type"], item.get("ctx", {}), named)
    return Problem(item["type"], reason, _excerpt(spec, item), field, spec.label if spec else None)


def _code(codes: str, code: str) -> Bilingual:
    """As people call it, and as programs do: files may have either."""
    label = code_list(codes).label(code)
    return Bilingual(*(text if text == code else f"{text} ({code})" for text in (label.zh, label.en)))


def _excerpt(spec: FieldSpec | None, item: ErrorDetails) -> str:
    if item["type"] == "missing":
        return ""
    if spec is None or spec.openness in ("secret", "agency") or isinstance(item["input"], dict):
        return MASK if spec and spec.openness != "public" else ""
    return quoted(item["input"])


def _known(specs: Mapping[str, FieldSpec], name: str) -> Bilingual:
    close = get_close_matches(name, list(specs), n=1, cutoff=0.6)
    if close:
        return bilingual("schemas.field-kind-closest", name=close[0])
    known = ", ".join(path for path in specs if "." not in path)
    return bilingual("schemas.kind-fields", known=known)
