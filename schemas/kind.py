"""Record kinds and their registry. Adding a kind is one module here that calls `register`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from pydantic import BaseModel, ConfigDict

from hub.kernel.identifiers import record_id
from hub.kernel.records import AUTHORITIES, Authority
from hub.text.language import Bilingual


class RecordModel(BaseModel):
    """Base of every record kind: unknown fields are refused, text is stripped and never empty."""

    model_config = ConfigDict(
        extra="forbid", str_strip_whitespace=True, str_min_length=1, str_max_length=20_000, frozen=True
    )


@dataclass(frozen=True, slots=True)
class Identity:
    """One way to identify a record: the scheme's name and the paths of the fields that make the identifier."""

    scheme: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """One record kind; each is equal to itself alone, so that what is kept by kind is found fast.

    `identity` is tried in order, strongest first: the first whose fields are all present gives the record id, and a
    record with none is identified by its source and the source's own id. `title` lists the fields that name a record.
    `rank` orders the kinds in menus, lowest first. `crosswalk` maps a vocabulary (`cerif`, `pidinst`, `schema_org`) to
    the kind's element or type there.
    """

    name: str
    label: Bilingual
    model: type[RecordModel]
    identity: tuple[Identity, ...]
    title: tuple[str, ...] = ("name_zh", "name_en")
    authority: tuple[Authority, ...] = AUTHORITIES
    bookable: bool = False
    rank: int = 100
    crosswalk: Mapping[str, str] = field(default_factory=dict)

    def id_of(self, fields: Mapping[str, Any], source: str, source_record_id: str) -> str:
        """The id of the record that these (JSON) fields describe."""
        return self.identified(fields) or record_id(self.name, "source", source, source_record_id)

    def identified(self, fields: Mapping[str, Any]) -> str | None:
        """The id by the record's own identifiers alone, or None; also for a reference to a record of this kind."""
        for identity in self.identity:
            parts = [value_at(fields, path) for path in identity.paths]
            if all(parts):
                return record_id(self.name, identity.scheme, *(str(part) for part in parts))
        return None


def value_at(fields: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path such as `owner.uscc`, or None."""
    value: Any = fields
    for name in names_in(path):
        if type(value) is not dict and not isinstance(value, Mapping):  # an abstract class is slow to ask
            return None
        value = value.get(name)
    return value


@lru_cache(maxsize=4_096)
def names_in(path: str) -> tuple[str, ...]:
    """The names in a dotted path."""
    return tuple(path.split("."))


_registry: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """Make a kind known to every service; the last registration of a name wins."""
    _registry[kind.name] = kind
    return kind


def unregister(name: str) -> None:
    _registry.pop(name, None)


def kinds() -> Mapping[str, Kind]:
    """Every known kind by name: those of schemas/kinds by rank, then those that were registered since."""
    shipped_kinds()
    return _registry


@lru_cache(maxsize=1)
def shipped_kinds() -> tuple[str, ...]:
    """The names of the kinds in schemas/kinds, a module each that registers the kind of its own name, by rank."""
    found = [module.name for module in iter_modules(import_module("schemas.kinds").__path__)]
    for name in found:
        import_module(f"schemas.kinds.{name}")
    ranked = sorted(found, key=lambda name: (_registry[name].rank, name))
    _registry.update({name: _registry.pop(name) for name in ranked})
    return tuple(ranked)


def kind_named(name: str) -> Kind:
    """KeyError where there is no such kind."""
    return kinds()[name]
