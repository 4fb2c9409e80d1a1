"""The HTTP APIs as an OpenAPI 3.1 document, derived from the operations of schemas.http."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from hub.kernel.operation import JSON, Operation
from hub.kernel.problems import ProblemDetails
from schemas.derive.jsonschema import DIALECT, Generator, Schema

VERSION = "3.1.0"
PROBLEM_JSON = "application/problem+json"
COMMON_PROBLEMS = (400, 401, 405, 408, 413, 414, 421, 429, 431, 500, 503, 507)
"""Of any operation: of a broken or oversized request, a wrong token, too many requests, a fault or a store away."""
SCHEMES: Mapping[str, Schema] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "RFC 6750: a token of the hub's own, or an access token of its OpenID Connect provider",
    },
}
PROVIDER = "provider"
_REFERENCE = "#/components/schemas/{model}"
_TEXT: Schema = {"type": "string"}
_NAME: Schema = {"type": "string", "minLength": 1, "pattern": "^[^/]+$"}
_HEADERS: Mapping[str, tuple[str, Schema]] = {
    "Idempotency-Key": ("makes a repetition harmless", {"type": "string", "maxLength": 255}),
    "X-Filename": ("the document's name, percent-encoded", _TEXT),
    "If-None-Match": ("the ETag of the answer that the caller has", _TEXT),
}
_LANGUAGE: Schema = {
    "name": "lang",
    "in": "query",
    "description": "zh or en, before Accept-Language; any other is passed over",
    "schema": {"type": "string"},
}
_REASONS: Mapping[int, str] = {
    200: "the answer",
    201: "made",
    202: "taken",
    204: "done",
    304: "unchanged since the ETag that was sent",
    400: "not understood",
    401: "not signed in, or no valid token",
    403: "not allowed to this caller",
    404: "not there, or not for this caller",
    405: "not done at this address",
    408: "the request came too slowly",
    409: "not possible as things stand",
    410: "withdrawn",
    413: "too large",
    415: "a type or coding that is not taken",
    414: "the address is too long",
    421: "not a host of this hub",
    422: "wrong values",
    429: "too many requests",
    431: "headers too large",
    500: "the hub is at fault",
    503: "to be asked again in a moment",
    507: "the hub's disk is full, and nothing was stored",
}


def openapi(operations: Iterable[Operation[Any]], discovery_url: str = "") -> Schema:
    """The document of these operations. The same for the same operations, byte for byte.

    `discovery_url` is that of the OpenID Connect provider whose tokens a hub takes; as published it names none.
    """
    known = tuple(operations)
    paths: dict[str, Schema] = {}
    provider: Schema = {"type": "openIdConnect", "openIdConnectUrl": discovery_url}
    schemes = {**SCHEMES, PROVIDER: provider} if discovery_url else SCHEMES
    for operation in known:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, schemes)
    return {
        "openapi": VERSION,
        "jsonSchemaDialect": DIALECT,
        "info": {
            "title": "科研资源共享枢纽 · Research-resource sharing hub",
            "version": "1",
            "description": "Compatible within a major version: requests stay valid, answers stay readable. What is "
            "sent has no control characters (but tabs and line ends) and no unpaired surrogates in its texts.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": _schemas(known),
            "parameters": {"lang": _LANGUAGE},
            "responses": {f"problem-{status}": _problem(status) for status in COMMON_PROBLEMS},
            "securitySchemes": dict(schemes),
        },
    }


def _operation(operation: Operation[Any], schemes: Iterable[str]) -> Schema:
    ways: list[Schema] = [{name: []} for name in schemes]
    operation_object: Schema = {
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [operation.tag],
        "security": ways if operation.token else [{}, *ways],
        "parameters": list(_parameters(operation)),
        "responses": _responses(operation),
    }
    if operation.body or operation.sends:
        operation_object["requestBody"] = _request_body(operation)
    return operation_object


def _parameters(operation: Operation[Any]) -> Iterator[Schema]:
    yield from ({"name": name, "in": "path", "required": True, "schema": _NAME} for name in operation.names)
    if operation.query:
        made = operation.query.model_json_schema(schema_generator=Generator)
        for name, schema in made["properties"].items():
            yield {
                "name": name,
                "in": "query",
                "required": name in made.get("required", ()),
                **({"description": schema["description"]} if "description" in schema else {}),
                "schema": _plain(schema),
            }
    for prefix in operation.prefixed:
        pattern = f"^{prefix.replace('.', chr(92) + '.')}"
        schema = {"type": "object", "propertyNames": {"pattern": pattern}, "additionalProperties": _TEXT}
        yield {"name": f"{prefix}<path>", "in": "query", "style": "form", "explode": True, "schema": schema}
    for name in (*operation.headers, *(("If-None-Match",) if operation.cached else ())):
        description, schema = _HEADERS[name]
        yield {"name": name, "in": "header", "description": description, "schema": schema}
    yield {"$ref": "#/components/parameters/lang"}


def _plain(schema: Schema) -> Schema:
    """A parameter's schema: null is not sent, so that it is none of its values."""
    rest = {name: value for name, value in schema.items() if name not in ("title", "description", "default", "anyOf")}
    for option in schema.get("anyOf", ()):
        if option.get("type") != "null":
            rest |= option
    return rest


