"""Signing in through an institution's own OpenID Connect provider, where the hub names one."""

import logging
from typing import cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.auth.oidc_login import Begun, OidcLogin, ProviderAway, SignInRefused
from hub.web.client import ApiProblem, AsyncHubClient, Reader
from hub.web.safety import is_https, site_of
from schemas.http.accounts import BEGIN_SESSION, SignIn
from services.portal.guard import Pages, local
from services.portal.pages.session import device_of, sign_in_page, signed_in
from services.portal.rendering import reader_of

BEGUN_COOKIE = "hub_sign_in"
BEGUN_FOR = 10 * 60
PATH = "/sign-in"
log = logging.getLogger("hub.oidc")


async def leave(request: Request, api: AsyncHubClient) -> Response:
    """Send the browser to the provider, with what it will have to bring back in a cookie that no script can read."""
    back = local(request.query_params.get("next"))
    try:
        address, begun = await _login(request).begin(callback_of(request), back)
    except ProviderAway as error:
        return await _failed(request, api, back, "away", error)
    response = RedirectResponse(address, 303)
    # Lax: the provider sends the browser back by a top-level GET from its own site.
    response.set_cookie(
        BEGUN_COOKIE, begun.text(), BEGUN_FOR, path=PATH, secure=is_https(request), httponly=True, samesite="lax"
    )
    return response


async def back_from(request: Request, api: AsyncHubClient) -> Response:
    response = await returned(request, api)
    response.delete_cookie(BEGUN_COOKIE, path=PATH)
    return response


async def returned(request: Request, api: AsyncHubClient) -> Response:
    """Exchange the code for the provider's token, and that for a session; go back to where the reader came from."""
    login = _login(request)
    begun = Begun.read(request.cookies.get(BEGUN_COOKIE, ""))
    if begun is None:
        return await sign_in_page(request, api, local(None), 400, failed="late")
    back = local(begun.back)
    try:
        granted = await login.finish(begun, dict(request.query_params), callback_of(request))
    except ProviderAway as error:
        return await _failed(request, api, back, "away", error)
    except SignInRefused as error:
        return await _failed(request, api, back, "refused", error)
    reader = reader_of(request)
    try:
        holder = Reader(reader.language, granted.token, reader.address)
        session = await api.call(holder, BEGIN_SESSION, SignIn(device=device_of(request)))
    except ApiProblem as problem:
        if problem.status not in (401, 403):
            raise
        return await _failed(request, api, back, "unknown", problem)
    return signed_in(request, session, back)


async def end(request: Request, api: AsyncHubClient) -> Response:
    """End the session at the provider as well, on which the next person at this device could sign in."""
    try:
        address = await _login(request).end_address(f"{site_of(request)}/")
    except ProviderAway as error:
        return await _failed(request, api, local(None), "away", error)
    return RedirectResponse(address or "/", 303)


def callback_of(request: Request) -> str:
    """The address that the provider sends the browser back to; the client there must list it."""
    return f"{site_of(request)}{PATH}/callback"


def _login(request: Request) -> OidcLogin:
    login = getattr(request.app.state, "sign_in", None)
    if login is None:
        raise HTTPException(404)
    return cast(OidcLogin, login)


async def _failed(request: Request, api: AsyncHubClient, back: str, why: str, error: Exception) -> Response:
    log.warning("a sign-in failed: %s", error)
    return await sign_in_page(request, api, back, 503 if why == "away" else 401, failed=why)


PAGES: Pages = {f"GET {PATH}/oidc": leave, f"GET {PATH}/callback": back_from, "GET /sign-out/oidc": end}
