"""Whether a record offers itself to bookers, by what its own fields say."""

from collections.abc import Mapping
from typing import Any

from hub.text.language import Bilingual
from hub.text.messages import bilingual
from schemas.kind import Kind

_OUT_OF_USE = {
    "maintenance": bilingual("schemas.out-of-use.maintenance"),
    "out_of_service": bilingual("schemas.out-of-use.out_of_service"),
    "retired": bilingual("schemas.out-of-use.retired"),
}
_NOT_THE_KIND = bilingual("schemas.not-the-kind")
_NOT_SHARED = bilingual("schemas.not-shared")
_NO_HOURS = bilingual("schemas.no-hours")


def refusal_of(kind: Kind | None, fields: Mapping[str, Any]) -> Bilingual | None:
    """Why a record of this kind with these fields cannot be booked; None where it can."""
    if kind is None or not kind.bookable:
        return _NOT_THE_KIND
    status = str(fields.get("status") or "")
    if status in _OUT_OF_USE:
        return _OUT_OF_USE[status]
    if fields.get("shared") is False:
        return _NOT_SHARED
    return None if fields.get("opening_hours") else _NO_HOURS
