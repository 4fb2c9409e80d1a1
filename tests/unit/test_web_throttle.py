"""How often something may go wrong, and what is noted of it."""

from datetime import UTC, datetime

import pytest

from hub.kernel.access import Principal
from hub.kernel.problems import Problem
from hub.ports.clock import ManualClock
from hub.text.language import Bilingual
from hub.web import throttle
from hub.web.throttle import Denials, Throttle, WrongTokens
from tests.noted import Noted

pytestmark = pytest.mark.unit
PROBLEM = Problem("bad-token", Bilingual("令牌", "a token"))
CLOCK = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    at = [100.0]
    monkeypatch.setattr(throttle.time, "monotonic", lambda: at[-1])
    return at


def test_a_bucket_is_spent_and_fills_again(ticks: list[float]) -> None:
    made = Throttle(3, 60.0)
    assert [made.spend("a") for _ in range(5)] == [(0, False)] * 3 + [(20, True), (20, False)]
    assert made.spend("b") == (0, False), "another's is another"
    ticks.append(110.0)
    assert made.spend("a") == (10, False)
    ticks.append(120.0)
    assert made.spend("a") == (0, False)
    assert made.spend("a") == (20, True), "told of once more"


def test_keys_are_bounded_and_the_oldest_are_forgotten(monkeypatch: pytest.MonkeyPatch, ticks: list[float]) -> None:
    monkeypatch.setattr(throttle, "KEYS", 2)
    made = Throttle(1, 60.0)
    for key in "abc":
        made.spend(key)
    assert made.spend("c")[0]
    assert made.spend("a") == (0, False)


def test_of_ten_thousand_wrong_ones_the_first_are_noted_each_and_the_rest_once(ticks: list[float]) -> None:
    trail = Noted()
    wrong = WrongTokens(trail, CLOCK, 20, 60.0)
    refusals = [wrong.refusal(PROBLEM, "token.use", "192.0.2.7", "tok-1") for _ in range(10_000)]
    assert [refusal.status for refusal in refusals[:21]] == [401] * 20 + [429]
    assert {(refusal.status, refusal.retry_after) for refusal in refusals[20:]} == {(429, 3)}
    assert [event.outcome for event in trail.events] == ["refused"] * 20 + ["throttled"]
    assert {event.subject for event in trail.events} == {"tok-1"}
    assert wrong.refusal(PROBLEM, "token.use", "192.0.2.8").status == 401, "another address"


def test_denied_access_is_noted_with_who_tried(ticks: list[float]) -> None:
    trail = Noted()
    denials = Denials(trail, CLOCK, 2, 60.0)
    caller = Principal("li", account="acc-1", organisation="org-1", credential="ses-1")
    for _ in range(5):
        denials.note(caller, "POST /api/v1/same-as", [PROBLEM])
    assert [event.outcome for event in trail.events] == ["refused", "refused", "throttled"]
    event = trail.events[0]
    assert (event.account, event.organisation, event.credential) == ("acc-1", "org-1", "ses-1")
    assert (event.subject, event.detail) == ("POST /api/v1/same-as", "bad-token")
