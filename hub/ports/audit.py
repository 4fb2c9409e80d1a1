"""What happened that somebody may have to answer for: sign-ins, refusals, changes of rights, reads of personal data."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

Outcome = Literal["done", "refused", "throttled"]


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """`account`, `organisation` and `credential` are ids of who acts, empty where nobody is known.

    `action` is such as `session.begin`; `subject` is the id of what it is done to; `detail` has no secret.
    """

    at: datetime
    account: str
    organisation: str
    credential: str
    action: str
    subject: str = ""
    outcome: Outcome = "done"
    detail: str = ""


class AuditTrail(Protocol):
    """Keeps events, in order, for good."""

    def note(self, event: AuditEvent) -> None: ...

    def close(self) -> None: ...
