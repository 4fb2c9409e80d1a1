"""From rows to submissions: check, take the private values out, identify."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from hub.kernel.access import SEALED
from hub.kernel.identifiers import own_id
from hub.kernel.problems import Problem, expecting
from hub.kernel.records import Authority, Operation, Submission
from hub.kernel.versions import VersionForm, latest_version
from hub.ports.personal import Sealer
from schemas.fields import FieldSpec, fields_of
from schemas.kind import Kind
from schemas.validation import Invalid, Valid, validate_clean, validate_json, validate_python, validate_text
from services.ingest.core.identity import Stated, stated
from services.ingest.core.rows import ID_NAMES, VERSION_NAMES, Row

Path = tuple[str, ...]


class Place(NamedTuple):
    """Where a private value stands: `container[key]`."""

    container: Any
    key: Any

    def seal(self, sealer: Sealer) -> None:
        """Put the value's token in its place."""
        self.container[self.key] = sealer(self.container[self.key])


@lru_cache(maxsize=64)
def private_paths(kind: Kind) -> tuple[Path, ...]:
    """The paths of the kind's agency and secret fields; of a part that is one as a whole, only the part's own."""
    found: list[Path] = []
    for spec in _all(fields_of(kind)):
        path = tuple(spec.path.split("."))
        if spec.openness in SEALED and not any(path[: len(outer)] == outer for outer in found):
            found.append(path)
    return tuple(found)


def private_places(fields: dict[str, Any], paths: Iterable[Path]) -> Iterator[Place]:
    """Every place in the fields that holds a private value; each item of a list is a value of its own."""
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


_LAST_TIME = 253_402_300_800_000_000
"""The year 10000, which no time can be told from on."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What holds for every row of a request.

    `version` is the version of a row that states none: the time of arrival in microseconds since 1970, UTC, to which
    the row's number is added, so that of two rows with one id the later one counts. `organisation` is the one for which
    the sender speaks, `versions` the form that the source's versions have, where that is stated. `private` are the
    paths of the kind's private fields.
    """

    kind: Kind
    source: str
    authority: Authority
    received_at: str
    version: int
    operation: Operation = "upsert"
    organisation: str = ""
    versions: VersionForm | None = None
    private: tuple[Path, ...] = field(init=False, repr=False)
    latest: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "latest", latest_version(datetime.fromisoformat(self.received_at)))
        object.__setattr__(self, "private", private_paths(self.kind))


class Refused(NamedTuple):
    """A row that was not taken, and why."""

    row: Row
    problems: tuple[Problem, ...]


class Checked(NamedTuple):
    """A valid row whose private values still stand in its fields, at `private`.

    `record_id` is the record of this hub that the row says it is about; None where it says none.
    """

    row: Row
    statement: Stated
    operation: Operation
    fields: dict[str, Any]
    private: tuple[Place, ...]
    record_id: str | None = None


def checked(row: Row, frame: Frame) -> Checked | Refused:
    """Validate one row; a withdrawal needs no more than the source's own id of the record."""
    if row.problems:
        return Refused(row, row.problems)
    statement = stated(row, frame.versions)
    if statement.problems:
        return Refused(row, statement.problems)
    if statement.version is not None and statement.version > frame.latest:
        return Refused(row, (_ahead(statement.version),))
    operation = statement.operation or frame.operation
    result = _validated(row, statement.data, frame.kind)
    if isinstance(result, Valid):
        private = tuple(private_places(result.fields, frame.private))
        return Checked(row, statement, operation, result.fields, private)
    if operation == "withdraw" and statement.source_record_id:
        return Checked(row, statement, operation, {}, ())
    return Refused(row, result.problems)


def subject_of(row: Checked, frame: Frame) -> str:
    """Whom the row is about: the id of its record as far as the row tells; empty where it tells none."""
    if named := frame.kind.identified(row.fields) or row.record_id:
        return named
    number = row.statement.source_record_id
    return own_id(frame.kind.name, frame.source, frame.organisation, number) if number else ""


def submission(row: Checked, frame: Frame) -> Submission | Refused:
    """The submission that a checked row makes; call it when tokens stand in the place of the private values.

    Documents of formats that tell of a whole record are complete; a row of a table or of JSON changes what it names.
    """
    kind, statement = frame.kind, row.statement
    by_identity = kind.identified(row.fields)
    source_record_id = statement.source_record_id or by_identity
    if source_record_id is None:
        return Refused(row.row, (_unidentified(kind),))
    version = frame.version + row.row.number if statement.version is None else statement.version
    if row.operation == "withdraw":
        record_id, fields = by_identity, {}
    else:
        record_id, fields = by_identity or row.record_id, row.fields
        record_id = record_id or own_id(kind.name, frame.source, frame.organisation, source_record_id)
    return Submission(
        kind.name,
        frame.source,
        source_record_id,
        version,
        row.operation,
        frame.authority,
        record_id,
        fields,
        frame.received_at,
        frame.organisation,
        row.operation == "withdraw" or row.row.form == "values",
    )


def _validated(row: Row, data: bytes | Mapping[str, Any], kind: Kind) -> Valid | Invalid:
    if isinstance(data, bytes):
        return validate_json(kind, data)
    if row.form == "json":
        return validate_clean(kind, data)
    return validate_text(kind, data) if row.form == "text" else validate_python(kind, data)


def _ahead(version: int) -> Problem:
    moment = datetime.fromtimestamp(version / 1_000_000, UTC).isoformat() if version < _LAST_TIME else str(version)
    return expecting("future-version", "ingest.future-version", moment, VERSION_NAMES[0])


def _unidentified(kind: Kind) -> Problem:
    ways = " / ".join(" + ".join(identity.paths) for identity in kind.identity)
    return expecting("unidentified", "ingest.source-own-record-id", "", ID_NAMES[0], ways=ways)
