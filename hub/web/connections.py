"""Connections: how large the head of a request may be, how long a connection may wait, and how many there may be.

uvicorn has no bound on the time or the size of a head; half-open requests would hold connections for ever.
"""

import time
from asyncio import TimerHandle, Transport
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

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
"""Below the 1,024 files that a process may commonly open; then those that have waited longest make room."""
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

    waiting_since: float | None = None
    _timer: TimerHandle | None = None
    _head_bytes = 0
    _refused = 400
    _answered = False

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()
        self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._answered:
            return
        if self.waiting_since is not None:
            self._head_bytes += len(data)
        super().data_received(data)
        # The parser keeps a field until it is whole, and tells of none before.
        if self.waiting_since is not None and self._head_bytes > HEAD_BYTES and not self._answered:
            self._answer(431)

    def on_message_begin(self) -> None:
        self._head_bytes = min(self._head_bytes, HEAD_BYTES)  # what came with it may be the end of another's body
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._refuse_beyond(len(self.url), URL_BYTES, 414)

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._refuse_beyond(len(self.headers), HEAD_FIELDS, 431)

    def on_headers_complete(self) -> None:
        self._refuse_beyond(sum(len(name) + len(value) for name, value in self.headers), HEAD_BYTES, 431)
        self.waiting_since = None
        self._head_bytes = 0
        self._stop_timer()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete:  # else the next request, which came early, is at work
            self._wait()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._start_timer(SEND_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_timer()

    def send_400_response(self, msg: str) -> None:
        self._answer(self._refused)

    def _wait(self) -> None:
        self.waiting_since = time.monotonic()
        self._head_bytes = 0
        self._start_timer(HEAD_SECONDS, self._late)

    def _make_room(self) -> None:
        waiting = [
            other
            for other in self.connections
            if isinstance(other, BoundedProtocol) and other.waiting_since is not None
        ]
        of_address = [other for other in waiting if other.client and self.client and other.client[0] == self.client[0]]
        crowd = of_address if len(of_address) > WAITING_OF_ADDRESS else waiting
        if crowd is of_address or len(self.connections) > CONNECTIONS:
            longest = min(crowd, key=lambda other: other.waiting_since or 0.0)
            longest.waiting_since = None
            self.connections.discard(longest)
            longest.transport.abort()

    def _late(self) -> None:
        if self._head_bytes:
            self._answer(408)
        else:
            self.transport.close()

    def _refuse_beyond(self, size: int, most: int, status: int) -> None:
        if size > most:
            self._refused = status
            raise _TooMuch

    def _answer(self, status: int) -> None:
        answer = problem_response((_REFUSALS[status],), status, "zh")
        fields = [*answer.raw_headers, *SAFE_FIELDS, (b"connection", b"close")]
        lines = [name + b": " + value + b"\r\n" for name, value in fields]
        self.transport.write(b"".join([STATUS_LINE[status], *lines, b"\r\n", bytes(answer.body)]))
        # A connection that is closed while data come is reset, and who sent them never reads the answer.
        self._answered = True
        self.transport.write_eof()
        self._start_timer(LINGER_SECONDS, self.transport.close)

    def _start_timer(self, seconds: float, late: Any) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(seconds, late)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


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
