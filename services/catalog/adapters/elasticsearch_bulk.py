"""Sending documents: bytes as they are, a few requests at a time, each repeated until every document of it is settled.

A document is settled when it is stored, when the stored one is as new (409, which is what a repetition of it finds),
or when the index says that it will never take it. Everything else is tried again, so that a request whose answer was
lost does no harm.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from elastic_transport import ConnectionError as Unreachable
from elastic_transport import ConnectionTimeout
from elasticsearch import ApiError

from hub.kernel.problems import quoted
from hub.ports.catalogue import Document
from services.catalog.adapters.elasticsearch_documents import ID_BYTES_LIMIT, operation
from services.catalog.adapters.elasticsearch_generations import is_gone, writing
from services.catalog.adapters.elasticsearch_server import BUSY, Pauses, Server, later

DOCUMENTS = 500
"""Documents of one request at most: a quarter of a worker's batch, so that the next are made while these are sent."""
BYTES = 8 * 2**20
"""Bytes of one request, as long as it has more than one document."""
IN_FLIGHT = 2
REFUSALS = frozenset(
    {
        "document_parsing_exception",
        "mapper_parsing_exception",
        "strict_dynamic_mapping_exception",
        "illegal_argument_exception",
        "x_content_parse_exception",
    }
)
"""Error types that are the document's own fault and come back however often it is sent."""

_TOLD = "errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason"
_CONFLICT = 409


class BulkFailed(RuntimeError):
    """The index refuses documents for a reason that is not theirs."""


@dataclass(slots=True)
class Outcome:
    """What became of documents: how many were newer than the stored ones; why each refused one was, by id.

    `gone`: their generation has been dropped, so that nothing became of some of them.
    """

    newer: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    gone: bool = False

    def add(self, other: "Outcome") -> None:
        self.newer += other.newer
        self.refused |= other.refused
        self.gone = self.gone or other.gone


@dataclass(frozen=True, slots=True)
class Chunk:
    """The operations of one request."""

    ids: tuple[str, ...]
    lines: tuple[bytes, ...]


class Bulk:
    """Sends chunks; used by many threads at once, at most IN_FLIGHT requests of them all at a time."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._senders = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="elasticsearch-bulk")

    def submit(self, index: str, chunk: Chunk, refresh: bool = False) -> "Future[Outcome]":
        """Send the chunk to a generation; with `refresh` it is visible to searches when it is done."""
        return self._senders.submit(self._settled, index, chunk, refresh)

    def close(self) -> None:
        self._senders.shutdown(wait=True)

    def _settled(self, index: str, chunk: Chunk, refresh: bool) -> Outcome:
        path = f"/{writing(index)}/_bulk"
        params = {"filter_path": _TOLD, "require_alias": "true", "refresh": "true" if refresh else "false"}
        outcome = Outcome()
        pauses = Pauses(self._server.patience)
        left = chunk
        while True:
            try:
                answer = self._server.once("POST", path, b"".join(left.lines), **params)
                left, reason = _sorted_out(left, answer, outcome)
                if not left.ids:
                    return outcome
                failure: Exception = BulkFailed(reason)
            except (ApiError, Unreachable, ConnectionTimeout) as error:
                if isinstance(error, ApiError) and is_gone(error):
                    outcome.gone = True
                    return outcome
                if not later(error):
                    raise
                failure = error
            if not pauses.pause():
                raise failure

    def spread(self, documents: Iterable[Document], refused: dict[str, str]) -> Iterator[Chunk]:
        """The documents in requests of DOCUMENTS, each as soon as they have come."""
        rest = iter(documents)
        while batch := list(islice(rest, DOCUMENTS)):
            yield from _chunks(batch, refused)


def _chunks(documents: Sequence[Document], refused: dict[str, str]) -> Iterator[Chunk]:
    ids: list[str] = []
    lines: list[bytes] = []
    size = 0
    for document in documents:
        if len(document.id.encode()) > ID_BYTES_LIMIT:
            refused[document.id] = f"the id has more than {ID_BYTES_LIMIT} bytes"
            continue
        line = operation(document)
        if lines and size + len(line) > BYTES:
            yield Chunk(tuple(ids), tuple(lines))
            ids, lines, size = [], [], 0
        ids.append(document.id)
        lines.append(line)
        size += len(line)
    if lines:
        yield Chunk(tuple(ids), tuple(lines))


def _sorted_out(chunk: Chunk, answer: Mapping[str, Any], outcome: Outcome) -> tuple[Chunk, str]:
    """What is to be sent again, and why; the rest is counted in the outcome. Raises BulkFailed."""
    if not answer["errors"]:
        outcome.newer += len(chunk.ids)
        return Chunk((), ()), ""
    again: list[int] = []
    reason = ""
    for at, item in enumerate(answer["items"]):
        done = item["index"]
        status, error = done["status"], done.get("error")
        if error is None:
            outcome.newer += 1
        elif status in BUSY:
            again.append(at)
            reason = _reason_of(error)
        elif error["type"] in REFUSALS:
            outcome.refused[chunk.ids[at]] = _reason_of(error)
        elif error["type"] == "index_not_found_exception":
            outcome.gone = True
        elif status != _CONFLICT:
            raise BulkFailed(_reason_of(error))
    return Chunk(tuple(chunk.ids[at] for at in again), tuple(chunk.lines[at] for at in again)), reason


def _reason_of(error: Mapping[str, Any]) -> str:
    reason = error.get("caused_by", error).get("reason", "")
    return quoted(f"{error['type']}: {reason}")
