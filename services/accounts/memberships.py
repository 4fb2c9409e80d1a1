"""Rules of an organisation's members that several of its actions keep."""

from collections.abc import Sequence

from hub.kernel.access import Role
from services.accounts.core.rights import may_leave
from services.accounts.core.values import Membership
from services.accounts.refusals import refused


def among(members: Sequence[Membership], account: str) -> Membership:
    """The account's membership; raises Refusal (404) where it has none."""
    member = next((member for member in members if member.account == account), None)
    if member is None:
        raise refused("no-member", 404)
    return member


def keep_an_administrator(member: Membership, members: Sequence[Membership]) -> None:
    """Raises Refusal (409) where the organisation would be left without one."""
    if not may_leave(member, members):
        raise refused("last-administrator", 409)


def words_of(roles: frozenset[Role], administrator: bool) -> str:
    """How the audit trail has them."""
    return " ".join([*sorted(roles), *(["administrator"] if administrator else [])])
