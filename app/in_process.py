"""The application itself as what an HTTP client asks, without a socket in between."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from typing import Any

import httpx
from starlette.types import ASGIApp, Message

from hub.web.client import READER_ADDRESS, READER_SITE


class InProcess(httpx.AsyncBaseTransport):
    """For pages that ask on behalf of their readers, whose addresses the application sees, and by what they call it.

    What it answers is handed on piece by piece: httpx's own transport would hold the whole of it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """See httpx; raises what the application raises before it begins to answer."""
        reader = request.headers.pop(READER_ADDRESS, "")
        call = _Call(request)
        call.task = asyncio.create_task(self._run(call, _scope(request, reader)))
        try:
            head = await call.pieces.get()
        except BaseException:
            await call.aclose()
            raise
        if not isinstance(head, dict):
            await call.task
            raise RuntimeError("the application gave no answer")
        return httpx.Response(head["status"], headers=head["headers"], stream=call)

    async def _run(self, call: "_Call", scope: dict[str, Any]) -> None:
        try:
            await self._app(scope, call.receive, call.send)
        finally:
            call.over.set()
            if not call.closed:
                await call.pieces.put(None)


class _Call(httpx.AsyncByteStream):
    """One request under way, and its answer: the head, pieces of the body, and None."""

    task: asyncio.Task[None]

    def __init__(self, request: httpx.Request) -> None:
        self.pieces: asyncio.Queue[Message | bytes | None] = asyncio.Queue(2)
        self.over = asyncio.Event()
        self.closed = False
        stream = request.stream
        self._body: AsyncIterator[bytes] | None = aiter(stream) if isinstance(stream, AsyncIterable) else None

    async def receive(self) -> Message:
        if self._body is not None:
            try:
                return {"type": "http.request", "body": await anext(self._body), "more_body": True}
            except StopAsyncIteration:
                self._body = None
                return {"type": "http.request", "body": b"", "more_body": False}
        await self.over.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if self.closed:
            await asyncio.Event().wait()  # until it is cancelled, which is under way
        if message["type"] == "http.response.start":
            await self.pieces.put(message)
        elif piece := message.get("body", b""):
            await self.pieces.put(bytes(piece))
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self.over.set()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while isinstance(piece := await self.pieces.get(), bytes):
            yield piece
        await self.task

    async def aclose(self) -> None:
        """Whoever asked wants no more of it."""
        self.closed = True
        self.over.set()
        self.task.cancel()
        while not self.pieces.empty():
            self.pieces.get_nowait()  # whoever waits for room goes on, to be cancelled
        await asyncio.gather(self.task, return_exceptions=True)


def _scope(request: httpx.Request, reader: str) -> dict[str, Any]:
    """See ASGI 3.0."""
    url, site = request.url, httpx.URL(request.extensions.get(READER_SITE) or request.url)
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "headers": [
            (name.lower(), site.netloc if name.lower() == b"host" else value) for name, value in request.headers.raw
        ],
        "scheme": site.scheme,
        "path": url.path,
        "raw_path": url.raw_path.split(b"?")[0],
        "query_string": url.query,
        "server": (url.host, url.port),
        "client": (reader, 0),
        "root_path": "",
    }
