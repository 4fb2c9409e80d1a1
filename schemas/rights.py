"""Who may decide about a record's resource, by who speaks for it, and whether it can be booked at all."""

from collections.abc import Mapping
from typing import Any

from hub.kernel.access import Principal
from hub.kernel.records import Record
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


def owns(principal: Principal, record: Record | None) -> bool:
    """Whether the caller speaks for the instrument: an operator, or a submitter for a source with an owner's authority.

    Whoever harvests or oversees a record does not decide about the instrument's time.
    """
    if "operator" in principal.roles:
        return True
    return record is not None and any(map(principal.may_submit_for, owner_sources(record)))


def owner_sources(record: Record) -> frozenset[str]:
    """The sources that speak for the record with an owner's authority."""
    return frozenset(source.source for source in record.sources if source.authority == "owner")
