"""Values of the core as rows, and back."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, TypeVar

import orjson
from sqlalchemy import ColumnElement, Table

from hub.kernel.access import Scope
from services.accounts.core.values import Account, Invitation, Membership, Session, SignIn, Tenancy, Token

Value = TypeVar("Value", Account, Invitation, Membership, Session, SignIn, Tenancy, Token)
_SETS = {"roles", "sources", "scopes"}


def row_of(value: Any) -> dict[str, Any]:
    """The columns of a value."""
    return {name: _kept(item) for name, item in asdict(value).items()}


def _kept(item: Any) -> Any:
    if isinstance(item, frozenset):
        return " ".join(sorted(item))
    if isinstance(item, dict):
        return orjson.dumps({name: sorted(words) for name, words in item.items() if words}).decode()
    return item


def labelled(table: Table) -> list[ColumnElement[Any]]:
    """The table's columns under names that no other table's have, for one row of several tables."""
    return [column.label(f"{table.name}__{column.name}") for column in table.columns]


def read(model: type[Value], row: Mapping[Any, Any], prefix: str = "") -> Value:
    """The value in a row."""
    return model(**{item.name: _read(item.name, row[f"{prefix}{item.name}"]) for item in fields(model)})


def read_joined(model: type[Value], row: Mapping[Any, Any], table: Table) -> Value | None:
    """The value in a row of several tables; None where an outer join found none."""
    prefix = f"{table.name}__"
    first = fields(model)[0].name
    return None if row[prefix + first] is None else read(model, row, prefix)


def _read(name: str, item: Any) -> Any:
    if name in _SETS:
        return frozenset(item.split())
    if name == "scope":
        return Scope(**{part: frozenset(words) for part, words in orjson.loads(item or "{}").items()})
    return item
