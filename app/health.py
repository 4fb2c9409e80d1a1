"""`/healthz`: this process works. `/readyz`: it does its part, with each check told apart."""

import asyncio
import logging
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from app.composition import Hub
from hub.ports.eventlog import EventLog, UnknownTopic
from hub.runtime.manifest import EVENT_LOG, Key
from hub.runtime.threads import Runtime, WorkerState
from hub.web.failures import is_full
from hub.web.routes import serve
from schemas.http.access import LIVENESS, READINESS
from schemas.topics import contracts

log = logging.getLogger("app.health")
FRESH_SECONDS = 1.0
PING_SECONDS = 2.0
PROBE_BYTES = 2**18

Check = dict[str, Any]


class Ping:
    """Asks a store whether it is there, in a thread of its own, so that one that hangs holds up nobody.

    What the question answers by a dictionary is told too. At most one question is under way; an answer is good for
    FRESH_SECONDS.
    """

    def __init__(self, name: str, ask: Callable[[], object]) -> None:
        self.name = name
        self._question = ask
        self._lock = threading.Lock()
        self._answered = threading.Event()
        self._asking_since: float | None = None
        self._at = float("-inf")
        self._last: Check = {}

    def ask(self) -> None:
        """Ask, unless there is a fresh answer or a question under way."""
        with self._lock:
            if self._asking_since is None and time.monotonic() >= self._at + FRESH_SECONDS:
                self._asking_since = time.monotonic()
                self._answered.clear()
                threading.Thread(target=self._run, name=f"ping.{self.name}", daemon=True).start()

    def answer(self) -> Check:
        """What came of the last question, which has PING_SECONDS from its start."""
        since = self._asking_since
        if since is None or self._answered.wait(max(0.0, since + PING_SECONDS - time.monotonic())):
            return self._last
        return {"status": "failing", "error": "no answer", "seconds": round(time.monotonic() - since, 3)}

    def _run(self) -> None:
        began = time.monotonic()
        try:
            told = self._question()
            answer: Check = {"status": "ok", **(told if isinstance(told, dict) else {})}
        except Exception as error:  # each store has errors of its own for not being there
            answer = {"status": "failing", "error": "disk full" if is_full(error) else type(error).__name__}
        now = time.monotonic()
        with self._lock:
            self._last, self._at, self._asking_since = {**answer, "seconds": round(now - began, 3)}, now, None
            self._answered.set()


def pings(hub: Hub) -> list[Ping]:
    """One for each store that the roles of this process need."""
    needed = dict.fromkeys(key for manifest in hub.manifests for key in manifest.needs)
    stores = [Ping(key.name, partial(_ask, hub, key)) for key in needed]
    folder = [Ping("folder", lambda: _write(hub.settings.data_dir))] if hub.settings.profile == "embedded" else []
    return [*stores, *folder]


def _ask(hub: Hub, key: Key[Any]) -> Check:
    hub.resources.ping(key)
    if key != EVENT_LOG:
        return {}
    letters = dead_letters(hub.get(EVENT_LOG))
    return {"dead_letters": letters} if letters else {}


def dead_letters(event_log: EventLog) -> dict[str, int]:
    """How many dead letters of each topic there have been, of those that have any."""
    counts = {}
    for contract in contracts():
        if contract.dead_letters:
            with suppress(UnknownTopic):
                counts[contract.topic.name] = sum(event_log.end_offsets(contract.topic.name).values())
    return {name: count for name, count in counts.items() if count}


def _write(folder: Path) -> None:
    """As much as the smallest request may have the stores of the folder write."""
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(bytes(PROBE_BYTES))
        file.flush()


def worker_check(state: WorkerState, failing_seconds: float, lag_bound: int) -> Check:
    """A worker may fail for a while, since it tries again; it may lag for as long as it works."""
    failing = not state.alive or bool(state.error and state.failing_seconds > failing_seconds)
    check: Check = {"status": "failing" if failing else "ok", "alive": state.alive}
    if state.error:
        check |= {"error": state.error, "failing_seconds": round(state.failing_seconds, 1)}
    check["step_seconds"] = round(state.step_seconds, 1)
    if state.lag is not None:
        check |= {"lag": state.lag, "lagging": state.lag > lag_bound}
    return check


class _FailureLog:
    """Logs what fails whenever that changes, so that the log tells what a probe alone has seen."""

    def __init__(self) -> None:
        self._failing: tuple[str, ...] = ()

    def change(self, failing: tuple[str, ...]) -> None:
        if failing != self._failing:
            self._failing = failing
            log.warning("not ready: %s", ", ".join(failing)) if failing else log.warning("ready again")


def health(hub: Hub, runtime: Runtime) -> APIRouter:
    """Both. They tell types of errors, never their messages, and need no token."""
    stores = pings(hub)
    settings = hub.settings
    failures = _FailureLog()
    router = APIRouter()

    def checks() -> Iterator[tuple[str, Check]]:
        for state in runtime.states():
            yield f"worker {state.name}", worker_check(state, settings.failing_seconds, settings.lag_bound)
        for ping in stores:
            ping.ask()  # all at once, so that several that hang are waited for together
        for ping in stores:
            yield f"store {ping.name}", ping.answer()

    @serve(router, LIVENESS)
    async def healthy() -> JSONResponse:
        """Answered by the event loop itself; `loop_seconds` is how long others kept it from coming round."""
        began = time.perf_counter()
        await asyncio.sleep(0)
        return JSONResponse({"status": "ok", "loop_seconds": round(time.perf_counter() - began, 6)})

    @serve(router, READINESS)
    def ready() -> JSONResponse:
        answers = dict(checks())
        failing = tuple(name for name, check in answers.items() if check["status"] != "ok")
        fine = not failing
        failures.change(failing)
        return JSONResponse({"status": "ok" if fine else "failing", "checks": answers}, 200 if fine else 503)

    return router
