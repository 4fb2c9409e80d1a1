"""An audit trail in memory."""

from hub.ports.audit import AuditEvent


class Noted:
    """hub.ports.audit.AuditTrail that tells what was noted."""

    def __init__(self) -> None:
        self.events: list[AuditEvent] = []

    def note(self, event: AuditEvent) -> None:
        self.events.append(event)

    def told(self) -> list[tuple[str, str, str, str]]:
        """Account, action, subject and detail of each."""
        return [(event.account, event.action, event.subject, event.detail) for event in self.events]

    def close(self) -> None: ...
