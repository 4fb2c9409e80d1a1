"""A client of the hub's HTTP APIs: it does operations, and answers with their models."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import IO, Any, Self, TypeVar, cast

import httpx
import orjson
from pydantic import BaseModel, ValidationError

from hub.kernel.operation import JSON, Operation
from hub.kernel.problems import ProblemDetails
from hub.text.language import Language
from hub.web.routes import address

READER_ADDRESS = "X-Forwarded-For"
READER_SITE = "reader_site"
"""Of a request's extensions, which no wire carries."""
TIMEOUT = httpx.Timeout(30.0, read=300.0)
Query = BaseModel | Sequence[tuple[str, str]]
"""The model of an operation's parameters, or pairs as they come, which the API may refuse."""
File = tuple[str, IO[bytes], str]
"""Name, content, media type."""
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class _Sent:
    """What a request carries beside its address."""

    headers: Mapping[str, str] = field(default_factory=dict)
    content: str | Iterator[bytes] | None = None
    file: File | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom the client asks: the language, the bearer token of the signed-in, and where they are, for limits.

    `site`: the hub's address as they know it, for an API in the same process.
    """

    language: Language
    token: str = ""
    address: str = ""
    site: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """As every request carries them."""
        headers: dict[str, str] = {"Accept-Language": self.language}
        headers |= {READER_ADDRESS: self.address} if self.address else {}
        return headers | {"Authorization": f"Bearer {self.token}"} if self.token else headers


class ApiProblem(Exception):
    """The API's refusal: `status` of HTTP, `details` in the reader's language where it gives any."""

    def __init__(self, status: int, details: ProblemDetails | None = None, text: str = "") -> None:
        self.status = status
        self.details = details
        self._text = text
        super().__init__("; ".join(self.messages) or str(status))

    @property
    def messages(self) -> list[str]:
        """One sentence a problem, the title where the document lists none."""
        if self.details is None:
            return [self._text] if self._text else []
        return [item.message for item in self.details.errors] or [self.details.title]

    @property
    def by_field(self) -> dict[str, str]:
        """What would have been right, by the field that it is about; under "" sentences about the whole."""
        words: dict[str, str] = {}
        for item in self.details.errors if self.details else ():
            name, text = item.field or "", item.expected if item.field else item.message
            words[name] = f"{words[name]} {text}" if name in words else text
        return words or {"": " ".join(self.messages)}

    @property
    def codes(self) -> frozenset[str]:
        """For programs."""
        return frozenset(item.code for item in self.details.errors) if self.details else frozenset()


class Unreachable(Exception):
    """No hub answers at the address."""


class HubClient:
    """A client for one reader. Every method raises ApiProblem or Unreachable."""

    def __init__(self, url: str, token: str, language: Language, transport: httpx.BaseTransport | None = None) -> None:
        self.url = url.rstrip("/")
        self._reader = Reader(language, token)
        self._client = httpx.Client(base_url=self.url, timeout=TIMEOUT, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._client.close()

    def call(
        self,
        operation: Operation[Answer],
        body: BaseModel | Iterator[bytes] | None = None,
        query: Query = (),
        *,
        headers: Mapping[str, str] | None = None,
        **names: str,
    ) -> Answer:
        """What answers the operation; `names` are those of its path. A document is sent piece by piece."""
        with self._sent(operation, names, query, _carrying(body, headers or {})) as response:
            response.read()
            return _answer(operation, response)

    @contextmanager
    def download(self, operation: Operation[bytes], query: Query = (), **names: str) -> Iterator[Iterator[bytes]]:
        """The pieces of a document."""
        with self._sent(operation, names, query, _Sent()) as response:
            yield response.iter_bytes()

    @contextmanager
    def _sent(
        self, operation: Operation[Any], names: Mapping[str, str], query: Query, sent: _Sent
    ) -> Iterator[httpx.Response]:
        try:
            request = _request(self._client, self._reader, operation, names, query=query, sent=sent)
            with closing(self._client.send(request, stream=True)) as response:
                if response.is_error:
                    response.read()
                    raise problem_of(response)
                yield response
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise Unreachable(self.url) from error


class AsyncHubClient:
    """A client shared by many readers, each named in the call.

    Every method raises ApiProblem, with status 503 where the API does not answer.
    """

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def call(
        self,
        reader: Reader,
        operation: Operation[Answer],
        body: BaseModel | None = None,
        query: Query = (),
        *,
        key: str = "",
        file: File | None = None,
        **names: str,
    ) -> Answer:
        """What answers the operation; `key` makes a repetition harmless (Idempotency-Key).

        `file` is sent as multipart/form-data without being copied.
        """
        sent = _carrying(body, {"Idempotency-Key": key} if key else {}, file)
        return _answer(operation, await self._answered(reader, operation, names, query=query, sent=sent))

    async def download(
        self, reader: Reader, operation: Operation[bytes], query: Query = (), **names: str
    ) -> tuple[AsyncIterator[bytes], Mapping[str, str]]:
        """The pieces of a document, which are read to their end or closed, and the headers that came with it."""
        response = await self._answered(reader, operation, names, query=query, sent=_Sent(), stream=True)

        async def pieces() -> AsyncIterator[bytes]:
            try:
                async for piece in response.aiter_bytes():
                    yield piece
            finally:
                await response.aclose()

        return pieces(), response.headers

    async def _answered(
        self,
        reader: Reader,
        operation: Operation[Any],
        names: Mapping[str, str],
        *,
        query: Query,
        sent: _Sent,
        stream: bool = False,
    ) -> httpx.Response:
        if not is_plain(reader.token):
            raise ApiProblem(401)
        request = _request(self._client, reader, operation, names, query=query, sent=sent)
        try:
            response = await self._client.send(request, stream=stream)
            if response.is_error:
                await response.aread()
        except httpx.HTTPError as error:
            raise ApiProblem(503) from error
        finally:
            # The client is shared by all readers, so that it must never hold what one of them was given.
            self._client.cookies.clear()
        if response.is_error:
            raise problem_of(response)
        return response


def is_plain(token: str) -> bool:
    """Whether a header can carry it: a browser sends back whatever its cookie holds."""
    return token.isascii() and token.isprintable() and " " not in token


def problem_of(response: httpx.Response) -> ApiProblem:
    """The problems of application/problem+json; the status and the start of the body of any other answer."""
    if response.headers.get("content-type", "").startswith("application/problem+json"):
        try:
            return ApiProblem(response.status_code, ProblemDetails.model_validate_json(response.content))
        except ValidationError:
            pass
    return ApiProblem(response.status_code, text=f"HTTP {response.status_code}: {response.text[:200]}")


def _pairs(query: Query) -> list[tuple[str, str]]:
    """The parameters as they stand in a query string, without those that are as they would be if left out."""
    if not isinstance(query, BaseModel):
        return list(query)
    given = query.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    listed = [(name, item) for name, value in given.items() for item in (value if isinstance(value, list) else [value])]
    return [(name, item if isinstance(item, str) else orjson.dumps(item).decode()) for name, item in listed]


def _request(
    client: httpx.Client | httpx.AsyncClient,
    reader: Reader,
    operation: Operation[Any],
    names: Mapping[str, str],
    *,
    query: Query,
    sent: _Sent,
) -> httpx.Request:
    return client.build_request(
        operation.method,
        address(operation, **names),
        params=httpx.QueryParams([*_pairs(query)]),
        headers={**reader.headers, **sent.headers},
        content=sent.content,
        files={"file": sent.file} if sent.file else None,
        extensions={READER_SITE: reader.site} if reader.site else None,
    )


def _carrying(body: BaseModel | Iterator[bytes] | None, headers: Mapping[str, str], file: File | None = None) -> _Sent:
    if isinstance(body, BaseModel):
        text = body.model_dump_json(by_alias=True, exclude_unset=True, warnings=False)
        return _Sent({**headers, "Content-Type": JSON}, text)
    return _Sent(headers, body, file)


def _answer(operation: Operation[Answer], response: httpx.Response) -> Answer:
    model: Any = operation.answer
    if not issubclass(model, BaseModel):
        return cast(Answer, None if model is type(None) else response.content)
    try:
        return cast(Answer, model.model_validate_json(response.content))
    except ValidationError as error:
        # As of another release, or of no hub at all; which member it is helps whoever runs both.
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise ApiProblem(502, text=f"{operation.id}: not the answer of its contract, at {where or 'all'}") from error
