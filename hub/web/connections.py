"""Connections: how large the head of a request may be, how long a connection may wait, and how many there may be.

uvicorn has no bound on the time or the size of a head, nor on how long an answer may lie there; half-open requests and
answers that nobody takes would hold connections for ever.
"""

import time
from asyncio import TimerHandle, Transport
from collections import Counter
from typing import Any

import uvicorn
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from hub.kernel.problems import Problem
from hub.text.messages import bilingual
from hub.web.problems import problem_response

HEAD_BYTES = 32 * 2**10
HEAD_FIELDS = 100
URL_BYTES = 8 * 2**10
HEAD_SECONDS = 10.0
"""From a connection's beginning, or the answer before, to the end of a request's head."""
IDLE_SECONDS = 5
LINGER_SECONDS = 1.0
SEND_SECONDS = 60.0
"""For which a caller may take nothing of an answer."""
CONNECTIONS = 800
"""Below the 1,024 files that a process may commonly open; then callers that keep the hub waiting make room."""
WAITING_OF_ADDRESS = 100
"""Connections of one address that have not sent the head of a request, or are idle."""

_REFUSALS = {
    400: Problem("bad-request", bilingual("hub.bad-request")),
    408: Problem("head-too-slow", bilingual("hub.head-too-slow", HEAD_SECONDS=HEAD_SECONDS)),
    414: Problem("url-too-long", bilingual("hub.url-too-long", URL_BYTES=URL_BYTES)),
    431: Problem("head-too-large", bilingual("hub.head-too-large", HEAD_BYTES=HEAD_BYTES, HEAD_FIELDS=HEAD_FIELDS)),
}


class _TooMuch(Exception):
    """Stops the parser."""


class BoundedProtocol(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn speaks it, within the bounds of this module."""

    is_waiting = True
    """For the head of a request."""
    moved_at = 0.0
    """When its caller last sent or took something, or was answered; by the monotonic clock."""
    _timer: TimerHandle | None = None
    _sending: TimerHandle | None = None
    _working: RequestResponseCycle | None = None
    _kept_bytes = 0
    _in_head = True
    _refused = 400
    _answered = False

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()
        self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self.resume_writing()
        self._give_up()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._answered:
            return
        self.moved_at = time.monotonic()
        self._kept_bytes += len(data)
        super().data_received(data)
        # The parser keeps a field until it is whole, be it of a head or a trailer, and tells of none before.
        if self._kept_bytes > HEAD_BYTES and not self._answered:
            self._answer(431)

    def on_message_begin(self) -> None:
        self._kept_bytes = min(self._kept_bytes, HEAD_BYTES)  # what came with it may be the end of another's body
        self._in_head = True
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._refuse_beyond(len(self.url), URL_BYTES, 414)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # a trailer would pass for a field of the head, which a gateway has never seen there
            super().on_header(name, value)
            self._refuse_beyond(len(self.headers), HEAD_FIELDS, 431)

    def on_headers_complete(self) -> None:
        self._refuse_beyond(sum(len(name) + len(value) for name, value in self.headers), HEAD_BYTES, 431)
        self._in_head = False
        self.is_waiting = False
        self._kept_bytes = 0
        self._stop_timer()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self.is_waiting:  # else it is what is left of a body that nobody reads
            self._kept_bytes = 0
        super().on_body(body)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete or self.transport.is_closing():  # else the next request is at work
            self._wait()

    def pause_writing(self) -> None:
        super().pause_writing()
        self.moved_at = time.monotonic()
        self._sending = self.loop.call_later(SEND_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._sending is not None:
            self._sending.cancel()

    def send_400_response(self, msg: str) -> None:
        self._answer(self._refused)

    @property
    def is_waited_for(self) -> bool:
        """Whether it is the caller, rather than the hub, who has to go on."""
        return self.is_waiting or self.flow.write_paused or self.cycle.more_body

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._working = cycle
        super()._start_asgi_task(cycle, app)

    def _wait(self) -> None:
        self.is_waiting = True
        self.moved_at = time.monotonic()
        self._kept_bytes = 0
        self._start_timer(HEAD_SECONDS, self._late)

    def _make_room(self) -> None:
        others = [other for other in self.connections if isinstance(other, BoundedProtocol)]
        beginning = [other for other in others if other.is_waiting and other.host == self.host]
        if len(beginning) > WAITING_OF_ADDRESS:
            min(beginning, key=_moved_at)._drop()
        elif len(self.connections) > CONNECTIONS:
            waited_for = [other for other in others if other.is_waited_for]
            crowd, _ = Counter(other.host for other in waited_for).most_common(1)[0]
            min((other for other in waited_for if other.host == crowd), key=_moved_at)._drop()

    @property
    def host(self) -> str:
        """The address of who is connected, whatever the fields of its requests say."""
        return self.client[0] if self.client else ""

    def _drop(self) -> None:
        self.connections.discard(self)
        self.transport.abort()

    def _late(self) -> None:
        if self._kept_bytes:
            self._answer(408)
        else:
            self.transport.close()
            self._start_timer(SEND_SECONDS, self.transport.abort)  # it waits for all to be taken

    def _refuse_beyond(self, size: int, most: int, status: int) -> None:
        if size > most:
            self._refused = status
            raise _TooMuch

    def _answer(self, status: int) -> None:
        self._answered = True
        self._give_up()
        if self._working and self._working.response_started and not self._working.response_complete:
            self.transport.abort()  # within another answer it would be read as a part of that
            return
        answer = problem_response((_REFUSALS[status],), status, "zh")
        fields = [*answer.raw_headers, *SAFE_FIELDS, (b"connection", b"close")]
        lines = [name + b": " + value + b"\r\n" for name, value in fields]
        self.transport.write(b"".join([STATUS_LINE[status], *lines, b"\r\n", bytes(answer.body)]))
        # A connection that is closed while data come is reset, and who sent them never reads the answer.
        self.transport.write_eof()
        self._start_timer(LINGER_SECONDS, self.transport.abort)

    def _give_up(self) -> None:
        """What is at work answers nobody, and what came early is not begun."""
        self.pipeline.clear()
        if self._working:
            self._working.disconnected = True
            self._working.message_event.set()

    def _start_timer(self, seconds: float, late: Any) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(seconds, late)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _moved_at(connection: BoundedProtocol) -> float:
    return connection.moved_at


SAFE_FIELDS = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))


def server_config(app: Any, grace_seconds: int) -> uvicorn.Config:
    """How the hub is served: within these bounds, without uvicorn's own logs; requests under way get so long to end."""
    return uvicorn.Config(
        app,
        http=BoundedProtocol,
        ws="none",
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=grace_seconds,
        log_config=None,
        access_log=False,
        lifespan="on",
        server_header=False,
    )
