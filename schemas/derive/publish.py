"""Write what is derived from kinds, events and operations to where it is read: `python -m schemas.derive.publish`.

`--check` writes nothing and tells what is out of date. A contract is never replaced by one that refuses what it took:
such a change is a new event type, or is listed in schemas/published/breaks.yaml with its reason.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson
import yaml

from schemas.derive.asyncapi import asyncapi
from schemas.derive.compatibility import incompatible
from schemas.derive.contracts import contracts
from schemas.derive.docs import documents
from schemas.derive.jsonschema import Schema
from schemas.derive.openapi import openapi
from schemas.derive.openapi_compatibility import incompatible_api
from schemas.http import OPERATIONS
from schemas.kind import kind_named, shipped_kinds
from schemas.topics import contracts as topic_contracts

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = Path("schemas/published")
BREAKS = PUBLISHED / "breaks.yaml"
ASYNCAPI = PUBLISHED / "asyncapi.json"
OPENAPI = PUBLISHED / "openapi.json"
KINDS_DOCUMENT = Path("docs/kinds.md")


class Incompatible(Exception):
    """Published contracts would refuse what they took; the message has a line for each reason."""


def published() -> dict[Path, bytes]:
    """The content of every derived file by its path below the root of the checkout."""
    files = {PUBLISHED / f"{name}.json": written(schema) for name, schema in contracts().items()}
    document = documents(kind_named(name) for name in shipped_kinds())
    apis = {ASYNCAPI: written(asyncapi(topic_contracts())), OPENAPI: written(openapi(OPERATIONS))}
    return files | {KINDS_DOCUMENT: document.encode()} | apis


def written(schema: Schema) -> bytes:
    """A schema as a file holds it: indented, so that a change shows line by line."""
    return orjson.dumps(schema, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def outdated(root: Path) -> list[str]:
    """The derived files below `root` that are missing, differ, or are derived no longer."""
    wanted = published()
    stale = [str(path) for path, content in wanted.items() if _read(root / path) != content]
    found = (path.relative_to(root) for path in (root / PUBLISHED).glob("*.json"))
    return sorted([*stale, *(str(path) for path in found if path not in wanted)])


def breaks(root: Path) -> Mapping[str, Mapping[str, str]]:
    """The incompatible changes that were decided on: file name to reason by what `incompatible` says of it."""
    path = root / BREAKS
    return (yaml.safe_load(path.read_text("utf-8")) if path.exists() else None) or {}


def refusals(name: str, old: bytes, new: bytes, accepted: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Why the contract of this name may not take the place of the old one; empty where it may."""
    known = accepted.get(name, {})
    compare = incompatible_api if name == OPENAPI.name else incompatible
    found = compare(orjson.loads(old), orjson.loads(new))
    return [reason for reason in found if not {reason, f"*: {reason.partition(': ')[2]}"} & known.keys()]


def write_published(root: Path) -> list[str]:
    """Bring the derived files below `root` up to date and return which changed; Incompatible, and nothing written."""
    wanted, accepted = published(), breaks(root)
    changed = [path for path, content in wanted.items() if _read(root / path) != content]
    reasons = [
        f"{path.name}: {reason}"
        for path in changed
        if path.suffix == ".json" and path != ASYNCAPI and (old := _read(root / path)) is not None
        for reason in refusals(path.name, old, wanted[path], accepted)
    ]
    reasons += [f"{name}: the contract has been removed" for name in _removed(root, wanted) if name not in accepted]
    if reasons:
        raise Incompatible("\n".join(reasons))
    for path in changed:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(wanted[path])
    for name in _removed(root, wanted):
        (root / PUBLISHED / name).unlink()
    return [str(path) for path in changed]


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """The command; 1 where something is out of date or must not be published."""
    parser = argparse.ArgumentParser(prog="python -m schemas.derive.publish", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, tell what is out of date")
    if parser.parse_args(arguments).check:
        stale = outdated(root)
        sys.stderr.writelines(f"out of date: {path}\n" for path in stale)
        return 1 if stale else 0
    try:
        sys.stderr.writelines(f"written: {path}\n" for path in write_published(root))
    except Incompatible as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _removed(root: Path, wanted: Mapping[Path, bytes]) -> list[str]:
    return [path.name for path in (root / PUBLISHED).glob("*.json") if path.relative_to(root) not in wanted]


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


if __name__ == "__main__":
    sys.exit(main())
