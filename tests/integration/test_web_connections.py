"""Requests that never end, or are too long, on a real socket: they hold nobody up, and are told why."""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import orjson
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse

from hub.web import connections
from hub.web.failures import Failures
from tests.integration.serving import serving

pytestmark = pytest.mark.integration
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = b"POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
LARGE = 16 * 2**20


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    app = FastAPI()
    app.add_middleware(Failures)

    @app.get("/")
    async def home() -> PlainTextResponse:
        return PlainTextResponse("fine")

    @app.post("/")
    async def unread(request: Request) -> PlainTextResponse:
        return PlainTextResponse("refused", 413)

    @app.post("/read")
    async def read(request: Request) -> JSONResponse:
        await request.body()
        return JSONResponse([name for name, _ in request.headers.items()])

    @app.get("/slow")
    async def slow() -> PlainTextResponse:
        await asyncio.sleep(0.3)
        return PlainTextResponse("fine")

    @app.get("/large")
    async def large() -> PlainTextResponse:
        return PlainTextResponse("x" * LARGE)

    @app.get("/endless")
    def endless() -> StreamingResponse:
        return StreamingResponse(b"x" * 2**20 for _ in range(2**30))

    with serving(app) as number:
        yield number


def connected(port: int, data: bytes = b"", seconds: float = 10.0, host: str = "127.0.0.1") -> socket.socket:
    made = socket.create_connection(("127.0.0.1", port), seconds, (host, 0))
    made.sendall(data)
    return made


def answer(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    data = b""
    while piece := connection.recv(65_536):
        data += piece
    return data


def code(data: bytes) -> tuple[int, str]:
    head, _, body = data.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    assert b"nosniff" in head
    assert b"no-store" in head
    return int(head.split()[1]), orjson.loads(body)["errors"][0]["code"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (GET + b"X-Long: " + b"x" * 200_000 + b"\r\n\r\n", (431, "head-too-large")),
        (GET + b"X-Long: " + b"x" * 200_000, (431, "head-too-large")),
        (GET + b"".join(b"X-%d: 1\r\n" % n for n in range(20_000)) + b"\r\n", (431, "head-too-large")),
        (GET + b"".join(b"X-%d: %s\r\n" % (n, b"x" * 1_000) for n in range(50)) + b"\r\n", (431, "head-too-large")),
        (b"GET /?" + b"x" * 9_000 + b" HTTP/1.1\r\n\r\n", (414, "url-too-long")),
        (b"nonsense\r\n\r\n", (400, "bad-request")),
    ],
    ids=["one long field", "one without end", "many fields", "long fields", "long address", "no HTTP"],
)
def test_a_head_is_bounded(port: int, data: bytes, expected: tuple[int, str]) -> None:
    with connected(port) as connection:
        sender = threading.Thread(target=lambda: send(connection, data))
        sender.start()
        assert code(answer(connection)) == expected
        sender.join()


def send(connection: socket.socket, data: bytes) -> None:
    with suppress(OSError):
        connection.sendall(data)


@pytest.mark.parametrize(
    "before",
    [
        CHUNKED + b"1\r\na\r\n0\r\nX: ",
        CHUNKED + b"1;x=",
        CHUNKED + b"0" * 1_000,
        b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n" + GET + b"X: ",
    ],
    ids=["trailer", "extension", "length", "head behind another request"],
)
def test_what_the_parser_keeps_is_bounded_wherever_it_comes(port: int, before: bytes) -> None:
    with connected(port, before) as connection:
        sender = threading.Thread(target=lambda: send(connection, b"0" * 2**20))
        sender.start()
        assert code(answer(connection)) == (431, "head-too-large")
        sender.join()


