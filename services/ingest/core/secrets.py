"""Finding the private values in a record's fields, so that tokens take their place before anything leaves ingest."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from hub.kernel.canonical import canonical_json
from schemas.fields import FieldSpec, fields_of
from schemas.kind import Kind

Path = tuple[str, ...]


class Place(NamedTuple):
    """Where a secret value stands: `container[key]`."""

    container: Any
    key: Any

    @property
    def value(self) -> str:
        """The value as text; anything but a text as canonical JSON."""
        value = self.container[self.key]
        return value if isinstance(value, str) else canonical_json(value).decode()

    def put(self, token: str) -> None:
        self.container[self.key] = token


@lru_cache(maxsize=64)
def secret_paths(kind: Kind) -> tuple[Path, ...]:
    """The paths of the kind's secret fields; of a part that is secret as a whole, only the part's own."""
    found: list[Path] = []
    for spec in _all(fields_of(kind)):
        path = tuple(spec.path.split("."))
        if spec.openness == "secret" and not any(path[: len(outer)] == outer for outer in found):
            found.append(path)
    return tuple(found)


def secret_places(fields: dict[str, Any], paths: Iterable[Path]) -> Iterator[Place]:
    """Every place in the fields that holds a secret value; each item of a list is a value of its own."""
    for path in paths:
        if path[0] in fields:
            yield from _places(fields, path)


def _places(container: Any, path: Path) -> Iterator[Place]:
    name, rest = path[0], path[1:]
    value = container.get(name) if isinstance(container, dict) else None
    if value is None:
        return
    if not rest:
        yield from _ends(container, name, value)
    else:
        for item in value if isinstance(value, list) else (value,):
            yield from _places(item, rest)


def _ends(container: Any, key: Any, value: Any) -> Iterator[Place]:
    if isinstance(value, list):
        yield from (Place(value, index) for index in range(len(value)))
    else:
        yield Place(container, key)


def _all(specs: Iterable[FieldSpec]) -> Iterator[FieldSpec]:
    for spec in specs:
        yield spec
        yield from _all(spec.members)
