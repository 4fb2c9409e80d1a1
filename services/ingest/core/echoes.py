"""A hub's own word that comes back to it: rows of an export, which bear the id of a record of the hub, and its version.

What such a row says as the hub has said it is nobody else's statement: taken for one, it would hold against the very
source that the hub had it from, when that corrects or withdraws it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from hub.kernel.problems import expecting
from services.ingest.core.rows import ID_NAMES
from services.ingest.core.submissions import Checked, Frame, Refused, private_places

OwnWord = Callable[[str, int | None], Mapping[str, Any] | None]
"""The fields of a version of a record of this hub, of the newest for None; None where it has none such."""
_ID_DIGITS = 20


def without_own_word(row: Checked, frame: Frame, own_word: OwnWord) -> Checked | Refused:
    """The row with what its sender says otherwise than the hub; refused where that is nothing."""
    record_id, version = row.statement.source_record_id, row.statement.version
    kind, _, digits = record_id.rpartition("-")
    if row.operation == "withdraw" or kind != frame.kind.name or len(digits) != _ID_DIGITS:
        return row
    own = own_word(record_id, version)
    if own is None:
        return row
    for name in [name for name, value in row.fields.items() if _is_within(value, own.get(name))]:
        del row.fields[name]
    if not row.fields:
        return Refused(row.row, (expecting("own-word", "ingest.own-word", record_id, ID_NAMES[0]),))
    return row._replace(private=tuple(private_places(row.fields, frame.private)), record_id=record_id)


def _is_within(value: Any, own: Any) -> bool:
    """Whether the value is the hub's, or what readers see of it."""
    if isinstance(value, Mapping) and isinstance(own, Mapping):
        return all(_is_within(member, own.get(name)) for name, member in value.items())
    if isinstance(value, list) and isinstance(own, list):
        return len(value) == len(own) and all(map(_is_within, value, own))
    return bool(value == own)
