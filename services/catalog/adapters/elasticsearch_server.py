"""Talking to Elasticsearch: one client, and the patience to repeat what failed for no fault of the request."""

import random
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from elastic_transport import ConnectionError as Unreachable
from elastic_transport import ConnectionTimeout
from elasticsearch import ApiError, Elasticsearch, NotFoundError
from elasticsearch.serializer import OrjsonSerializer

from hub.observability import metrics

BUSY = frozenset({429, 502, 503, 504})
"""HTTP statuses that say: later. The master's `process_cluster_event_timeout_exception` comes as one of them."""
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 5.0

_JSON = {"accept": "application/json", "content-type": "application/json"}
_NDJSON = {"accept": "application/json", "content-type": "application/x-ndjson"}
_Answer = TypeVar("_Answer")


class Server:
    """A node or cluster; used by many threads at once.

    `patience` is for how many seconds a write is repeated while the server is down, busy or slow, `read_patience` the
    same for reads; after that the last error is raised. `request_seconds` bounds each single request.
    """

    def __init__(
        self, url: str, patience: float = 120.0, read_patience: float = 10.0, request_seconds: float = 60.0
    ) -> None:
        self.patience = patience
        self.read_patience = read_patience
        json = OrjsonSerializer()
        self._client = Elasticsearch(
            url,
            request_timeout=request_seconds,
            max_retries=0,
            retry_on_timeout=False,
            connections_per_node=16,
            serializers={"application/json": json, "application/vnd.elasticsearch+json": json},
        )

    def read(self, method: str, path: str, body: Any = None, **params: str) -> Any:
        """The answer to a read. An index that vanished meanwhile is looked for again, since its alias has moved on."""
        return self.patiently(lambda: self.once(method, path, body, **params), self.read_patience, _later_or_moved)

    def write(self, method: str, path: str, body: Any = None, **params: str) -> Any:
        """The answer to a request that may be repeated, though an earlier try of it may have taken effect."""
        return self.patiently(lambda: self.once(method, path, body, **params), self.patience, later)

    def once(self, method: str, path: str, body: Any = None, **params: str) -> Any:
        """The answer to a single try; a body of bytes is sent as it is, as newline-delimited JSON."""
        headers = _NDJSON if isinstance(body, bytes) else _JSON
        return self._client.perform_request(method, path, params=params, headers=headers, body=body).body

    def patiently(self, call: Callable[[], _Answer], patience: float, repeated: Callable[[Exception], bool]) -> _Answer:
        """The answer of the call, which is repeated with growing random pauses while its error is one to repeat."""
        pauses = Pauses(patience)
        while True:
            try:
                return call()
            except (ApiError, Unreachable, ConnectionTimeout) as error:
                if not repeated(error) or not pauses.pause():
                    raise

    def close(self) -> None:
        self._client.close()


class Pauses:
    """Pauses that double, each a random part of its full length so that many clients do not come back at once."""

    def __init__(self, patience: float) -> None:
        self._until = time.monotonic() + patience
        self._length = FIRST_PAUSE

    def pause(self) -> bool:
        """Wait, unless the patience is used up; whether to go on."""
        left = self._until - time.monotonic()
        if left <= 0:
            return False
        metrics.RETRIES.labels("elasticsearch").inc()
        time.sleep(min(left, self._length * random.uniform(0.5, 1.0)))  # noqa: S311 - no secret hangs on it
        self._length = min(LONGEST_PAUSE, self._length * 2)
        return True


def later(error: Exception) -> bool:
    """Whether the same request may succeed later."""
    return not isinstance(error, ApiError) or error.status_code in BUSY


def _later_or_moved(error: Exception) -> bool:
    return later(error) or isinstance(error, NotFoundError)


def error_type(error: ApiError) -> str:
    """The type that the server gives the error, such as `resource_already_exists_exception`."""
    body = error.body
    told = body.get("error") if isinstance(body, Mapping) else None
    return str(told.get("type", "")) if isinstance(told, Mapping) else ""
