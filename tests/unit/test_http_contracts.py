"""The HTTP contracts: complete, served as they say, and never narrowed."""

from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from types import SimpleNamespace
from typing import Any, cast

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from pydantic import BaseModel

from app.me import router as me
from app.own_data import router as own_data
from app.server import description
from hub.auth.oidc import discovery_at
from hub.auth.sources import load_sources
from hub.kernel.access import Principal
from hub.web.routes import serve
from schemas.derive.openapi import openapi
from schemas.derive.openapi_compatibility import incompatible_api
from schemas.http import OPERATIONS
from schemas.http.access import ME
from schemas.http.booking import BOOK
from services.accounts.api import router as accounts
from services.booking.api import router as booking
from services.catalog.api import router as catalogue
from services.catalog.core.queries import PARAMETERS, PREFIXED
from services.curation.api import router as curation
from services.ingest.api import router as ingest
from services.privacy.api import router as privacy
from services.usage.api import router as usage
from tests.contract import breach, conforming

pytestmark = pytest.mark.unit
DOCUMENT = openapi(OPERATIONS)
NOTHING = cast(
    Any, SimpleNamespace(limits=SimpleNamespace(body_bytes=1), sign_ins=None, organisations=None, tokens=None)
)
RAW = {"search_records", "suggest_names", "run_saved_search"}
"""Operations whose parameters are read by readers of the service's own."""


def routes() -> Iterator[APIRoute]:
    sources = load_sources()
    made = (
        me(sources),
        own_data(NOTHING),
        ingest(NOTHING),
        curation(NOTHING, NOTHING, sources, NOTHING),
        catalogue(NOTHING),
    )
    more = accounts(NOTHING), privacy(NOTHING, NOTHING), usage(NOTHING, NOTHING)
    for router in (*made, booking(NOTHING, NOTHING), *more):
        yield from (route for route in router.routes if isinstance(route, APIRoute))


def test_every_route_of_the_apis_is_an_operation_and_the_reverse() -> None:
    served = {(route.name, *sorted(route.methods), route.path) for route in routes()}
    health = {"get_liveness", "get_readiness"}
    assert served == {(one.id, one.method, one.path) for one in OPERATIONS if one.id not in health}


def test_every_operation_has_models_problems_and_a_security_scheme() -> None:
    assert max(Counter(operation.id for operation in OPERATIONS).values()) == 1
    for operation in OPERATIONS:
        described = DOCUMENT["paths"][operation.path][operation.method.lower()]
        assert described["security"]
        assert (operation.body or operation.sends) or operation.method != "POST", operation.id
        answer = operation.answer
        assert answer in (bytes, type(None)) or issubclass(answer, BaseModel), operation.id
        for status, told in described["responses"].items():
            if status >= "400" and status not in {str(one) for one, _ in operation.further}:
                common = DOCUMENT["components"]["responses"].get(told.get("$ref", "").rpartition("/")[2])
                assert list((common or told)["content"]) == ["application/problem+json"], (operation.id, status)


class Known:
    """An access list with one token."""

    def principal(self, token: str) -> Principal | None:
        return Principal("somebody", frozenset({"member"})) if token == "t" else None


def test_callers_sign_in_by_each_of_the_schemes() -> None:
    app = FastAPI()
    app.state.access = Known()
    app.include_router(me(load_sources()))
    by_scheme: dict[str, Callable[[dict[str, str]], dict[str, str]]] = {
        "http": lambda scheme: {"Authorization": f"{scheme['scheme']} t"},
    }
    for scheme in DOCUMENT["components"]["securitySchemes"].values():
        answer = TestClient(app).get(ME.path, headers=by_scheme[scheme["type"]](scheme))
        assert answer.json()["name"] == "somebody", scheme


def test_a_hub_describes_the_provider_whose_tokens_it_takes() -> None:
    app = FastAPI()
    app.include_router(description({ME.path}, discovery_at("https://idp.example.org/realms/hub/")))
    served = TestClient(app).get("/api/v1/openapi.json").json()
    assert served["components"]["securitySchemes"]["provider"] == {
        "type": "openIdConnect",
        "openIdConnectUrl": "https://idp.example.org/realms/hub/.well-known/openid-configuration",
    }
    assert served["paths"][ME.path]["get"]["security"] == [{}, {"bearer": []}, {"provider": []}]
    assert incompatible_api(openapi([ME]), served) == []
    assert discovery_at("") == ""


def test_no_two_models_share_a_name() -> None:
    assert not [name for name in DOCUMENT["components"]["schemas"] if "__" in name]


def test_endpoints_read_the_parameters_that_the_contract_names() -> None:
    described = {operation.id: operation for operation in OPERATIONS}
    for route in routes():
        if route.name in RAW:
            continue
        query = described[route.name].query
        wanted = {field.alias or name for name, field in query.model_fields.items()} if query else set()
        read: set[str] = set()
        for parameter in route.dependant.query_params:
            kind = parameter.field_info.annotation
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                assert kind is query, route.name
                read |= wanted
            else:
                read.add(parameter.alias)
        assert read == wanted, route.name
    search = described["search_records"]
    assert search.query
    assert {*search.query.model_fields, "lang"} == set(PARAMETERS)
    assert search.prefixed == PREFIXED


