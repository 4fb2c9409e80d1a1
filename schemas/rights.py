"""Who may decide about a record's resource, by who speaks for it."""

from hub.kernel.access import Principal
from hub.kernel.records import Record


def owns(principal: Principal, record: Record | None) -> bool:
    """Whether the caller speaks for the instrument: an operator, or a submitter for a source with an owner's authority.

    Whoever harvests or oversees a record does not decide about the instrument's time.
    """
    if "operator" in principal.roles:
        return True
    own = () if record is None else (source for source in record.sources if source.authority == "owner")
    return any(principal.may_submit_for(source.source) for source in own)
