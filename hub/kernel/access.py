"""Who may see and do what: openness levels, roles, and who holds which bearer token."""

from dataclasses import dataclass
from typing import Literal, Protocol

Openness = Literal["public", "member", "agency", "secret"]
Role = Literal["member", "agency", "submitter", "operator"]

# What each level asks of its reader; a secret leaves its owning service only through the vault.
READERS: dict[Openness, frozenset[Role]] = {
    "member": frozenset({"member", "submitter", "agency", "operator"}),
    "agency": frozenset({"agency", "operator"}),
    "secret": frozenset({"operator"}),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller: anonymous where it holds no role.

    `sources` lists the submission sources that it may speak for; `*` stands for all.
    """

    name: str = ""
    roles: frozenset[Role] = frozenset()
    sources: frozenset[str] = frozenset()

    def may_see(self, openness: Openness) -> bool:
        return openness == "public" or bool(READERS[openness] & self.roles)

    def may_submit_for(self, source: str) -> bool:
        allowed = bool(self.roles & {"submitter", "operator"})
        return allowed and ("*" in self.sources or source in self.sources)


ANONYMOUS = Principal()


class AccessList(Protocol):
    """Knows the bearer tokens that were issued."""

    def principal(self, token: str) -> Principal | None: ...
