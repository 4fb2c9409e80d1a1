"""The application asked without a socket: answers come piece by piece, and whoever wants no more ends it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from app.in_process import InProcess
from hub.web.client import READER_ADDRESS, READER_SITE
from hub.web.safety import site_of

pytestmark = pytest.mark.unit
Endpoint = Callable[[Request], Awaitable[Response]]


def client(endpoint: Endpoint) -> httpx.AsyncClient:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = FastAPI()
        await (await endpoint(Request(scope, receive)))(scope, receive, send)

    return httpx.AsyncClient(transport=InProcess(app), base_url="http://hub.test")


def test_it_hears_what_is_sent_and_where_the_reader_is() -> None:
    async def echo(request: Request) -> Response:
        body = (await request.body()).decode()
        host = request.client.host if request.client else ""
        return JSONResponse([request.method, request.url.path, str(request.query_params), body, host, *request.headers])

    async def ask() -> list[str]:
        async with client(echo) as http:
            answer = await http.post("/a%2Fb?q=1", content=b"x" * 10, headers={READER_ADDRESS: "192.0.2.7"})
            told: list[str] = answer.json()
            return told

    method, path, query, body, host, *headers = asyncio.run(ask())
    assert (method, path, query, body, host) == ("POST", "/a/b", "q=1", "x" * 10, "192.0.2.7")
    assert READER_ADDRESS.lower() not in headers


def test_the_hub_is_called_as_its_reader_calls_it() -> None:
    async def echo(request: Request) -> Response:
        return JSONResponse([f"{request.url.scheme}://{request.url.netloc}", site_of(request)])

    async def ask(site: str) -> list[str]:
        async with client(echo) as http:
            request = http.build_request("GET", "/", extensions={READER_SITE: site} if site else None)
            heard: list[str] = (await http.send(request)).json()
            return heard

    assert asyncio.run(ask("https://192.0.2.7:8443")) == ["https://192.0.2.7:8443"] * 2
    assert asyncio.run(ask("")) == ["http://hub.test"] * 2


def test_a_long_answer_is_never_held_whole() -> None:
    made = 0

    async def many() -> AsyncIterator[bytes]:
        nonlocal made
        for _ in range(1_000):
            made += 1
            yield b"x" * 1_000

    async def long(_: Request) -> Response:
        return StreamingResponse(many())

    async def ask() -> tuple[int, int]:
        async with client(long) as http:
            async with http.stream("GET", "/") as answer:
                pieces = answer.aiter_bytes()
                await anext(pieces)
                ahead = made
            return ahead, len((await http.get("/")).content)

    ahead, whole = asyncio.run(asyncio.wait_for(ask(), 60))
    assert ahead < 10
    assert whole == 1_000_000


def test_what_it_raises_is_raised() -> None:
    async def broken(_: Request) -> Response:
        raise OSError("disk")

    async def ask() -> None:
        async with client(broken) as http:
            await http.get("/")

    with pytest.raises(OSError, match="disk"):
        asyncio.run(asyncio.wait_for(ask(), 60))
