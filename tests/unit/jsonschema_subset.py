"""A validator of the JSON Schema keywords that the hub's contracts use, written apart from what derives them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
_TYPES: Mapping[str, tuple[type, ...]] = {
    "null": (type(None),),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "array": (list,),
    "object": (dict,),
}


def faults(schema: Schema, value: Any, root: Schema | None = None, path: str = "$") -> Iterator[str]:
    """Each place where the value is not as the schema says; `root` holds the `$defs`."""
    root = root or schema
    if reference := schema.get("$ref"):
        yield from faults(root["$defs"][reference.rpartition("/")[2]], value, root, path)
    if options := schema.get("anyOf"):
        found = [list(faults(option, value, root, path)) for option in options]
        if all(found):
            yield min(found, key=len)[0]
    if "enum" in schema and not any(value == one and type(value) is type(one) for one in schema["enum"]):
        yield f"{path}: {value!r} is not listed"
    wanted = schema.get("type")
    if wanted and not (isinstance(value, _TYPES[wanted]) and (wanted == "boolean" or not isinstance(value, bool))):
        yield f"{path}: {value!r} is no {wanted}"
        return
    yield from _limits(schema, value, path)
    if isinstance(value, dict):
        yield from _members(schema, value, root, path)
    elif isinstance(value, list):
        first = schema.get("prefixItems", [])
        for index, item in enumerate(value):
            inner = first[index] if index < len(first) else schema.get("items", {})
            yield from faults(inner, item, root, f"{path}[{index}]")


def _limits(schema: Schema, value: Any, path: str) -> Iterator[str]:
    measured = value if isinstance(value, int | float) else len(value) if isinstance(value, str | list) else None
    if measured is not None and not isinstance(value, bool):
        for least in ("minimum", "minLength", "minItems"):
            if measured < schema.get(least, measured):
                yield f"{path}: {value!r} breaks {least}"
        for most in ("maximum", "maxLength", "maxItems"):
            if measured > schema.get(most, measured):
                yield f"{path}: {value!r} breaks {most}"
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        yield f"{path}: {value!r} breaks the pattern"


def _members(schema: Schema, value: dict[str, Any], root: Schema, path: str) -> Iterator[str]:
    known = schema.get("properties", {})
    yield from (f"{path}.{name}: missing" for name in schema.get("required", ()) if name not in value)
    further = schema.get("additionalProperties", {})
    for name, member in value.items():
        if name in known:
            yield from faults(known[name], member, root, f"{path}.{name}")
        elif further is False:
            yield f"{path}.{name}: unknown"
        elif isinstance(further, dict):
            yield from faults(further, member, root, f"{path}.{name}")