def altered(path: str, value: object) -> dict[str, Any]:
    """The document with another value at the path, or with nothing there for None."""
    new = deepcopy(DOCUMENT)
    *parents, name = path.split(" ")
    node: Any = new
    for parent in parents:
        node = node[int(parent)] if isinstance(node, list) else node[parent]
    if value is None:
        del node[int(name) if isinstance(node, list) else name]
    else:
        node[name] = value
    return new


BOOKINGS = "paths /api/v1/bookings"
MODELS = "components schemas"
MAY_BE_NULL = {"anyOf": [{"type": "string"}, {"type": "null"}]}
ALL_REQUIRED = ["instrument", "start", "end", "purpose"]


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("paths /api/v1/me get", None, "GET /api/v1/me: the operation has been removed"),
        (f"{BOOKINGS} post operationId", "reserve", "the operation is called reserve now, was book"),
        (f"{BOOKINGS} post responses 201", None, "status 201 has been removed"),
        (f"{BOOKINGS} post responses 409 content", {}, "application/problem+json has been removed"),
        (f"{BOOKINGS} get parameters 3", None, "query limit: the parameter has been removed"),
        (f"{BOOKINGS} get parameters 3 schema maximum", 5, "query limit: the whole: maximum has fallen from 100 to 5"),
        (f"{BOOKINGS} get parameters 0 required", True, "query scope: the parameter has become required"),
        ("paths /api/v1/search get security", [{"bearer": []}], "callers must be signed in now"),
        (f"{BOOKINGS} get security", [{"session": []}], "callers can no longer sign in by bearer"),
        (f"{MODELS} NewBooking required", ALL_REQUIRED, "purpose: the field has become required"),
        (f"{MODELS} NewBooking properties purpose", None, "purpose: the field has been removed"),
        (f"{MODELS} Booking properties price", None, "price: the field has been removed"),
        (f"{MODELS} Booking required", ["id"], "start: the field may be missing"),
        (f"{MODELS} Booking properties version", {"type": "string"}, "version: type string is no longer taken"),
        (f"{MODELS} Me properties name", MAY_BE_NULL, "name: type null is no longer taken"),
    ],
)
def test_what_old_clients_could_not_use_is_refused(path: str, value: object, told: str) -> None:
    reasons = incompatible_api(DOCUMENT, altered(path, value))
    assert any(told in reason for reason in reasons), reasons


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("paths /api/v1/new", {"get": {"operationId": "new", "parameters": [], "responses": {}}}),
        (f"{BOOKINGS} get parameters 3 schema maximum", 500),
        (f"{BOOKINGS} post responses 418", {"description": "a teapot"}),
        (f"{BOOKINGS} get security", [{"bearer": []}, {"session": []}, {"provider": []}]),
        (f"{MODELS} NewBooking properties colour", {"type": "string"}),
        (f"{MODELS} NewBooking required", ["instrument"]),
        (f"{MODELS} Booking properties colour", {"type": "string"}),
        (f"{MODELS} Booking properties status enum", ["requested", "confirmed"]),
    ],
)
def test_what_old_clients_can_use_passes(path: str, value: object) -> None:
    assert incompatible_api(DOCUMENT, altered(path, value)) == []


def test_a_new_value_in_an_answer_is_refused() -> None:
    known = ["requested", "confirmed", "declined", "cancelled"]
    reasons = incompatible_api(DOCUMENT, altered(f"{MODELS} Booking properties status enum", [*known, "paused"]))
    assert any("status: paused can no longer be given" in reason for reason in reasons)


@pytest.mark.parametrize(
    ("status", "media", "body", "told"),
    [
        (200, "application/json", b'{"name":"a","roles":[],"sources":[]}', ""),
        (200, "application/json", b'{"name":"a","roles":["king"],"sources":[]}', "roles.0"),
        (200, "application/json", b'{"name":"a","roles":[],"sources":[],"colour":1}', "colour"),
        (200, "text/plain", b"", "is text/plain"),
        (404, "application/problem+json", b"{}", "not documented"),
        (401, "application/problem+json", b"{}", "title"),
    ],
)
def test_answers_that_are_not_as_the_contract_says_are_found(status: int, media: str, body: bytes, told: str) -> None:
    found = breach(ME, status, media, body)
    assert told in found
    assert bool(found) == bool(told)


def test_the_apis_tests_fail_for_such_an_answer() -> None:
    app, api = conforming(FastAPI()), APIRouter()

    @serve(api, BOOK)
    def book() -> JSONResponse:
        return JSONResponse({"id": 1}, 201)

    app.include_router(api)
    with pytest.raises(AssertionError, match="book: 201 is not as Booking says"):
        TestClient(app).post(BOOK.path, json={})
