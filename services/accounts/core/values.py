"""People and machines, the organisations that they act for, and what they were given to come in by."""

from dataclasses import dataclass
from typing import Literal

from hub.kernel.access import Role, Scope

AccountKind = Literal["person", "machine"]
TenancyState = Literal["unverified", "verified", "suspended"]
Way = Literal["code", "link", "token", "provider"]
InvitationState = Literal["open", "accepted", "declined", "revoked"]
ADMINISTER = "administer"
"""A token's scope beside roles: to do what an administrator of its organisation may."""


@dataclass(frozen=True, slots=True)
class Account:
    """A person or a machine. The name is for people to read and may be anybody's; a person's is sealed."""

    id: str
    kind: AccountKind
    name: str
    created_at: str
    disabled_at: str | None = None


@dataclass(frozen=True, slots=True)
class Tenancy:
    """An organisation that accounts act for. `scope` bounds the roles of an agency; `sources` it may speak for."""

    id: str
    name_zh: str
    name_en: str
    credit_code: str
    record_id: str
    state: TenancyState
    verified_by: str
    verified_at: str | None
    evidence: str
    sources: frozenset[str]
    scope: Scope
    created_by: str
    created_at: str


@dataclass(frozen=True, slots=True)
class Membership:
    """What an account may do for an organisation. An administrator invites, sets roles and lets go."""

    account: str
    tenancy: str
    roles: frozenset[Role]
    administrator: bool
    since: str


@dataclass(frozen=True, slots=True)
class Token:
    """A token of an account for one organisation: at most its `scopes` (roles, ADMINISTER) and its `sources`."""

    id: str
    digest: str
    account: str
    tenancy: str
    name: str
    scopes: frozenset[str]
    sources: frozenset[str]
    created_at: str
    expires_at: str | None = None
    used_at: str | None = None
    revoked_at: str | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in. `parent`: the token that it was exchanged for, by which it stands and falls.

    `roles` and `sources` are what a provider granted, `formerly` (sealed) the name that was its subject's before
    accounts had ids. `address` is a keyed digest of where it was begun.
    """

    id: str
    digest: str
    account: str
    tenancy: str
    parent: str
    roles: frozenset[Role]
    sources: frozenset[str]
    way: Way
    device: str
    address: str
    created_at: str
    used_at: str
    expires_at: str
    formerly: str | None = None


@dataclass(frozen=True, slots=True)
class SignIn:
    """A code or a link that was given out. A link is for an account or a token.

    A code is for an address: `email` is its fingerprint, `sealed` the address as who has the ticket can open it.
    """

    id: str
    digest: str
    email: str
    account: str
    parent: str
    address: str
    tries: int
    created_at: str
    expires_at: str
    used_at: str | None = None
    sealed: str | None = None


@dataclass(frozen=True, slots=True)
class Invitation:
    """To join an organisation; where `email` is given, for whoever has that address alone."""

    id: str
    digest: str
    tenancy: str
    email: str
    roles: frozenset[Role]
    administrator: bool
    invited_by: str
    created_at: str
    expires_at: str
    state: InvitationState = "open"
    answered_by: str = ""
    answered_at: str | None = None
