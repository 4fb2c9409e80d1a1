"""What is asked of the audit trail beside noting."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from hub.ports.audit import AuditTrail
from services.privacy.core.chain import Broken, Entry


@dataclass(frozen=True, slots=True)
class Selection:
    """Which entries: those before a number, of an organisation, by or about `person`, of a subject, of an action.

    Whatever is empty selects everything.
    """

    before: int = 0
    organisation: str = ""
    person: str = ""
    subject: str = ""
    action: str = ""


class AuditStore(AuditTrail, Protocol):
    """The trail, read again."""

    def entries(self, selection: Selection, limit: int) -> list[Entry]:
        """The newest first, of those that are not sealed away."""

    def everything(self) -> Iterator[Entry]:
        """The whole trail, the oldest first; OSError or ValueError where a sealed segment cannot be read."""

    def missing_files(self) -> list[str]:
        """The names of sealed segments that are kept elsewhere."""

    def verify(self) -> Broken | None:
        """The first entry that is not as it was noted."""
