"""What happened that somebody may have to answer for: sign-ins, refusals, changes of rights, reads of personal data."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from hub.kernel.access import Principal

Outcome = Literal["done", "refused", "throttled"]
Action = Literal[
    "session.begin",
    "session.end",
    "code.ask",
    "link.give",
    "token.use",
    "token.issue",
    "token.revoke",
    "access",
    "account.add",
    "account.link",
    "account.rename",
    "account.enable",
    "account.disable",
    "account.export",
    "account.erase",
    "organisation.add",
    "organisation.verify",
    "organisation.suspend",
    "organisation.grant",
    "membership.add",
    "membership.change",
    "membership.end",
    "invitation.give",
    "invitation.revoke",
    "invitation.accept",
    "invitation.decline",
    "managers.name",
    "records.submit",
    "refused-rows.read",
    "steward.prefer",
    "steward.same-as",
    "claim.decide",
    "personal.read",
    "personal.change",
    "person.export",
    "person.erase",
    "person.erase-asked",
    "contact.read",
    "belonging.assign",
    "person.consent",
    "keys.rotate",
    "keys.seal",
    "keys.export",
    "keys.import",
    "audit.export",
    "records.export",
    "backup.make",
]
"""Each has its words for people in messages/privacy.yaml."""


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """`account`, `organisation` and `credential` are ids of who acts, empty where nobody is known.

    `subject` is the id of what it is done to; `detail` has no secret.
    """

    at: datetime
    account: str
    organisation: str
    credential: str
    action: Action
    subject: str = ""
    outcome: Outcome = "done"
    detail: str = ""


class AuditTrail(Protocol):
    """Keeps events, in order, for good."""

    def note(self, event: AuditEvent) -> None: ...

    def close(self) -> None: ...


def done_by(caller: Principal, at: datetime, action: Action, subject: str = "", detail: str = "") -> AuditEvent:
    """What a caller has done; whoever has no account is known by the name."""
    acting = caller.account or caller.name, caller.organisation, caller.credential
    return AuditEvent(at, *acting, action, subject, detail=detail)
