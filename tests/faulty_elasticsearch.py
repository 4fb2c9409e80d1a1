"""A proxy before Elasticsearch that fails as clusters fail: busy, away, slow, cut off, or in part."""

import http.client
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

import orjson

Fault = Literal["none", "busy", "away", "master-busy", "cut-before", "cut-after", "late", "partly", "blocked"]
Choose = Callable[[str, str], Fault]
"""The fault of a request, by its method and path."""
Upstream = Callable[[str, str, bytes], tuple[int, bytes]]
"""A server in this process: the status and body that answer a method, a path with its query, and a body."""
_OWN = frozenset({"host", "connection", "content-length"})
_REJECTED = {"type": "es_rejected_execution_exception", "reason": "the queue is full"}
_BLOCKED = {"type": "cluster_block_exception", "reason": "index read-only"}
_MASTER_BUSY = {"type": "process_cluster_event_timeout_exception", "reason": "failed to process cluster event"}


def seldom(seed: int, share: float, faults: Sequence[Fault], path: str = "_bulk") -> Choose:
    """A random one of the faults for this share of the requests whose path has the word."""
    rng, lock = random.Random(seed), threading.Lock()

    def choose(_: str, asked: str) -> Fault:
        with lock:
            return rng.choice(faults) if path in asked and rng.random() < share else "none"

    return choose


def in_turn(*faults: Fault, path: str) -> Choose:
    """These faults for the first requests whose path has the word, then none."""
    left, lock = list(faults), threading.Lock()

    def choose(_: str, asked: str) -> Fault:
        with lock:
            return left.pop(0) if left and path in asked else "none"

    return choose


class FaultyElasticsearch:
    """`url` answers as the server behind it does, but for what `choose` says; `done` counts the faults that it did."""

    def __init__(self, upstream: str | Upstream, choose: Choose, late_seconds: float) -> None:
        self.choose = choose
        self.late_seconds = late_seconds
        self.done: Counter[Fault] = Counter()
        self.upstream = upstream
        proxy = self

        class Handler(_Handler):
            faulty = proxy

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def faulty(upstream: str | Upstream, choose: Choose, late_seconds: float = 1.0) -> Iterator[FaultyElasticsearch]:
    proxy = FaultyElasticsearch(upstream, choose, late_seconds)
    yield proxy
    proxy.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one packet
    faulty: FaultyElasticsearch

    def log_message(self, format: str, *args: object) -> None:
        """Tests need no access log."""

    def do_GET(self) -> None:
        self._handle()

    do_POST = do_PUT = do_DELETE = do_HEAD = do_GET

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.faulty.choose(self.command, self.path)
        self.faulty.done[fault] += 1
        if fault == "busy":
            self._error(429, _REJECTED)
        elif fault == "away":
            self._error(503, {"type": "no_shard_available_action_exception", "reason": "no shard"})
        elif fault == "master-busy":
            self._error(503, _MASTER_BUSY)
        elif fault == "cut-before":
            self._cut()
        elif fault in ("partly", "blocked"):
            self._partly(body, 429 if fault == "partly" else 403, _REJECTED if fault == "partly" else _BLOCKED)
        else:
            status, answer = self._forward(body)
            if fault == "late":
                time.sleep(self.faulty.late_seconds)
            if fault == "cut-after":
                self._cut()
            else:
                self._answer(status, answer)

    def _forward(self, body: bytes) -> tuple[int, bytes]:
        if not isinstance(self.faulty.upstream, str):
            return self.faulty.upstream(self.command, self.path, body)
        connection = http.client.HTTPConnection(urlsplit(self.faulty.upstream).netloc, timeout=60)
        kept = {name: value for name, value in self.headers.items() if name.lower() not in _OWN}
        connection.request(self.command, self.path, body, kept)
        response = connection.getresponse()
        answer = response.read()
        connection.close()
        return response.status, answer

    def _partly(self, body: bytes, status: int, error: dict[str, str]) -> None:
        """Every third operation is refused by the node, the others are done."""
        lines = body.splitlines(keepends=True)
        pairs = [b"".join(lines[at : at + 2]) for at in range(0, len(lines), 2)]
        passed = [pair for at, pair in enumerate(pairs) if at % 3]
        done = []
        if passed:
            done = orjson.loads(self._forward(b"".join(passed))[1])["items"]
        rest = iter(done)
        items = [next(rest) if at % 3 else {"index": {"status": status, "error": error}} for at in range(len(pairs))]
        self._answer(200, orjson.dumps({"errors": True, "items": items}))

    def _error(self, status: int, error: dict[str, str]) -> None:
        self._answer(status, orjson.dumps({"error": error, "status": status}))

    def _answer(self, status: int, body: bytes) -> None:
        with suppress(OSError):  # the client has given up
            self.send_response(status)
            self.send_header("X-Elastic-Product", "Elasticsearch")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def _cut(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
