"""Sending a file of records to a hub and following its rows until they can be found."""

import gzip
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast
from urllib.parse import quote

from hub.web.client import HubClient, Unreachable
from schemas.http.ingest import RECEIPT, SUBMIT, Receipt, State, SubmitQuery

CHUNK = 256 * 2**10
ATTEMPTS = 3
WAITS = (0.1, 0.2, 0.5, 1.0)
PATIENCE_SECONDS = 120.0
SETTLED: tuple[State, ...] = ("searchable", "stale", "dead")

Progress = Callable[[int, int], None]
"""Called with what is done and what there is: bytes while sending, rows while waiting."""


@dataclass(frozen=True, slots=True)
class Document:
    """A file of records and how it is to be submitted; `open` gives its unpacked content and can be called again."""

    name: str
    kind: str
    source: str
    open: Callable[[], IO[bytes]]
    format: str = ""
    key: str = ""

    @classmethod
    def of(cls, path: Path, kind: str, source: str, format_name: str) -> "Document":
        """A file on disk; one that ends in .gz is unpacked on its way."""

        def opened() -> IO[bytes]:
            return cast(IO[bytes], gzip.open(path)) if path.suffix == ".gz" else path.open("rb")

        return cls(path.name.removesuffix(".gz"), kind, source, opened, format_name)


def send(client: HubClient, document: Document, on_progress: Progress) -> Receipt:
    """The receipt. A connection that breaks is tried again under the same idempotency key."""
    headers = {"Idempotency-Key": document.key or str(uuid.uuid4()), "X-Filename": quote(document.name)}
    headers["Content-Type"] = "application/octet-stream"
    query = SubmitQuery(source=document.source, format=document.format or None)
    for left in reversed(range(ATTEMPTS)):
        try:
            with document.open() as stream:
                chunks = _chunks(stream, on_progress)
                return client.call(SUBMIT, chunks, query, headers=headers, kind=document.kind)
        except Unreachable:
            if not left:
                raise
            time.sleep(WAITS[-1])
    raise AssertionError("the last attempt returns or raises")


def _chunks(stream: IO[bytes], on_progress: Progress) -> Iterator[bytes]:
    total = stream.seek(0, 2)
    stream.seek(0)
    sent = 0
    while chunk := stream.read(CHUNK):
        yield chunk
        sent += len(chunk)
        on_progress(sent, total)


def follow(client: HubClient, receipt: Receipt, on_progress: Progress) -> Mapping[State, int]:
    """How many rows came to each state once all are settled; TimeoutError where none moves for PATIENCE_SECONDS."""
    accepted, rounds, best = receipt.accepted, 0, -1
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        states = client.call(RECEIPT, receipt_id=receipt.id).states
        settled = sum(states.get(name, 0) for name in SETTLED)
        on_progress(settled, accepted)
        if settled >= accepted:
            return states
        if settled > best:
            best, deadline = settled, time.monotonic() + PATIENCE_SECONDS
        if time.monotonic() > deadline:
            raise TimeoutError(receipt.id)
        time.sleep(WAITS[min(rounds, len(WAITS) - 1)])
        rounds += 1
