"""The fields of a kind as a tree, so that one walk over a record's fields meets its specifications on the way."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from hub.kernel.access import READERS, Openness, Principal
from schemas.fields import FieldSpec, fields_of
from schemas.kind import Kind
from schemas.validation import MASK

PUBLIC: frozenset[Openness] = frozenset({"public"})


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One field; `levels` are the openness levels found in it and below it."""

    spec: FieldSpec
    members: Mapping[str, "Node"]
    levels: frozenset[Openness]


def layout(kind: Kind) -> Mapping[str, Node]:
    """The kind's own fields by name; members of parts, multiple ones too, are nodes below them."""
    return _layout(kind)


@lru_cache(maxsize=256)
def _layout(kind: Kind) -> Mapping[str, Node]:
    return _nodes(fields_of(kind))


def _nodes(specs: Iterable[FieldSpec]) -> dict[str, Node]:
    specs = list(specs)
    shortest = min((spec.path.count(".") for spec in specs), default=0)
    nodes: dict[str, Node] = {}
    for spec in specs:
        if spec.path.count(".") > shortest:
            continue
        below = spec.members or [other for other in specs if other.path.startswith(f"{spec.path}.")]
        members = _nodes(below)
        levels = frozenset({spec.openness}).union(*(member.levels for member in members.values()))
        nodes[spec.path.rpartition(".")[2]] = Node(spec, members, levels)
    return nodes


def readable(principal: Principal) -> frozenset[Openness]:
    """The openness levels that the caller may see."""
    levels: tuple[Openness, ...] = ("public", *READERS)
    return frozenset(level for level in levels if principal.may_see(level))


def visible(nodes: Mapping[str, Node], fields: Mapping[str, Any], levels: frozenset[Openness]) -> dict[str, Any]:
    """The fields of these levels. A secret value is masked even for those who may see that it is there.

    Fields that the kind does not know, and parts of which nothing is visible, are left out.
    """
    kept: dict[str, Any] = {}
    for name, value in fields.items():
        node = nodes.get(name)
        if node is None or node.spec.openness not in levels or value is None:
            continue
        if node.levels <= levels and "secret" not in node.levels:
            kept[name] = value
        elif (seen := _seen(node, value, levels)) is not None:
            kept[name] = seen
    return kept


def _seen(node: Node, value: Any, levels: frozenset[Openness]) -> Any:
    if node.spec.openness == "secret":
        return MASK
    if isinstance(value, Mapping):
        return visible(node.members, value, levels) or None
    if isinstance(value, list | tuple):
        return [seen for item in value if (seen := _seen(node, item, levels)) is not None] or None
    return None if node.members else value  # a part that is none could be anything


def hidden(nodes: Mapping[str, Node], fields: Mapping[str, Any], levels: frozenset[Openness]) -> list[FieldSpec]:
    """The fields that have a value which the caller may not see, the outermost of each."""
    specs: dict[str, FieldSpec] = {}
    for name, value in fields.items():
        node = nodes.get(name)
        if node is None or value is None or node.levels <= levels:
            continue
        if node.spec.openness not in levels:
            specs[node.spec.path] = node.spec
            continue
        for item in value if isinstance(value, list | tuple) else (value,):
            if isinstance(item, Mapping):
                specs |= {spec.path: spec for spec in hidden(node.members, item, levels)}
    return list(specs.values())
