"""The portal's only way to data: the hub's own HTTP API, in the name and the language of the reader."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

import httpx
from starlette.responses import Response

from hub.kernel.language import Language

PREFIX = "/api/v1"
PASSED_ON = ("content-type", "content-disposition", "etag", "content-language")
Params = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom a page is for: the language, and the bearer token of the signed-in."""

    language: Language
    token: str = ""

    @property
    def headers(self) -> dict[str, str]:
        said: dict[str, str] = {"Accept-Language": self.language}
        if self.token:
            said["Authorization"] = f"Bearer {self.token}"
        return said


class ApiProblem(Exception):
    """The API's refusal: `status` of HTTP, and the problem document (RFC 9457) in the reader's language."""

    def __init__(self, status: int, document: Mapping[str, Any]) -> None:
        super().__init__(f"{status} {document.get('title', '')}")
        self.status = status
        self.document = document

    @property
    def messages(self) -> list[str]:
        """One sentence a problem, the title where the document lists none."""
        told = [str(error.get("message") or "") for error in self.document.get("errors") or ()]
        return [text for text in (*told, "" if any(told) else str(self.document.get("title") or "")) if text]


class HubApi:
    """Calls of the API. Every method raises ApiProblem for a refusal, with status 503 where the API does not answer."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def get(self, reader: Reader, path: str, params: Params = ()) -> Any:
        """The JSON at the path."""
        return (await self._sent(reader, "GET", path, params=params)).json()

    async def post(self, reader: Reader, path: str, body: Mapping[str, Any], key: str = "") -> Any:
        """The JSON answer to a JSON body; `key` makes a repetition harmless (Idempotency-Key)."""
        headers = {"Idempotency-Key": key} if key else {}
        return (await self._sent(reader, "POST", path, json=body, headers=headers)).json()

    async def delete(self, reader: Reader, path: str) -> None:
        await self._sent(reader, "DELETE", path)

    async def upload(
        self, reader: Reader, path: str, params: Params, file: tuple[str, IO[bytes], str], key: str
    ) -> Any:
        """The JSON answer to a file (name, content, media type), sent as multipart/form-data without copying it."""
        headers = {"Idempotency-Key": key} if key else {}
        return (await self._sent(reader, "POST", path, params=params, files={"file": file}, headers=headers)).json()

    async def document(self, reader: Reader, path: str, params: Params = ()) -> Response:
        """A file of the API handed on as it is: a template, a calendar entry."""
        answer = await self._sent(reader, "GET", path, params=params)
        headers = {name: answer.headers[name] for name in PASSED_ON if name in answer.headers}
        return Response(answer.content, headers=headers)

    async def _sent(
        self,
        reader: Reader,
        method: str,
        path: str,
        *,
        params: Params = (),
        headers: Mapping[str, str] | None = None,
        **body: Any,
    ) -> httpx.Response:
        if not is_plain(reader.token):
            raise ApiProblem(401, {})
        try:
            answer = await self._client.request(
                method,
                f"{PREFIX}{path}",
                params=httpx.QueryParams(list(params)),
                headers={**reader.headers, **(headers or {})},
                **body,
            )
        except httpx.HTTPError as error:
            raise ApiProblem(503, {}) from error
        finally:
            # The client is shared by all readers, so that it must never hold what one of them was given.
            self._client.cookies.clear()
        if answer.status_code >= 400:
            raise ApiProblem(answer.status_code, _document(answer))
        return answer


def is_plain(token: str) -> bool:
    """Whether a header can carry it: a browser sends back whatever its cookie holds."""
    return token.isascii() and token.isprintable() and " " not in token


def _document(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        document = answer.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
