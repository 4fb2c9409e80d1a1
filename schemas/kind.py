"""Record kinds and their registry. Adding a kind is one module here that calls `register`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from pydantic import BaseModel, ConfigDict

from hub.kernel.identifiers import normalised, own_id, record_id
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


@dataclass(frozen=True, slots=True)
class Resemblance:
    """What two records of one thing are likely to have alike: the values at all of these paths.

    With `looks` they are compared as they look (`hub.kernel.identifiers.skeleton`). Identifiers that differ do not rule
    such a pair out.
    """

    name: str
    paths: tuple[str, ...]
    looks: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """One record kind; each is equal to itself alone, so that what is kept by kind is found fast.

    `identity` is tried in order, strongest first: the first whose fields are all present gives the record id, and a
    record with none is identified by its source and the source's own id. `title` lists the fields that name a record;
    `owner` is the reference to the organisation that manages it (owner, host, lead), empty where it is one itself.
    `alike` are signs of a duplicate besides a name.
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
    owner: str = ""
    alike: tuple[Resemblance, ...] = ()

    def id_of(self, fields: Mapping[str, Any], source: str, source_record_id: str, organisation: str = "") -> str:
        """The id of the record that these (JSON) fields describe, where it is new."""
        return self.identified(fields) or own_id(self.name, source, organisation, source_record_id)

    def identified(self, fields: Mapping[str, Any]) -> str | None:
        """The id by the record's own identifiers alone, or None; also for a reference to a record of this kind."""
        for identity in self.identity:
            parts = [value_at(fields, path) for path in identity.paths]
            if all(parts):
                return record_id(self.name, identity.scheme, *(str(part) for part in parts))
        return None

    def identities(self, fields: Mapping[str, Any]) -> tuple[str, ...]:
        """The id by each of the record's identifiers, strongest first."""
        found: dict[str, None] = {}
        for identity in self.identity:
            parts = [value_at(fields, path) for path in identity.paths]
            if all(parts):
                found[record_id(self.name, identity.scheme, *(str(part) for part in parts))] = None
        return tuple(found)

    def telling(self, fields: Mapping[str, Any]) -> dict[tuple[str, ...], tuple[str, ...]]:
        """The values that tell things of the kind apart, by their paths: identifiers, as they are compared.

        A name that is part of one does not: whether it is written otherwise or another is what a person decides.
        """
        telling = {}
        for identity in self.identity:
            paths = tuple(path for path in identity.paths if path not in self.title)
            values = [value_at(fields, path) for path in paths]
            if paths and all(values):
                telling[paths] = tuple(normalised(str(value)) for value in values)
        return telling

    def owner_code(self, fields: Mapping[str, Any]) -> str | None:
        """The unified social credit code of the organisation that the record says it is managed by."""
        code = value_at(fields, f"{self.owner}.uscc" if self.owner else "uscc")
        return None if code is None else str(code)


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
