"""A small application on a real socket, served as the hub is."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from hub.web.connections import server_config


@contextmanager
def serving(app: Any) -> Iterator[int]:
    """The port that the application listens on."""
    with socket.create_server(("127.0.0.1", 0), backlog=2_048) as listening:
        server = uvicorn.Server(server_config(app, 1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()
