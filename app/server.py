"""The hub as one ASGI application: every API, the portal, and the workers behind them."""

from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
from fastapi import APIRouter, FastAPI
from fastapi.responses import Response

from app.composition import Hub
from app.health import health
from app.in_process import InProcess
from app.limits import add_limits
from app.me import router as me
from app.own_data import gathered
from app.own_data import router as own_data
from hub import __version__
from hub.auth.oidc import discovery_at, with_oidc
from hub.auth.oidc_login import sign_in
from hub.auth.tokens import AccessFile
from hub.kernel.operation import JSON
from hub.observability.audit import LoggingAuditTrail
from hub.ports.audit import Action
from hub.runtime.manifest import AUDIT, PERSONAL
from hub.runtime.settings import Settings
from hub.runtime.threads import Runtime
from hub.web.audited import Audited
from hub.web.observation import Observed, carry_trace, exposition, templates_of
from hub.web.problems import install_problem_handlers
from hub.web.throttle import Denials, WrongTokens
from schemas.derive.openapi import openapi
from schemas.http import OPERATIONS

ACTIONS: Mapping[str, Action] = {
    "POST /api/v1/submissions/{kind}": "records.submit",
    "GET /api/v1/receipts/{receipt_id}/refused": "refused-rows.read",
    "GET /api/v1/audit/export": "audit.export",
}
"""What is noted of those who did it; decisions, and what of people is read or erased, are noted where they are made."""
OWN_ADDRESS = "http://localhost"
PATIENCE_SECONDS = 60.0


def create_app(hub: Hub) -> FastAPI:
    """Serve the hub's APIs and pages; the workers run while the application does."""
    clock = hub.resources.clock
    admit = None if isinstance(hub.access, AccessFile) else hub.access.admit
    access, keeping = with_oidc(hub.access, hub.settings, clock, admit)
    runtime = Runtime((*hub.workers, *keeping))
    shows_pages = any(manifest.pages for manifest in hub.manifests)
    login = sign_in(hub.settings, clock, keeping) if shows_pages else None

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        runtime.start()
        try:
            yield
        finally:
            runtime.stop()
            if login:
                await login.close()

    app = FastAPI(
        title="科研资源共享枢纽 · Research-resource sharing hub",
        version=__version__,
        lifespan=running,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        # The framework's own would log what it was sent where a global provider happens to be set.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.access = access
    # A process of pages alone has no stores; the APIs that it asks note what is done.
    audit = hub.get(AUDIT) if AUDIT in hub.resources.opened else LoggingAuditTrail()
    app.state.wrong_tokens, app.state.denials = WrongTokens(audit, clock), Denials(audit, clock)
    app.state.settings = hub.settings
    app.state.sign_in = login
    install_problem_handlers(app)
    templates: dict[Any, str] = {}
    for router in (*_routers(hub, app), health(hub, runtime), exposition(hub.settings.metrics_public)):
        app.include_router(router)
        templates |= templates_of(router)
    app.include_router(description(set(templates.values()), discovery_at(hub.settings.oidc_issuer)))
    app.add_middleware(Audited, actions=ACTIONS, audit=audit, clock=clock)
    add_limits(app, hub.settings)
    app.add_middleware(Observed, templates=templates)
    return app


def _routers(hub: Hub, app: FastAPI) -> Iterator[APIRouter]:
    """The interfaces of the roles that this process has."""
    personal = hub.get(PERSONAL) if PERSONAL in hub.resources.opened else None
    yield me(hub.resources.sources, personal)
    if any(manifest.role == "accounts" for manifest in hub.manifests):
        yield own_data(gathered(hub.resources))
    for manifest in hub.manifests:
        if manifest.router:
            yield manifest.router(hub.resources)
        if manifest.pages:
            yield manifest.pages(app, _api(hub.settings, app))


def description(templates: Collection[str], discovery_url: str) -> APIRouter:
    """GET /api/v1/openapi.json: the contract of the operations that this process serves, and whose tokens it takes."""
    served = (operation for operation in OPERATIONS if operation.path in templates)
    document = orjson.dumps(openapi(served, discovery_url))
    router = APIRouter()

    @router.get("/api/v1/openapi.json", include_in_schema=False)
    async def described() -> Response:
        return Response(document, media_type=JSON)

    return router


def _api(settings: Settings, app: FastAPI) -> httpx.AsyncClient:
    """The way of pages to the APIs: those of its own process without a socket, or those at the given address."""
    hooks: Mapping[str, list[Callable[..., Any]]] = {"request": [carry_trace]}
    if settings.api_url:
        return httpx.AsyncClient(base_url=settings.api_url, timeout=PATIENCE_SECONDS, event_hooks=hooks)
    return httpx.AsyncClient(
        transport=InProcess(app), base_url=OWN_ADDRESS, timeout=PATIENCE_SECONDS, event_hooks=hooks
    )
