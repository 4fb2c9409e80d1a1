"""Who may decide about a record's resource, by the organisation that holds it, and whether it can be booked at all."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from hub.kernel.access import Principal, Role
from hub.kernel.records import Record
from hub.text.language import Bilingual
from hub.text.messages import bilingual
from schemas.kind import Kind, kinds, value_at

_OUT_OF_USE = {
    "maintenance": bilingual("schemas.out-of-use.maintenance"),
    "out_of_service": bilingual("schemas.out-of-use.out_of_service"),
    "retired": bilingual("schemas.out-of-use.retired"),
}
_NOT_THE_KIND = bilingual("schemas.not-the-kind")
_NOT_SHARED = bilingual("schemas.not-shared")
_NO_HOURS = bilingual("schemas.no-hours")
DECIDERS: frozenset[Role] = frozenset({"manager", "approver"})
"""The roles that decide about the time of the instruments that their organisation holds."""
NAMERS: frozenset[Role] = frozenset({"manager"})
"""The roles that name an instrument's managers for the organisation that holds it."""
REPORTERS: frozenset[Role] = frozenset({"manager", "submitter"})
"""The roles that report the use of the instruments that their organisation holds."""
GIVEN_BY_ADMINISTRATORS: tuple[Role, ...] = ("member", "manager", "approver", "submitter", "steward")
"""Roles within an organisation; those beyond it are given by operators alone."""


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


def holder_of(record: Record | None) -> str | None:
    """The organisation (a tenancy id) that manages the record's resource; None where operators alone do.

    A record that curation has not given a holder is that of the one organisation that speaks for it as its owner; where
    several do, none of them can be told to be the right one.
    """
    if record is None or record.holder is not None:
        return record.holder if record else None
    speakers = {source.organisation for source in record.sources if source.authority == "owner"}
    return speakers.pop() if len(speakers) == 1 else None


def acts_for(principal: Principal, record: Record | None, roles: Collection[Role]) -> bool:
    """Whether the caller is an operator, or has one of the roles for the organisation that holds the record.

    Whoever harvests or oversees a record has no say about the instrument's time. What was there before organisations is
    held by one without a name (`""`), whose members are told apart by the sources that they may speak for.
    """
    if "operator" in principal.roles:
        return True
    holder = holder_of(record)
    if record is None or holder is None or principal.organisation != holder or principal.roles.isdisjoint(roles):
        return False
    own = (source for source in record.sources if source.authority == "owner" and not source.organisation)
    return bool(holder) or any(principal.may_submit_for(source.source) for source in own)


def may_decide(principal: Principal, record: Record | None, managers: Collection[str]) -> bool:
    """Whether the caller decides about bookings of the record's instrument: see `acts_for` and DECIDERS.

    Where the holder has named accounts as the instrument's `managers`, they alone do.
    """
    named = not managers or principal.account in managers or "operator" in principal.roles
    return named and acts_for(principal, record, DECIDERS)


def oversees(by: Principal, record: Record) -> bool:
    """Operators all records, an agency those that its scope covers.

    A record that tells no place is where its owner is registered (GB 32100-2015: digits 3 to 8 of the credit code).
    """
    kind = kinds().get(record.kind)
    owner = (kind.owner_code(record.fields) if kind else None) or ""
    division = str(value_at(record.fields, "place.division") or owner[2:8])
    places, level = frozenset({division} - {""}), str(record.fields.get("level") or "")
    overseeing = "agency" in by.roles and by.scope.is_given
    return "operator" in by.roles or (overseeing and by.scope.covers(record.kind, places, level))


def may_settle(by: Principal, record: Record) -> bool:
    """Whoever oversees the record, and the stewards of its holder: they settle what its sources leave open."""
    return oversees(by, record) or ("steward" in by.roles and by.organisation == record.holder)


def within_scope(by: Principal, record: Record) -> Principal:
    """The caller as it is to the record: an agency is no more than a member to what its scope does not cover."""
    if "agency" not in by.roles or oversees(by, record):
        return by
    return replace(by, roles=by.roles - {"agency"} | {"member"})
