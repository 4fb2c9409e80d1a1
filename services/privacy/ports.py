"""What is asked of the audit trail beside noting."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from hub.ports.audit import AuditTrail
from services.privacy.core.chain import Broken, Entry


@dataclass(frozen=True, slots=True)
class Selection:
    """Which entries: those before a number, by or about `person` (alone, or the first that the subject names), from
    `since` to before `until` (RFC 3339, UTC), and with these ids and words. Whatever is empty selects everything.
    """

    before: int = 0
    organisation: str = ""
    person: str = ""
    subject: str = ""
    action: str = ""
    account: str = ""
    outcome: str = ""
    since: str = ""
    until: str = ""

    def equal(self) -> dict[str, str]:
        """What an entry has by the same name."""
        names = ("organisation", "subject", "action", "account", "outcome")
        return {name: value for name in names if (value := getattr(self, name))}

    def takes(self, entry: Entry) -> bool:
        """Whether the entry is one of them."""
        return (
            (not self.before or entry.number < self.before)
            and (not self.person or self.person in (entry.account, entry.subject.partition(" ")[0]))
            and self.since <= entry.at
            and (not self.until or entry.at < self.until)
            and all(getattr(entry, name) == value for name, value in self.equal().items())
        )


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