def test_a_head_behind_an_answer_that_has_begun_ends_the_connection(port: int) -> None:
    with connected(port, b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n" + GET + b"X: ") as connection:
        time.sleep(0.2)
        with pytest.raises(OSError):
            connection.sendall(b"x" * 2**26)


def test_trailers_are_no_fields_of_the_head(port: int) -> None:
    with connected(port, CHUNKED + b"1\r\na\r\n0\r\nCookie: hub_token=x\r\n\r\n" + GET + b"\r\n") as connection:
        data = b""
        while b"fine" not in data:
            data += connection.recv(65_536)
    assert b"transfer-encoding" in data
    assert b"cookie" not in data


def test_a_head_of_common_size_passes(port: int) -> None:
    fields = b"".join(b"X-%d: %s\r\n" % (n, b"x" * 300) for n in range(90))
    with connected(port, GET + fields + b"Connection: close\r\n\r\n") as connection:
        assert answer(connection).endswith(b"fine")


def test_a_head_that_does_not_come_to_an_end_is_given_up(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.5)
    with connected(port, GET) as begun, connected(port) as silent, connected(port, GET) as dripping:
        stop = threading.Event()

        def drip() -> None:
            while not stop.wait(0.1):
                send(dripping, b"X: 1\r\n")

        dripper = threading.Thread(target=drip)
        dripper.start()
        assert code(answer(begun)) == (408, "head-too-slow")
        assert answer(silent) == b""
        assert code(answer(dripping)) == (408, "head-too-slow")
        stop.set()
        dripper.join()


def test_what_is_left_of_a_refused_body_holds_no_connection(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.5)
    with connected(port, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n") as connection:
        assert b"refused" in connection.recv(65_536)
        pieces = 0
        with suppress(OSError):
            for pieces in range(200):  # noqa: B007 - told below
                connection.sendall(b"x")
                time.sleep(0.05)
        assert pieces < 199


def test_connections_kept_alive_serve_one_request_after_another(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 1.0)
    with connected(port) as connection:
        for _ in range(4):
            time.sleep(0.4)
            connection.sendall(GET + b"\r\n")
            assert connection.recv(65_536).endswith(b"fine")
        connection.sendall((GET + b"\r\n") * 3)
        data = b""
        while data.count(b"fine") < 3:
            data += connection.recv(65_536)


def test_a_caller_who_takes_no_answer_is_given_up(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "SEND_SECONDS", 0.5)
    with connected(port, b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n") as connection:
        time.sleep(2.0)
        assert not answer(connection).endswith(b"0\r\n\r\n"), "it is endless"


def test_an_answer_that_is_whole_but_not_taken_is_given_up(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "SEND_SECONDS", 0.5)
    request = b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n"
    with connected(port, request) as once, connected(port, request) as twice:
        time.sleep(0.2)
        twice.sendall(request)
        time.sleep(2.0)
        for connection in (once, twice):
            data = b""
            with suppress(ConnectionResetError):
                data = answer(connection)
            assert len(data) < LARGE


def test_a_slow_reader_gets_the_whole(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.1)
    with connected(port, b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n") as connection:
        time.sleep(0.5)
        assert len(answer(connection)) > LARGE


def test_what_callers_do_is_no_error_in_the_log(port: int, caplog: pytest.LogCaptureFixture) -> None:
    slow = b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n"
    for data in (slow * 3, slow, CHUNKED):
        connected(port, data).close()
    for data in (slow, CHUNKED):
        with connected(port, data + b"nonsense\r\n\r\n") as connection:
            assert code(answer(connection)) == (400, "bad-request")
    with connected(port, b"GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n") as later:
        assert answer(later).endswith(b"fine")
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_unfinished_bodies_make_room_beginning_with_the_crowd(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "CONNECTIONS", 20)
    with ExitStack() as held, connected(port, CHUNKED, host="127.0.0.2") as other:
        opened = [held.enter_context(connected(port, CHUNKED)) for _ in range(60)]
        for host in ("127.0.0.1", "127.0.0.3"):
            with connected(port, GET + b"Connection: close\r\n\r\n", host=host) as late:
                assert answer(late).endswith(b"fine")
        assert sum(is_closed(connection) for connection in opened) >= 40
        assert not is_closed(opened[-1])
        other.settimeout(10.0)
        other.sendall(b"0\r\n\r\n")
        assert b"200 OK" in other.recv(65_536)


@pytest.mark.parametrize(("of_address", "total"), [(20, 1_000), (1_000, 20)])
def test_half_open_requests_make_room(port: int, monkeypatch: pytest.MonkeyPatch, of_address: int, total: int) -> None:
    monkeypatch.setattr(connections, "WAITING_OF_ADDRESS", of_address)
    monkeypatch.setattr(connections, "CONNECTIONS", total)
    with ExitStack() as held:
        opened = [held.enter_context(connected(port, GET)) for _ in range(60)]
        with connected(port, GET + b"Connection: close\r\n\r\n") as late:
            assert answer(late).endswith(b"fine")
        gone = sum(is_closed(connection) for connection in opened)
        assert 40 <= gone <= 42
        assert is_closed(opened[0])
        assert not is_closed(opened[-1])


def is_closed(connection: socket.socket) -> bool:
    connection.settimeout(0.05)
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True
