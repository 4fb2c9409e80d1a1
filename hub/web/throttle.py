"""How often something may go wrong for one address or account: what is right is never held up by what was wrong."""

import math
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock

from hub.kernel.access import Principal
from hub.kernel.problems import Problem, Refusal, expecting
from hub.ports.audit import Action, AuditEvent, AuditTrail, Outcome
from hub.ports.clock import Clock

KEYS = 20_000
"""Kept at most; those that were not seen for longest are forgotten."""


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float
    spent: bool = False


class Throttle:
    """A bucket a key: `most` at once, which is full again after `seconds`. For this process alone."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._rate = most / seconds
        self._lock = Lock()
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def spend(self, key: str) -> tuple[int, bool]:
        """Seconds to wait, 0 where there was something left to spend; and whether this is the first that must wait."""
        now = time.monotonic()
        with self._lock:
            bucket = self._buckets.pop(key, None) or _Bucket(float(self._most), now)
            self._buckets[key] = bucket
            if len(self._buckets) > KEYS:
                self._buckets.popitem(last=False)
            bucket.left = min(float(self._most), bucket.left + (now - bucket.at) * self._rate)
            bucket.at = now
            if bucket.left >= 1:
                bucket.left -= 1
                bucket.spent = False
                return 0, False
            first, bucket.spent = not bucket.spent, True
            return math.ceil((1 - bucket.left) / self._rate), first


class WrongTokens:
    """Notes what went wrong at the way in, and answers 429 in place of 401 where that comes too often."""

    def __init__(self, audit: AuditTrail, clock: Clock, most: int = 20, seconds: float = 60.0) -> None:
        self._audit = audit
        self._clock = clock
        self._throttle = Throttle(most, seconds)

    def refusal(self, problem: Problem, action: Action, address: str, subject: str = "") -> Refusal:
        """What to answer; `subject` is the account, token or code that was tried, where it is known."""
        wait, first = self._throttle.spend(address)
        if wait and not first:
            return too_often(wait)
        if wait:
            return self.throttled(action, address, subject, wait)
        self._note(action, address, subject, "refused")
        return Refusal(problem, status=401)

    def throttled(self, action: Action, address: str, subject: str, wait: int) -> Refusal:
        """What to answer where something was tried too often, noted."""
        self._note(action, address, subject, "throttled")
        return too_often(wait)

    def _note(self, action: Action, address: str, subject: str, outcome: Outcome) -> None:
        self._audit.note(AuditEvent(self._clock.now(), "", "", "", action, subject, outcome, f"from {address}"))


class Denials:
    """Notes what callers may not do and try all the same, so many a minute of each."""

    def __init__(self, audit: AuditTrail, clock: Clock, most: int = 60, seconds: float = 60.0) -> None:
        self._audit = audit
        self._clock = clock
        self._throttle = Throttle(most, seconds)

    def note(self, caller: Principal, operation: str, problems: Iterable[Problem]) -> None:
        """Who tried what, and the codes of why not."""
        wait, first = self._throttle.spend(caller.account)
        if wait and not first:
            return
        outcome: Outcome = "throttled" if wait else "refused"
        acting = caller.account, caller.organisation, caller.credential
        detail = ", ".join(problem.code for problem in problems)
        self._audit.note(AuditEvent(self._clock.now(), *acting, "access", operation, outcome, detail))


def too_often(wait: int) -> Refusal:
    """429, with when to try again."""
    return Refusal(expecting("too-often", "hub.too-often", seconds=wait), status=429, retry_after=wait)
