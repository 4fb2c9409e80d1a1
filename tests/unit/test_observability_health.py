"""Readiness: a question that hangs holds up nobody, and a worker may fail for a while."""

import threading
import time

import pytest

from app import health
from app.health import Ping, worker_check
from hub.runtime.threads import Runtime, WorkerState
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.unit


def test_a_store_that_hangs_is_asked_once_and_waited_for_briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PING_SECONDS", 0.02)
    monkeypatch.setattr(health, "FRESH_SECONDS", PATIENCE_SECONDS)
    asked, go_on = [], threading.Event()

    def question() -> None:
        asked.append(1)
        go_on.wait(PATIENCE_SECONDS)

    ping = Ping("records", question)
    for _ in range(3):
        ping.ask()
        assert ping.answer()["error"] == "no answer"
    assert len(asked) == 1
    go_on.set()
    wait_until(lambda: not ping.answer().get("error"))
    ping.ask()
    assert ping.answer()["status"] == "ok"
    assert len(asked) == 1, "the answer is fresh"


def test_an_answer_tells_the_type_of_the_error_and_grows_old(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([ConnectionError("hub:hunter2@db"), None])

    def question() -> None:
        if error := next(answers):
            raise error

    monkeypatch.setattr(health, "PING_SECONDS", PATIENCE_SECONDS)
    monkeypatch.setattr(health, "FRESH_SECONDS", PATIENCE_SECONDS)
    ping = Ping("records", question)
    ping.ask()
    assert {**ping.answer(), "seconds": 0} == {"status": "failing", "error": "ConnectionError", "seconds": 0}
    ping.ask()
    assert ping.answer()["status"] == "failing"
    monkeypatch.setattr(health, "FRESH_SECONDS", 0.0)
    ping.ask()
    assert ping.answer()["status"] == "ok"


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (WorkerState("w", True, "", 0.0, 0.2, 10), "ok"),
        (WorkerState("w", True, "OSError", 29.0, 0.0, None), "ok"),
        (WorkerState("w", True, "OSError", 31.0, 0.0, None), "failing"),
        (WorkerState("w", False, "", 0.0, 0.0, None), "failing"),
        (WorkerState("w", True, "", 0.0, 0.0, 10**9), "ok"),
    ],
)
def test_a_worker_may_fail_for_a_while_and_lag_while_it_works(state: WorkerState, status: str) -> None:
    told = worker_check(state, 30.0, 50_000)
    assert told["status"] == status
    assert told.get("lagging", False) == (state.lag == 10**9)


class Failing:
    name = "failing"

    def __init__(self) -> None:
        self.mended = threading.Event()
        self.stepped = threading.Event()

    def step(self, timeout: float) -> int:
        if not self.mended.is_set():
            raise OSError
        self.stepped.set()
        time.sleep(0.001)
        return 0

    def lag(self) -> int:
        return 7

    def close(self) -> None:
        pass


def test_the_runtime_tells_since_when_a_worker_fails() -> None:
    worker = Failing()
    runtime = Runtime([worker])
    runtime.start()
    wait_until(lambda: runtime.states()[0].error)
    state = runtime.states()[0]
    later = runtime.states()[0]
    assert (state.error, state.alive, state.lag) == ("OSError", True, None)
    assert later.failing_seconds >= state.failing_seconds > 0
    worker.mended.set()
    assert worker.stepped.wait(PATIENCE_SECONDS)
    wait_until(lambda: not runtime.states()[0].error)
    well = runtime.states()[0]
    assert (well.error, well.failing_seconds, well.lag) == ("", 0.0, 7)
    runtime.stop()
    assert not runtime.states()[0].alive
