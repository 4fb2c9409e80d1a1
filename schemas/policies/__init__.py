"""Whose word counts for which group of a kind's fields, as data: a file a kind, where the kind's order is not enough.

A group has `fields`, and an `order` of authorities, strongest first. An entry of it that is a mapping, such as
`{national: {level: [national, ministerial]}}`, counts only where the record's field has one of these values.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml

from hub.kernel.records import AUTHORITIES, Authority


@dataclass(frozen=True, slots=True)
class Rule:
    """An authority's place in an order, and the values that `field` must have for it, where one is named."""

    authority: Authority
    field: str = ""
    values: frozenset[str] = frozenset()

    def holds(self, context: Mapping[str, Any]) -> bool:
        return not self.field or context.get(self.field) in self.values


@lru_cache(maxsize=64)
def policies(kind: str) -> Mapping[str, tuple[Rule, ...]]:
    """The order of each field of a group; ValueError names what cannot be read."""
    file = files("schemas.policies") / f"{kind}.yaml"
    if not file.is_file():
        return {}
    orders: dict[str, tuple[Rule, ...]] = {}
    for group, entry in yaml.safe_load(file.read_text("utf-8")).items():
        order = tuple(_rule(f"{kind}.{group}", item) for item in entry["order"])
        for name in entry["fields"]:
            if name in orders:
                raise ValueError(f"{kind}.{group}: {name} is in two groups")
            orders[name] = order
    return orders


def _rule(group: str, item: Any) -> Rule:
    authority, when = next(iter(item.items())) if isinstance(item, dict) else (item, {})
    if authority not in AUTHORITIES or len(when) > 1:
        raise ValueError(f"{group}: expected an authority of {', '.join(AUTHORITIES)}, and one field at most")
    for field, values in when.items():
        return Rule(authority, field, frozenset(values))
    return Rule(authority)
