"""ASGI middleware that measures and traces requests, and the address where Prometheus reads what was measured."""

import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Protocol

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, Counter, generate_latest
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.kernel.problems import Refusal, expecting
from hub.observability import metrics, tracing
from hub.web.callers import principal_of
from hub.web.safety import is_local

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNTRACED = frozenset({"/metrics", "/healthz", "/readyz"})
UNMATCHED = "unmatched"


class _Timer(Protocol):
    def observe(self, amount: float) -> None: ...


class Observed:
    """Counts each request by its route's template, and opens the span of those that are traced.

    `templates` are those of endpoints whose routes the framework does not tell of.
    """

    def __init__(self, app: ASGIApp, templates: Mapping[Any, str] | None = None) -> None:
        self._app = app
        self._templates = templates or {}
        self._active = 0
        # Only the event loop counts it, so that it needs no lock.
        metrics.HTTP_ACTIVE.set_function(lambda: self._active)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI 3.0."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        traceparent = tracing.header_from(scope["headers"]) if tracing.enabled() else ""
        if tracing.wanted(traceparent) and scope["path"] not in UNTRACED:
            with tracing.request(str(scope["method"]), traceparent) as span:
                status = await self._measured(scope, receive, send)
                span.update_name(f"{scope['method']} {self._route(scope)}")
                span.set_attribute("http.response.status_code", status)
        else:
            await self._measured(scope, receive, send)

    async def _measured(self, scope: Scope, receive: Receive, send: Send) -> int:
        status = 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        began = time.perf_counter()
        self._active += 1
        try:
            await self._app(scope, receive, noting)
        finally:
            self._active -= 1
            method = scope["method"] if scope["method"] in METHODS else metrics.OTHER
            count, seconds = _instruments(method, self._route(scope), status)
            count.inc()
            seconds.observe(time.perf_counter() - began)
        return status

    def _route(self, scope: Scope) -> str:
        """The template of the route; addresses that have none are all alike, since anybody can make them up."""
        template = self._templates.get(scope.get("endpoint")) or getattr(scope.get("route"), "path", "")
        return str(template or UNMATCHED)


def templates_of(router: APIRouter) -> dict[Any, str]:
    """The path template of each endpoint; FastAPI tells it in the scope for routes of its own kind alone."""
    return {route.endpoint: route.path for route in router.routes if isinstance(route, Route)}


@lru_cache(maxsize=4_096)
def _instruments(method: str, route: str, status: int) -> tuple[Counter, _Timer]:
    """Looked up once: finding a metric by its labels takes longer than counting."""
    return metrics.HTTP_REQUESTS.labels(method, route, str(status)), metrics.HTTP_SECONDS.labels(method, route)


def exposition(public: bool) -> APIRouter:
    """GET /metrics: the text format of Prometheus; 401 or 403 for others than operators and this machine."""
    router = APIRouter()

    @router.get("/metrics", include_in_schema=False)
    def exposed(request: Request) -> Response:
        if not public and not is_local(request):
            principal = principal_of(request)
            if "operator" not in principal.roles:
                problem = expecting("not-allowed", "hub.not-allowed", "", "Authorization")
                raise Refusal(problem, status=403 if principal.account else 401)
        return Response(generate_latest(metrics.REGISTRY), media_type=CONTENT_TYPE_LATEST)

    return router


async def carry_trace(request: Any) -> None:
    """An httpx request hook: what is asked on behalf of a traced request belongs to its trace."""
    if traceparent := tracing.current_traceparent():
        request.headers[tracing.HEADER] = traceparent
