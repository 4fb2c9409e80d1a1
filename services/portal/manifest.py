"""The portal: pages for people. It opens no store; the APIs that it asks tell for themselves whether they work."""

import httpx
from fastapi import APIRouter, FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.runtime.manifest import Manifest
from hub.web.client import AsyncHubClient
from hub.web.problems import unserved_response
from services.portal.guard import add_page, refused, secured
from services.portal.pages import (
    account,
    assets,
    audit,
    booking,
    bookings,
    claims,
    credentials,
    imports,
    invitation,
    managers,
    organisation,
    own_data,
    provider,
    record,
    registration,
    saved,
    search,
    session,
    stewarding,
    verification,
)

GROUPS = (
    search,
    record,
    booking,
    bookings,
    saved,
    imports,
    stewarding,
    claims,
    managers,
    audit,
    account,
    credentials,
    own_data,
    organisation,
    invitation,
    verification,
    session,
    registration,
    provider,
    assets,
)


def portal(api: httpx.AsyncClient) -> APIRouter:
    """The pages. `api` is bound to the hub's address, in one process through httpx.ASGITransport.

    Each call carries the reader's own token and language, so that no page can show what the API would not.
    """
    router = APIRouter()
    hub = AsyncHubClient(api)
    for group in GROUPS:
        for name, page in group.PAGES.items():
            add_page(router, hub, name, page)
    return router


def install_error_pages(app: FastAPI) -> None:
    """Tell people in their language of an address that is no page; programs get problem details."""

    @app.exception_handler(HTTPException)
    async def http_error_page(request: Request, error: HTTPException) -> Response:
        wants_page = "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")
        if wants_page:
            return secured(request, refused(request, error.status_code, []))
        return unserved_response(request, error)


def _pages(app: FastAPI, api: httpx.AsyncClient) -> APIRouter:
    install_error_pages(app)
    return portal(api)


MANIFEST = Manifest(role="portal", pages=_pages)
