"""What an account may do for an organisation, by what it was given and how it came in."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from hub.kernel.access import Principal, Role, Scope
from services.accounts.core.values import Account, Membership, Session, Tenancy, Token

OF_THE_UNVERIFIED: frozenset[Role] = frozenset({"member"})
VERIFIERS: frozenset[Role] = frozenset({"operator", "agency"})
OWN_SOURCE = "owner"
ANY_SOURCE = "*"
TOKEN, SESSION, LEGACY, PROVIDER = "tok-", "ses-", "legacy-", "provider"
"""How credentials' ids begin; what a provider vouches for has the last as its id."""


@dataclass(frozen=True, slots=True)
class Holding:
    """All that is kept about who came in: a session has no token, or the one that it was exchanged for.

    A session of a legacy token has no account.
    """

    account: Account | None
    tenancy: Tenancy | None = None
    membership: Membership | None = None
    token: Token | None = None
    session: Session | None = None


def is_good(holding: Holding, now: str, idle_since: str) -> bool:
    """Whether it lets its holder in at this time. `idle_since`: a session that was not used since is over."""
    token, session = holding.token, holding.session
    if holding.account and holding.account.disabled_at:
        return False
    if session and session.parent.startswith(TOKEN) and token is None:
        return False
    if token and (token.revoked_at or (token.expires_at and token.expires_at <= now)):
        return False
    return session is None or (session.expires_at > now and session.used_at > idle_since)


def roles_for(tenancy: Tenancy | None, roles: frozenset[Role]) -> frozenset[Role]:
    """Those of the roles that count: the unverified look and book, the suspended do nothing."""
    if tenancy is None or tenancy.state == "suspended":
        return frozenset()
    return roles if tenancy.state == "verified" else roles & OF_THE_UNVERIFIED


def principal_of(holding: Holding) -> Principal:
    """Who acts, and what they may do."""
    account, tenancy, token, session = holding.account, holding.tenancy, holding.token, holding.session
    given = holding.membership.roles if holding.membership else frozenset()
    roles = roles_for(tenancy, given | (session.roles if session else frozenset()))
    if token:
        roles &= token.scopes
    credential = session or token
    return Principal(
        name=account.name if account else "",
        roles=roles,
        sources=_sources(roles, tenancy, token, session),
        account=account.id if account else "",
        organisation=tenancy.id if tenancy else "",
        credential=credential.id if credential else "",
        scope=tenancy.scope if tenancy else Scope(),
    )


def _sources(
    roles: frozenset[Role], tenancy: Tenancy | None, token: Token | None, session: Session | None
) -> frozenset[str]:
    if "operator" in roles:
        return frozenset({ANY_SOURCE})
    if tenancy is None or "submitter" not in roles:
        return frozenset()
    granted = tenancy.sources | {OWN_SOURCE} | (session.sources if session else frozenset())
    return granted if token is None else token.sources if ANY_SOURCE in granted else granted & token.sources


def may_leave(leaving: Membership, members: Iterable[Membership]) -> bool:
    """An organisation that had an administrator keeps one for as long as anybody is left."""
    others = [member for member in members if member.account != leaving.account]
    return not leaving.administrator or not others or any(member.administrator for member in others)


def may_verify(caller: Principal, tenancy: Tenancy) -> bool:
    """Operators all; an agency those whose credit code names a division in its scope (GB 32100-2015: digits 3 to 8)."""
    if "operator" in caller.roles:
        return True
    scope = replace(caller.scope, levels=frozenset())  # organisations have none
    division = frozenset({tenancy.credit_code[2:8]} - {""})
    overseeing = "agency" in caller.roles and scope.is_given
    return overseeing and bool(division) and scope.covers("organisation", division)
