"""Who may see and do what: openness levels, roles, for which organisation somebody acts, and who holds which token."""

from dataclasses import dataclass, field
from typing import Literal, Protocol

Openness = Literal["public", "member", "agency", "secret"]
Role = Literal["member", "manager", "approver", "submitter", "steward", "agency", "auditor", "operator"]
"""A member looks and books; a manager keeps an organisation's instruments; an approver decides about bookings of them;
a submitter sends records; a steward decides about records of its organisation. An agency oversees what its scope
covers, an auditor reads the audit log, an operator runs the hub.
"""

# What each level asks of its reader; a secret leaves its owning service only through the vault.
READERS: dict[Openness, frozenset[Role]] = {
    "member": frozenset({"member", "manager", "approver", "submitter", "steward", "agency", "operator"}),
    "agency": frozenset({"agency", "operator"}),
    "secret": frozenset({"operator"}),
}
SEALED: frozenset[Openness] = frozenset({"agency", "secret"})
"""What of a record rests nowhere in plain."""
ALL = "*"


@dataclass(frozen=True, slots=True)
class Scope:
    """What an agency oversees, or where a source's word counts: kinds, divisions by the beginning of their GB/T 2260
    codes, levels. A part that is empty or has `*` in it is all; an agency whose parts are all empty oversees nothing.
    """

    kinds: frozenset[str] = frozenset()
    divisions: frozenset[str] = frozenset()
    levels: frozenset[str] = frozenset()

    def covers(self, kind: str, divisions: frozenset[str] = frozenset(), level: str = "") -> bool:
        """Whether a record of that kind, in one of these divisions, of that level is overseen."""
        return (
            (_is_all(self.kinds) or kind in self.kinds)
            and (_is_all(self.divisions) or any(there.startswith(own) for own in self.divisions for there in divisions))
            and (_is_all(self.levels) or level in self.levels)
        )

    @property
    def is_given(self) -> bool:
        """Whether anything was said at all."""
        return any(self.parts())

    def parts(self) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
        return (self.kinds, self.divisions, self.levels)


def _is_all(part: frozenset[str]) -> bool:
    return not part or ALL in part


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller who acts for one organisation: anonymous where it holds no role.

    `name` is for people to read, a person's sealed (hub.ports.personal). `account` is the id of the person or machine,
    `organisation` that of the tenancy it acts for, `credential` that of the token or session; all are empty where there
    is none. `sources` lists the submission sources that it may speak for; `*` stands for all. `scope` bounds the role
    of an agency. `formerly` is the name that this account alone had before accounts had ids; empty where there is none.
    """

    name: str = ""
    roles: frozenset[Role] = frozenset()
    sources: frozenset[str] = frozenset()
    account: str = ""
    organisation: str = ""
    credential: str = ""
    scope: Scope = field(default_factory=Scope)
    formerly: str = ""

    def may_see(self, openness: Openness) -> bool:
        return openness == "public" or bool(READERS[openness] & self.roles)

    def may_submit_for(self, source: str) -> bool:
        allowed = bool(self.roles & {"submitter", "operator"})
        return allowed and ("*" in self.sources or source in self.sources)


ANONYMOUS = Principal()


class AccessList(Protocol):
    """Knows the bearer tokens that were issued."""

    def principal(self, token: str) -> Principal | None:
        """Who holds it; None where nobody does. May ask a server, and so is called in a thread."""


@dataclass(frozen=True, slots=True)
class ProviderPerson:
    """Whom a provider vouches for. `email`, as written there, only where it was verified; roles, sources as claimed."""

    issuer: str
    subject: str
    name: str
    email: str = ""
    roles: frozenset[Role] = frozenset()
    sources: frozenset[str] = frozenset()


class AccountDirectory(AccessList, Protocol):
    """Also knows the accounts of those whom a provider vouches for."""

    def admit(self, person: ProviderPerson) -> Principal | None:
        """Who that is here: an account of their own from the first time on. None where it was disabled."""

    def close(self) -> None: ...
