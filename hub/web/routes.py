"""Serving operations: an endpoint stands at the address that its contract names, and at no other."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel

from hub.kernel.operation import JSON, Operation

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def address(operation: Operation[Any], **names: str) -> str:
    """The operation's path with each name as one segment, whatever characters it has. KeyError for a missing one."""
    return operation.path.format_map({name: quote(value, safe="") for name, value in names.items()})


def answered(
    answer: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None, media: str = JSON
) -> Response:
    """The answer in JSON, with those of its members that were given."""
    content = answer.model_dump_json(by_alias=True, exclude_unset=True)
    return Response(content, status, headers, media_type=media)


def serve(api: APIRouter, operation: Operation[Any]) -> Callable[[Endpoint], Endpoint]:
    """A decorator that serves the operation by an endpoint.

    The contract describes it (schemas.derive.openapi), so that the framework need not; what it answers is written as
    it is, without being read into the model first: a page of hits would take longer to check than to find.
    """
    return api.api_route(
        operation.path,
        methods=[operation.method],
        name=operation.id,
        status_code=operation.status,
        response_model=None,
        include_in_schema=False,
    )
