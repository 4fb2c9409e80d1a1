"""Who may decide about a record's resource, by who speaks for it."""

from hub.kernel.access import Principal
from hub.kernel.records import Record


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
