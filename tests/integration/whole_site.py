"""The whole hub as an ASGI application, called without a server, so that a test sees what is read of a body."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from fastapi import FastAPI
from starlette.datastructures import Headers

from app.composition import Hub, compose
from app.server import create_app
from hub.auth.tokens import operator_token
from hub.runtime.settings import Settings
from services.accounts.manifest import ACCOUNTS
from services.accounts.sign_in import Whence

HANG_UP = object()
"""In place of a piece of the body."""


class Answer(NamedTuple):
    """`taken`: how many bytes of the body were read."""

    status: int
    headers: Headers
    body: bytes
    taken: int


class Site:
    """The hub as an ASGI application, called without a server in between."""

    def __init__(self, hub: Hub, folder: Path) -> None:
        self.hub = hub
        self.app: FastAPI = create_app(hub)
        self.operator = operator_token(folder) or ""
        self.member = hub.access.issue("company", {"member"}, ())

    def session(self, token: str) -> str:
        """The token of a session in its place, as the portal's cookie has it; one that nobody holds stays as it is."""
        holder = self.hub.access.principal(token)
        if holder is None:
            return token
        given, _ = self.hub.get(ACCOUNTS).sign_ins.exchange(holder, Whence("192.0.2.7"))
        return given.text

    def call(self, name: str, *, token: str = "", pieces: Any = (), size: int | None = None, **more: str) -> Answer:
        """`NAME` is `METHOD path`, whose names are filled in; `size` is announced, else the body is sent in chunks."""
        return asyncio.run(self.sent(name, token=token, pieces=pieces, size=size, **more))

    async def sent(
        self, name: str, *, token: str = "", pieces: Any = (), size: int | None = None, **more: str
    ) -> Answer:
        method, _, target = name.partition(" ")
        path, _, query = target.replace("{form}", "csv").partition("?")
        headers = {"host": "localhost", "sec-fetch-site": "same-origin", "content-type": "application/json"}
        headers |= {"authorization": f"Bearer {token}", "cookie": f"hub_session={self.session(token)}"} if token else {}
        if method == "POST":
            headers |= {"transfer-encoding": "chunked"} if size is None else {"content-length": str(size)}
        headers |= {key.replace("_", "-"): value for key, value in more.items()}
        scope = {
            "type": "http",
            "method": method,
            "path": path.replace("{", "").replace("}", "").replace(":path", ""),
            "query_string": query.encode(),
            "headers": [(key.encode(), value.encode("latin-1")) for key, value in headers.items() if value],
            "scheme": "http",
            "server": ("localhost", 80),
            "client": ("192.0.2.7", 1),
            "http_version": "1.1",
            "root_path": "",
        }
        taken, start, body, left = 0, {}, bytearray(), iter(pieces)

        async def receive() -> dict[str, Any]:
            nonlocal taken
            await asyncio.sleep(0)
            piece = next(left, None)
            if piece is None:
                return {"type": "http.request", "body": b"", "more_body": False}
            if piece is HANG_UP:
                return {"type": "http.disconnect"}
            if callable(piece):
                piece = await piece()
            taken += len(piece)
            return {"type": "http.request", "body": piece, "more_body": True}

        async def send(message: dict[str, Any]) -> None:
            start.update(message) if message["type"] == "http.response.start" else body.extend(message.get("body", b""))

        await self.app(scope, receive, send)  # type: ignore[arg-type]
        return Answer(start["status"], Headers(raw=start["headers"]), bytes(body), taken)


@contextmanager
def opened(folder: Path, upload_bytes: int) -> Iterator[Site]:
    """A hub on embedded adapters in the folder."""
    hub = compose(Settings(data_dir=folder, max_body_bytes=upload_bytes))
    try:
        yield Site(hub, folder)
    finally:
        hub.close()


def codes(answer: Answer) -> list[str]:
    return [error["code"] for error in orjson.loads(answer.body)["errors"]]
