"""Whether answers are as the contract says: for the tests of the APIs, and for what pretends to be one."""

import re
from typing import Any

import httpx
import orjson
from fastapi import FastAPI
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.kernel.operation import JSON, Operation
from hub.kernel.problems import ProblemDetails
from schemas.derive.openapi import COMMON_PROBLEMS, PROBLEM_JSON
from schemas.http import OPERATIONS

BY_ID = {operation.id: operation for operation in OPERATIONS}


def breach(operation: Operation[Any], status: int, content_type: str, body: bytes) -> str:
    """What the contract does not say of the answer; empty where it says all of it. Unknown members are a breach."""
    media = content_type.partition(";")[0].strip()
    model, expected = _promised(operation, status)
    if model is None:
        return f"{operation.id}: status {status} is not documented: {body[:500]!r}"
    if model is type(None):
        return f"{operation.id}: {status} has a body" if body else ""
    if media not in expected:
        return f"{operation.id}: {status} is {media}, expected one of {expected}"
    if not issubclass(model, BaseModel):
        return ""
    try:
        TypeAdapter(model).validate_json(body, extra=None if media == "application/schema+json" else "forbid")
    except ValidationError as error:
        return f"{operation.id}: {status} is not as {model.__name__} says: {error}"
    return ""


def _promised(operation: Operation[Any], status: int) -> tuple[type | None, tuple[str, ...]]:
    further = dict(operation.further)
    if status == operation.status:
        return operation.answer, operation.media
    if status in further:
        return further[status], (PROBLEM_JSON if issubclass(further[status], ProblemDetails) else JSON,)
    if status == 304 and operation.cached:
        return type(None), ()
    return (ProblemDetails, (PROBLEM_JSON,)) if status in {*operation.problems, *COMMON_PROBLEMS} else (None, ())


class _Conforming:
    """Raises AssertionError for an answer of an operation that is not as its contract says."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status, content_type, body = 0, "", bytearray()

        async def noting(message: Message) -> None:
            nonlocal status, content_type
            if message["type"] == "http.response.start":
                status = message["status"]
                content_type = dict(message["headers"]).get(b"content-type", b"").decode()
            elif "json" in content_type or status in (204, 304):
                body.extend(message.get("body", b""))
            await send(message)

        await self._app(scope, receive, noting)
        operation = BY_ID.get(getattr(scope.get("route"), "name", ""))
        if operation and (told := breach(operation, status, content_type, bytes(body))):
            raise AssertionError(told)


def conforming(app: FastAPI) -> FastAPI:
    """The application, which fails for an answer that its contract does not promise."""
    app.add_middleware(_Conforming)
    return app


def operation_at(method: str, path: str) -> Operation[Any] | None:
    """The operation at an address."""
    known = (one for one in OPERATIONS if one.method == method)
    return next((one for one in known if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", one.path), path)), None)


def held_to_contract(method: str, path: str, answer: httpx.Response) -> httpx.Response:
    """The answer of what pretends to be a hub; AssertionError where the contract says otherwise."""
    operation = operation_at(method, path)
    assert operation, f"{method} {path} is no operation"
    media = answer.headers.get("content-type", "")
    if media.endswith("json"):
        status = operation.status if answer.is_success else answer.status_code
        assert not (told := breach(operation, status, media, answer.content)), told
    return answer


def example(operation: Operation[Any], answer: object) -> bytes:
    """The answer in JSON; AssertionError where the contract says otherwise."""
    body = orjson.dumps(answer)
    assert not (told := breach(operation, operation.status, operation.media[0], body)), told
    return body