def _request_body(operation: Operation[Any]) -> Schema:
    if operation.body:
        content: Schema = {JSON: {"schema": _reference(operation.body)}}
        return {"required": operation.body_required, "content": content}
    form = {
        "type": "object",
        "properties": {"file": {"type": "string", "format": "binary"}},
        "required": ["file"],
    }
    documents: Schema = {media: {} for media in operation.sends}
    return {"required": True, "content": documents | {"multipart/form-data": {"schema": form}}}


def _responses(operation: Operation[Any]) -> Schema:
    responses: Schema = {str(operation.status): _answer(operation.status, operation.answer, operation.media)}
    responses |= {
        str(status): _answer(status, model, (PROBLEM_JSON if issubclass(model, ProblemDetails) else JSON,))
        for status, model in operation.further
    }
    if operation.cached:
        responses["304"] = {"description": _REASONS[304]}
    responses |= {str(status): _problem(status) for status in operation.problems}
    responses |= {
        str(status): {"$ref": f"#/components/responses/problem-{status}"}
        for status in COMMON_PROBLEMS
        if str(status) not in responses
    }
    return dict(sorted(responses.items()))


def _answer(status: int, model: type, media: Iterable[str]) -> Schema:
    told: Schema = {"description": _REASONS[status]}
    if issubclass(model, BaseModel):
        told["content"] = {name: {"schema": _reference(model)} for name in media}
    elif model is bytes:
        told["content"] = {name: {} for name in media}
    return told


def _problem(status: int) -> Schema:
    return _answer(status, ProblemDetails, (PROBLEM_JSON,))


def _reference(model: type[BaseModel]) -> Schema:
    return {"$ref": _REFERENCE.format(model=model.__name__)}


def _schemas(operations: Iterable[Operation[Any]]) -> Schema:
    models: set[type[BaseModel]] = {ProblemDetails}
    for operation in operations:
        sent_and_answered = (operation.body, operation.answer, *(model for _, model in operation.further))
        models |= {model for model in sent_and_answered if model and issubclass(model, BaseModel)}
    named = sorted(models, key=lambda model: model.__name__)
    _, made = models_json_schema(
        [(model, "validation") for model in named], ref_template=_REFERENCE, schema_generator=Generator
    )
    definitions: Schema = made["$defs"]
    return {name: _untitled(schema) for name, schema in sorted(definitions.items())}


def _untitled(schema: Schema) -> Schema:
    """Without pydantic's titles, which repeat the names."""
    schema.pop("title", None)
    for member in schema.get("properties", {}).values():
        member.pop("title", None)
    return schema
