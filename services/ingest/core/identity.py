"""What a row states about itself beside the record's own fields: its source's id, version and operation."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from hub.kernel.identifiers import cleaned
from hub.kernel.problems import Problem, expecting, quoted
from hub.kernel.records import Operation
from hub.kernel.versions import VersionForm, source_version
from hub.text.language import Bilingual
from hub.text.messages import bilingual
from schemas.validation import cleaned_json
from services.ingest.core.rows import ERROR_NAME, ID_NAMES, OPERATION_NAMES, RAW_NAME, VERSION_NAMES, Row

ID_LIMIT = 300
_OPERATIONS: Mapping[str, Operation] = {
    "upsert": "upsert",
    "update": "upsert",
    "新增": "upsert",
    "更新": "upsert",
    "withdraw": "withdraw",
    "delete": "withdraw",
    "撤回": "withdraw",
    "撤销": "withdraw",
}
_STATED = frozenset((*ID_NAMES, *VERSION_NAMES, *OPERATION_NAMES, ERROR_NAME, RAW_NAME))

_EXPECTED_VERSION: Mapping[VersionForm | None, Bilingual] = {
    None: bilingual("ingest.bad-source-record-id"),
    "count": bilingual("ingest.bad-version.count"),
    "time": bilingual("ingest.bad-version.time"),
}
AN_OBJECT = bilingual("ingest.not-an-object")


class Stated(NamedTuple):
    """`version` and `operation` are None where the row leaves them to the request; `data` are the fields alone."""

    source_record_id: str
    version: int | None
    operation: Operation | None
    data: bytes | Mapping[str, Any]
    problems: tuple[Problem, ...] = ()


def stated(row: Row, form: VersionForm | None = None) -> Stated:
    """Separate what the row states about itself; the fields stay as bytes where the row states nothing.

    `form` is that of the source's versions, where it is known.
    """
    data: Any = row.data
    if isinstance(data, bytes):
        if b'"_' not in data and b'"source_' not in data:
            return _statement(row.source_record_id, row.version, row.operation, data, form)
        try:
            data = orjson.loads(cleaned_json(data))
        except orjson.JSONDecodeError:
            return Stated("", None, None, row.data)
    if not isinstance(data, dict):
        return Stated("", None, None, data, (Problem("not-an-object", AN_OBJECT),))
    if isinstance(data.get(RAW_NAME), str):
        return stated(row._replace(form="json", data=data[RAW_NAME].encode()), form)
    source_record_id = _first(data, ID_NAMES, row.source_record_id)
    version = _first(data, VERSION_NAMES, row.version)
    operation = _first(data, OPERATION_NAMES, row.operation)
    fields = {name: value for name, value in data.items() if name not in _STATED}
    return _statement(source_record_id, version, operation, fields, form)


def _first(data: Mapping[str, Any], names: tuple[str, ...], otherwise: Any) -> Any:
    for name in names:
        value = data.get(name)
        if value is not None and value != "":
            return value
    return otherwise


def _statement(
    source_record_id: Any,
    version: Any,
    operation: Any,
    data: bytes | Mapping[str, Any],
    form: VersionForm | None,
) -> Stated:
    if source_record_id is None and version is None and operation is None:
        return Stated("", None, None, data)
    problems: list[Problem] = []
    number = None if version is None else _version(version, form, problems)
    known = None if operation is None else _operation(operation, problems)
    its_id = "" if source_record_id is None else _id(source_record_id, problems)
    return Stated(its_id, number, known, data, tuple(problems))


def _version(value: Any, form: VersionForm | None, problems: list[Problem]) -> int | None:
    try:
        return source_version(value, form)
    except (ValueError, TypeError, AttributeError, OverflowError):
        problems.append(Problem("bad-version", _EXPECTED_VERSION[form], quoted(value), VERSION_NAMES[0]))
        return None


def _operation(value: Any, problems: list[Problem]) -> Operation | None:
    known = _OPERATIONS.get(str(value).strip().casefold())
    if known is None:
        problems.append(
            expecting("bad-operation", "ingest.bad-source-record-id.upsert-withdraw", value, OPERATION_NAMES[0])
        )
    return known


def _id(value: Any, problems: list[Problem]) -> str:
    text = cleaned(str(value)).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if 0 < len(text) <= ID_LIMIT and text.isprintable():
        return text
    problems.append(
        expecting("bad-source-record-id", "ingest.printable-characters", value, ID_NAMES[0], limit=ID_LIMIT)
    )
    return ""
