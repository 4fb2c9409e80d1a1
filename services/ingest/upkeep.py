"""Retention of receipts."""

import threading
from datetime import timedelta
from time import monotonic

from hub.ports.clock import Clock, rfc3339
from services.ingest.ports.receipts import ReceiptStore

KEPT_DAYS = 90
STEP_RECEIPTS = 100
EVERY_SECONDS = 600.0


class ReceiptUpkeep:
    """A hub.ports.worker.Worker that forgets receipts, refused rows included, `kept_days` after they were given."""

    name = "ingest.upkeep"

    def __init__(self, receipts: ReceiptStore, clock: Clock, kept_days: float = KEPT_DAYS) -> None:
        self._receipts = receipts
        self._clock = clock
        self._kept = timedelta(days=kept_days)
        self._closed = threading.Event()
        self._rests_until = 0.0

    def step(self, timeout: float) -> int:
        """Forget at most STEP_RECEIPTS receipts; rests where none is old enough."""
        if monotonic() < self._rests_until:
            self._closed.wait(timeout)
            return 0
        forgotten = self._receipts.forget(rfc3339(self._clock.now() - self._kept), STEP_RECEIPTS)
        if not forgotten:
            self._rests_until = monotonic() + EVERY_SECONDS
        return forgotten

    def close(self) -> None:
        """Wake a step that waits."""
        self._closed.set()
