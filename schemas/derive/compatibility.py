"""Backward compatibility of JSON Schemas: whether what was written under the old one can be read under the new one.

Covers the keywords that the hub's schemas use. Any other assertion must stay as it is; annotations (`x-…`, titles,
defaults) may change freely. Removing a field is reported even where the new schema would let its values through, since
nobody would read them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Schema = Mapping[str, Any]

_ANNOTATIONS = frozenset({"$schema", "$id", "$defs", "title", "description", "default", "examples", "deprecated"})
_COMPARED = frozenset(
    {"$ref", "type", "enum", "const", "anyOf", "oneOf", "properties", "required", "additionalProperties", "items"}
    | {"prefixItems", "pattern", "format", "multipleOf", "uniqueItems"}
)
_MISSING = " has been removed"
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_SAME_OR_ABSENT = ("pattern", "format", "multipleOf")


def incompatible(old: Schema, new: Schema) -> list[str]:
    """Each way in which the new schema refuses what the old one took: a path, and a sentence in English."""
    return list(dict.fromkeys(_Comparison(old, new).compare(old, new, "")))


def unreadable(old: Schema, new: Schema) -> list[str]:
    """Each way in which an answer under the new schema may surprise who knows the old one; more members do not."""
    reasons = dict.fromkeys(_Comparison(new, old, answers=True).compare(new, old, ""))
    return [reason if reason.endswith(_MISSING) else f"to who knows the old answer, {reason}" for reason in reasons]


class _Comparison:
    """`answers`: the first schema is of what is written, the second of what is expected by who reads it."""

    def __init__(self, old_root: Schema, new_root: Schema, answers: bool = False) -> None:
        self._old_root = old_root
        self._new_root = new_root
        self._answers = answers
        self._seen: set[tuple[str, str]] = set()

    def compare(self, old: Any, new: Any, path: str) -> Iterator[str]:
        """Compare two subschemas, either of which may be a boolean."""
        if new is True or old is False or new == {}:
            return
        if old is True or new is False:
            old, new = ({} if old is True else old), ({"enum": []} if new is False else new)
        key = (str(old.get("$ref", "")), str(new.get("$ref", "")))
        if all(key):
            if key in self._seen:
                return
            self._seen.add(key)
        before = list(_options(old, self._old_root))
        after = list(_options(new, self._new_root))
        for one in before:
            yield from self._taken(one, after, path)

    def _taken(self, old: Schema, after: Sequence[Schema], path: str) -> Iterator[str]:
        """Complaints unless one of the new alternatives takes everything that this old one took."""
        alike = [other for other in after if _within(old, other)]
        closest: list[str] | None = None
        for other in alike:
            seen = set(self._seen)
            complaints = list(self._option(old, other, path))
            if not complaints:
                return
            self._seen = seen
            if closest is None or len(complaints) < len(closest):
                closest = complaints
        yield from closest or [f"{_at(path)}: {_named(old)} is no longer taken"]

    def _option(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        """Compare two schemas without alternatives."""
        if not _within(old, new):
            yield f"{_at(path)}: {_named(old)} is no longer taken"
            return
        yield from _values(old, new, path)
        yield from _limits(old, new, path)
        yield from self._object(old, new, path)
        yield from self._array(old, new, path)
        for keyword in sorted((set(old) | set(new)) - _ANNOTATIONS - _COMPARED - {*_UPPER, *_LOWER}):
            if not keyword.startswith("x-") and old.get(keyword) != new.get(keyword):
                yield f"{_at(path)}: {keyword} has changed, which cannot be compared"

    def _object(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name in before:
            inner = f"{path}.{name}" if path else name
            if name in after:
                yield from self.compare(before[name], after[name], inner)
            elif not self._answers:
                yield f"{inner}: the field has been removed"
        for name in new.get("required", ()):
            if name not in old.get("required", ()):
                told = "may be missing" if self._answers else "has become required"
                yield f"{path}.{name}: the field {told}".removeprefix(".")
        if self._answers:
            yield from (f"{path}.{name}: the field{_MISSING}".removeprefix(".") for name in after if name not in before)
        further = old.get("additionalProperties", True)
        yield from self.compare(further, new.get("additionalProperties", True), f"{path}.*" if path else "*")

    def _array(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        if new.get("uniqueItems") and not old.get("uniqueItems"):
            yield f"{_at(path)}: items must be unique now"
        before, after = old.get("prefixItems", ()), new.get("prefixItems", ())
        for index in range(max(len(before), len(after))):
            one = before[index] if index < len(before) else old.get("items", True)
            other = after[index] if index < len(after) else new.get("items", True)
            yield from self.compare(one, other, f"{path}[{index}]")
        yield from self.compare(old.get("items", True), new.get("items", True), f"{path}[]")


def _options(schema: Schema, root: Schema) -> Iterator[Schema]:
    """The alternatives of a schema, references resolved and lists of types taken apart."""
    if reference := schema.get("$ref"):
        schema = root["$defs"][reference.rpartition("/")[2]] | {n: v for n, v in schema.items() if n != "$ref"}
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            rest = {name: value for name, value in schema.items() if name != keyword}
            for option in schema[keyword]:
                yield from _options({**rest, **option}, root)
            return
    types = schema.get("type")
    if isinstance(types, list):
        yield from ({**schema, "type": one} for one in types)
    else:
        yield schema


def _types(schema: Schema) -> set[str] | None:
    """The types that a value may have; None for any."""
    if "const" in schema or "enum" in schema:
        return {_type_of(value) for value in _listed(schema) or ()}
    return {schema["type"]} if "type" in schema else None


def _within(old: Schema, new: Schema) -> bool:
    """Whether the new schema takes every type of the old one; whole numbers are numbers."""
    before, after = _types(old), _types(new)
    if after is None or before is None:
        return after is None
    return before <= (after | {"integer"} if "number" in after else after)


_TYPES: Sequence[tuple[Callable[[Any], bool], str]] = (
    (lambda value: value is None, "null"),
    (lambda value: isinstance(value, bool), "boolean"),
    (lambda value: isinstance(value, int), "integer"),
    (lambda value: isinstance(value, float), "number"),
    (lambda value: isinstance(value, str), "string"),
    (lambda value: isinstance(value, list), "array"),
)


def _type_of(value: Any) -> str:
    return next((name for is_one, name in _TYPES if is_one(value)), "object")


def _listed(schema: Schema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    return schema.get("enum")


def _values(old: Schema, new: Schema, path: str) -> Iterator[str]:
    before, after = _listed(old), _listed(new)
    if after is None:
        return
    if before is None:
        yield f"{_at(path)}: only {_listing(after)} are taken now"
        return
    gone = [value for value in before if value not in after]
    if gone:
        yield f"{_at(path)}: {_listing(gone)} can no longer be given"


def _limits(old: Schema, new: Schema, path: str) -> Iterator[str]:
    if "enum" in old or "const" in old:  # The values themselves have been compared; they met the old limits.
        if any(old.get(keyword) != new.get(keyword) for keyword in (*_UPPER, *_LOWER, *_SAME_OR_ABSENT)):
            yield f"{_at(path)}: limits on listed values have changed"
        return
    for keyword in _UPPER:
        if keyword in new and (keyword not in old or new[keyword] < old[keyword]):
            yield f"{_at(path)}: {keyword} has fallen from {old.get(keyword, 'none')} to {new[keyword]}"
    for keyword in _LOWER:
        if keyword in new and new[keyword] > old.get(keyword, _least(keyword)):
            yield f"{_at(path)}: {keyword} has risen from {old.get(keyword, 'none')} to {new[keyword]}"
    for keyword in _SAME_OR_ABSENT:
        if keyword in new and new[keyword] != old.get(keyword):
            yield f"{_at(path)}: {keyword} is now {new[keyword]}, was {old.get(keyword, 'none')}"


def _least(keyword: str) -> float:
    return float("-inf") if keyword.endswith("imum") else 0


def _named(schema: Schema) -> str:
    listed = _listed(schema)
    return _listing(listed) if listed else f"type {schema.get('type', 'anything')}"


def _listing(values: Sequence[Any]) -> str:
    return ", ".join(map(str, values)) or "nothing"


def _at(path: str) -> str:
    return path or "the whole"
