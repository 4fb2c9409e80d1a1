"""People's decisions as events of the log, which curation reads as it reads all else, and as entries of the audit."""

import threading

from hub.kernel.access import Principal
from hub.kernel.cloudevents import CloudEvent
from hub.kernel.contributions import (
    CLAIM_DECIDED,
    PREFERENCE_DECIDED,
    SAME_AS_DECIDED,
    ClaimDecided,
    Preference,
    SameAs,
)
from hub.kernel.records import SUBMISSIONS
from hub.ports.audit import Action, AuditTrail, done_by
from hub.ports.clock import Clock, rfc3339
from hub.ports.eventlog import EventLog

Decision = SameAs | Preference | ClaimDecided
_WRITTEN: dict[type[Decision], tuple[str, Action]] = {
    SameAs: (SAME_AS_DECIDED, "steward.same-as"),
    Preference: (PREFERENCE_DECIDED, "steward.prefer"),
    ClaimDecided: (CLAIM_DECIDED, "claim.decide"),
}


class DecisionLog:
    """Numbers decisions and writes them down."""

    def __init__(self, event_log: EventLog, clock: Clock, event_source: str, audit: AuditTrail) -> None:
        self._log = event_log
        self._clock = clock
        self._event_source = event_source
        self._audit = audit
        self._lock = threading.Lock()
        self._last = 0

    def next_version(self, before: int) -> tuple[int, str]:
        """Microseconds since 1970 and the same as text; more than before even where the clock was set back."""
        now = self._clock.now()
        with self._lock:
            self._last = max(int(now.timestamp() * 1_000_000), self._last + 1, before + 1)
            return self._last, rfc3339(now)

    def append(self, decision: Decision, subject: str, by: Principal, detail: str) -> None:
        """Write the decision about the record `subject`; it is in force once curation has read it."""
        event_type, action = _WRITTEN[type(decision)]
        at, data = decision.decided_at, decision.to_bytes()
        event = CloudEvent(decision.event_id(), self._event_source, event_type, subject, at, data)
        self._log.append(SUBMISSIONS, [event.as_entry()])
        self._audit.note(done_by(by, self._clock.now(), action, subject, detail))
