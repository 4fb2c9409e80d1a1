"""What a caller's connection to the web server goes through when a request fails."""

import http.client
import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn
from fastapi import FastAPI

from hub.web.failures import Failures


def failing() -> FastAPI:
    app = FastAPI()
    app.add_middleware(Failures)

    @app.post("/")
    def fail() -> None:
        raise ValueError

    return app


@pytest.fixture
def address() -> Iterator[tuple[str, int]]:
    """A web server with an endpoint that fails."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        server = uvicorn.Server(uvicorn.Config(failing(), log_config=None))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield listening.getsockname()
        server.should_exit = True
        thread.join()


def test_the_connection_goes_on_after_a_fault(address: tuple[str, int]) -> None:
    connection = http.client.HTTPConnection(*address)
    connection.connect()
    first = connection.sock
    for _ in range(3):
        connection.request("POST", "/", b"x" * 100_000)
        answer = connection.getresponse()
        assert answer.status == 500
        answer.read()
        assert connection.sock is first, "the server has not closed it"
    connection.close()
