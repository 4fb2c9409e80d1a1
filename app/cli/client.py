"""Asking a running hub over HTTP, and telling its problems as it tells them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import httpx

from hub.kernel.language import Language

ADDRESS_FILE = "hub.address"
SHOWN_PROBLEMS = 20
TIMEOUT = httpx.Timeout(30.0, read=300.0)


class Told(Exception):
    """The hub answered with problems; `lines` are in the reader's language, `codes` are for programs."""

    def __init__(self, status: int, lines: tuple[str, ...], codes: frozenset[str] = frozenset()) -> None:
        super().__init__("; ".join(lines))
        self.status = status
        self.lines = lines
        self.codes = codes


class Unreachable(Exception):
    """No hub answers at the address."""


class HubClient:
    """A client of one hub. Every method raises Told or Unreachable."""

    def __init__(self, url: str, token: str, language: Language, transport: httpx.BaseTransport | None = None) -> None:
        headers: dict[str, str] = {"Accept-Language": language}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self.url = url.rstrip("/")
        self._client = httpx.Client(base_url=self.url, headers=headers, timeout=TIMEOUT, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._client.close()

    def get(self, path: str, parameters: Iterable[tuple[str, str]] = ()) -> Any:
        """The JSON at a path below /api/v1."""
        return self._sent(lambda: self._client.get(f"/api/v1{path}", params=list(parameters))).json()

    def post(self, path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Any:
        """The JSON that answers a JSON body."""
        return self._sent(lambda: self._client.post(f"/api/v1{path}", json=dict(body), headers=dict(headers))).json()

    def submit(
        self, path: str, chunks: Iterator[bytes], parameters: Mapping[str, str], headers: Mapping[str, str]
    ) -> Any:
        """The receipt of a document that is sent piece by piece."""
        return self._sent(
            lambda: self._client.post(f"/api/v1{path}", content=chunks, params=dict(parameters), headers=dict(headers))
        ).json()

    @contextmanager
    def download(self, path: str, parameters: Iterable[tuple[str, str]] = ()) -> Iterator[Iterator[bytes]]:
        """The pieces of a document at a path below /api/v1."""
        try:
            with self._client.stream("GET", f"/api/v1{path}", params=list(parameters)) as response:
                if response.is_error:
                    response.read()
                    raise told_by(response)
                yield response.iter_bytes()
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise Unreachable(self.url) from error

    def _sent(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        try:
            response = send()
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise Unreachable(self.url) from error
        if response.is_error:
            raise told_by(response)
        return response


def told_by(response: httpx.Response) -> Told:
    """The problems of application/problem+json; the status and the start of the body of any other answer."""
    if not response.headers.get("content-type", "").startswith("application/problem+json"):
        return Told(response.status_code, (f"HTTP {response.status_code}: {response.text[:200]}",))
    body = response.json()
    problems = body.get("errors", ())[:SHOWN_PROBLEMS]
    lines = tuple(str(item["message"]) for item in problems) or (str(body.get("title")),)
    return Told(response.status_code, lines, frozenset(str(item.get("code")) for item in problems))
