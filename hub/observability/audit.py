"""Audit events as lines of the log."""

import logging
from dataclasses import asdict

import orjson

from hub.ports.audit import AuditEvent

log = logging.getLogger("hub.audit")


class LoggingAuditTrail:
    """hub.ports.audit.AuditTrail; what is refused or throttled is a warning, what is done a notice."""

    def note(self, event: AuditEvent) -> None:
        level = logging.INFO if event.outcome == "done" else logging.WARNING
        log.log(level, "audit %s", orjson.dumps(asdict(event)).decode())

    def close(self) -> None:
        """Nothing is held."""
