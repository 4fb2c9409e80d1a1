"""Backward compatibility: what the comparison lets pass really takes all that was taken before."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from schemas.derive.compatibility import incompatible
from schemas.derive.contracts import contracts

pytestmark = pytest.mark.unit
Schema = dict[str, Any]

BOUNDS = st.sampled_from([0, 1, 2, 3])
LEAVES = st.one_of(
    st.just({"type": "null"}),
    st.just({"type": "boolean"}),
    st.just({}),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["integer", "number"])}, optional={"minimum": BOUNDS, "maximum": BOUNDS}
    ),
    st.fixed_dictionaries({"type": st.just("string")}, optional={"minLength": BOUNDS, "maxLength": BOUNDS}),
    st.builds(lambda values: {"enum": values}, st.lists(st.sampled_from(["a", "b", 1, 2, None]), unique=True)),
)


def _object(members: Mapping[str, Schema], required: set[str], closed: bool) -> Schema:
    node: Schema = {"type": "object", "properties": dict(members), "required": sorted(required & set(members))}
    return node | ({"additionalProperties": False} if closed else {})


def _nodes(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    return st.one_of(
        st.builds(
            _object,
            st.dictionaries(st.sampled_from("xyz"), inner, max_size=2),
            st.sets(st.sampled_from("xyz")),
            st.just(True),
        ),
        st.builds(lambda items, most: {"type": "array", "items": items, "maxItems": most}, inner, BOUNDS),
        st.builds(lambda options: {"anyOf": options}, st.lists(inner, min_size=1, max_size=2)),
    )


SCHEMAS = st.recursive(LEAVES, _nodes, max_leaves=4)
ANYTHING: st.SearchStrategy[Any] = st.sampled_from([None, True, 0, 7, 1.5, "", "text", [], {}])


def values_of(schema: Schema) -> st.SearchStrategy[Any]:
    """Values that the schema takes, those at its limits among them."""
    if "anyOf" in schema:
        return st.one_of([values_of(option) for option in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"]) if schema["enum"] else st.nothing()
    match schema.get("type"):
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "integer" | "number":
            least, most = schema.get("minimum", -9), schema.get("maximum", 9)
            return st.sampled_from([*{least, most}]) if least <= most else st.nothing()
        case "string":
            least, most = schema.get("minLength", 0), schema.get("maxLength", 9)
            return st.sampled_from(["t" * least, "t" * most]) if least <= most else st.nothing()
        case "array":
            items = values_of(schema["items"])
            return st.just([]) if items.is_empty else st.lists(items, max_size=schema["maxItems"])
        case "object":
            members = {name: values_of(inner) for name, inner in schema["properties"].items()}
            members = {
                name: inner for name, inner in members.items() if name in schema["required"] or not inner.is_empty
            }
            optional = {name: members.pop(name) for name in list(members) if name not in schema["required"]}
            return st.fixed_dictionaries(members, optional=optional)
    return ANYTHING


def takes(schema: Schema, value: Any) -> bool:
    """A validator for the few keywords of SCHEMAS."""
    if "anyOf" in schema:
        return any(takes(option, value) for option in schema["anyOf"])
    if "enum" in schema:
        return any(value == one and type(value) is type(one) for one in schema["enum"])
    kinds: dict[str, Any] = {"null": type(None), "boolean": bool, "string": str, "array": list, "object": dict}
    wanted = schema.get("type")
    if wanted in ("integer", "number"):
        right = isinstance(value, int if wanted == "integer" else int | float) and not isinstance(value, bool)
        return right and schema.get("minimum", value) <= value <= schema.get("maximum", value)
    if wanted is not None and not isinstance(value, kinds[wanted]):
        return False
    if wanted == "string":
        return bool(schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)))
    if wanted == "array":
        return len(value) <= schema["maxItems"] and all(takes(schema["items"], item) for item in value)
    if wanted == "object":
        known = schema["properties"]
        return set(schema["required"]) <= set(value) <= set(known) and all(takes(known[k], v) for k, v in value.items())
    return True


@st.composite
def changed(draw: st.DrawFn, node: Schema) -> Schema:
    """The schema with something in it wider, narrower or otherwise."""
    node = deepcopy(node)
    if draw(st.integers(0, 5)) == 0:
        return draw(SCHEMAS)
    for keyword in ("minimum", "maximum", "minLength", "maxLength", "maxItems"):
        if keyword in node and draw(st.booleans()):
            node[keyword] = draw(BOUNDS)
    if "enum" in node:
        node["enum"] = draw(st.lists(st.sampled_from([*node["enum"], "c"]), unique=True))
    for name in list(node.get("properties", {})):
        node["properties"][name] = draw(changed(node["properties"][name]))
        if draw(st.integers(0, 5)) == 0:
            node["required"] = sorted({*node["required"], name})
    if "items" in node:
        node["items"] = draw(changed(node["items"]))
    if "anyOf" in node:
        node["anyOf"] = [*(draw(changed(option)) for option in node["anyOf"]), draw(LEAVES)]
    return node


@settings(max_examples=150, deadline=None)
@given(st.data(), SCHEMAS)
def test_what_is_called_compatible_takes_every_old_value(data: st.DataObject, old: Schema) -> None:
    new = data.draw(changed(old))
    assume(not incompatible(old, new))
    values = values_of(old)
    assume(not values.is_empty)
    for value in data.draw(st.lists(values, max_size=8)):
        assert takes(old, value)
        assert takes(new, value)


@settings(max_examples=60, deadline=None)
@given(SCHEMAS)
def test_a_schema_is_compatible_with_itself(schema: Schema) -> None:
    assert incompatible(schema, deepcopy(schema)) == []


BASE: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "name": {"anyOf": [{"type": "string", "maxLength": 10}, {"type": "null"}]},
        "status": {"enum": ["in_service", "idle"]},
        "place": {"$ref": "#/$defs/Place"},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
    },
    "required": ["name"],
    "$defs": {"Place": {"type": "object", "properties": {"lat": {"type": "number", "maximum": 90}}}},
}


def altered(path: str, value: Any) -> Schema:
    new = deepcopy(BASE)
    *parents, name = path.split("/")
    node: Any = new
    for parent in parents:
        node = node[int(parent)] if isinstance(node, list) else node[parent]
    if value is None:
        del node[name]
    else:
        node[name] = value
    return new


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("properties/status", None, "status: the field has been removed"),
        ("required", ["name", "status"], "status: the field has become required"),
        ("properties/status/enum", ["idle"], "status: in_service can no longer be given"),
        ("properties/status", {"type": "integer"}, "status: in_service, idle is no longer taken"),
        ("properties/name/anyOf/0/maxLength", 5, "name: maxLength has fallen from 10 to 5"),
        ("properties/name", {"type": "string", "maxLength": 10}, "name: type null is no longer taken"),
        ("properties/name/anyOf/0/pattern", "^a", "name: pattern is now ^a, was none"),
        ("$defs/Place/properties/lat/maximum", 45, "place.lat: maximum has fallen from 90 to 45"),
        ("$defs/Place/properties/lat", None, "place.lat: the field has been removed"),
        ("$defs/Place/additionalProperties", False, "place.*: type anything is no longer taken"),
        ("properties/tags/items/minLength", 2, "tags[]: minLength has risen from none to 2"),
        ("properties/tags/items", {"type": "integer"}, "tags[]: type string is no longer taken"),
        ("properties/tags/uniqueItems", True, "tags: items must be unique now"),
        ("properties/tags/contains", {"const": "a"}, "tags: contains has changed, which cannot be compared"),
    ],
)
def test_a_narrower_schema_is_told_where_and_how(path: str, value: Any, told: str) -> None:
    assert incompatible(BASE, altered(path, value)) == [told]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("properties/further", {"type": "string"}),
        ("required", []),
        ("properties/status/enum", ["in_service", "idle", "retired"]),
        ("properties/status", {"type": "string"}),
        ("properties/name/anyOf/0/maxLength", None),
        ("properties/tags/maxItems", 9),
        ("$defs/Place/properties/lat/maximum", 90.0),
        ("properties/name/title", "Name"),
        ("properties/name/x-openness", "member"),
        ("properties/place", {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/Place"}]}),
    ],
)
def test_a_wider_schema_passes(path: str, value: Any) -> None:
    assert incompatible(BASE, altered(path, value)) == []


def test_the_hubs_own_contracts_are_compared_in_full() -> None:
    for name, schema in contracts().items():
        assert incompatible(schema, deepcopy(schema)) == []
        first = next(iter(schema["properties"]))
        narrower = deepcopy(schema)
        del narrower["properties"][first]
        assert incompatible(schema, narrower) == [f"{first}: the field has been removed"], name
