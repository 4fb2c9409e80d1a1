"""Signing in and out, the language, and what a phone needs to keep the portal on its home screen."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from hub.web.callers import LANGUAGE_COOKIE, TOKEN_COOKIE
from hub.web.client import ApiProblem, AsyncHubClient, Reader, is_plain
from hub.web.safety import is_https
from schemas.http.access import ME
from services.portal.core.messages import translator
from services.portal.guard import Pages, form_of, local
from services.portal.rendering import page, reader_of, static

DAY = 24 * 60 * 60
SIGNED_IN_FOR = 30 * DAY
LANGUAGE_KEPT_FOR = 365 * DAY
LONGEST_TOKEN = 4_096 - len(TOKEN_COOKIE)
"""A browser drops a cookie whose name and value have more than 4,096 bytes (RFC 6265, 6.1)."""


async def form(request: Request, api: AsyncHubClient) -> Response:
    token = request.query_params.get("token", "")
    back = local(request.query_params.get("next"))
    if not token:
        return sign_in_page(request, back)
    if request.headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        # Else any site could sign its visitors in as somebody of its choice (login CSRF).
        return sign_in_page(request, back, token=token)
    return await sign_in(request, api, token, back)


async def sent(request: Request, api: AsyncHubClient) -> Response:
    values = await form_of(request)
    return await sign_in(request, api, values.get("token", ""), local(values.get("next")))


async def sign_in(request: Request, api: AsyncHubClient, token: str, back: str) -> Response:
    """Keep the token in a cookie that no script can read, if the API knows it; leave the address that showed it."""
    token = token.strip()
    if not token or len(token) > LONGEST_TOKEN or not is_plain(token):
        return sign_in_page(request, back, 401, wrong=True)
    try:
        await api.call(Reader(reader_of(request).language, token), ME)
    except ApiProblem as problem:
        if problem.status != 401:
            raise
        return sign_in_page(request, back, 401, wrong=True)
    response = RedirectResponse(back, 303)
    keep(request, response, token, SIGNED_IN_FOR)
    return response


def keep(request: Request, response: Response, token: str, seconds: int | None) -> None:
    """Keep the token in a cookie that no script can read, for so long or until the browser is closed."""
    secure = is_https(request)
    response.set_cookie(TOKEN_COOKIE, token, seconds, path="/", secure=secure, httponly=True, samesite="lax")


def sign_in_page(
    request: Request, back: str, status: int = 200, *, wrong: bool = False, token: str = "", failed: str = ""
) -> Response:
    """`failed` names why a sign-in through the provider came to nothing, or that the reader has just signed out."""
    provider = has_provider(request)
    return page(
        request,
        "sign_in.html",
        status,
        next=back,
        wrong=wrong,
        token=token,
        failed=failed,
        provider=f"/sign-in/oidc?{urlencode({'next': back})}" if provider else "",
        longest=LONGEST_TOKEN,
    )


def has_provider(request: Request) -> bool:
    """Whether people can sign in through an OpenID Connect provider."""
    return getattr(request.app.state, "sign_in", None) is not None


async def sign_out(request: Request, _: AsyncHubClient) -> Response:
    """Forget the token. A token of the provider has a session there, whose end is offered."""
    of_provider = has_provider(request) and request.cookies.get(TOKEN_COOKIE, "").count(".") == 2
    response = RedirectResponse("/signed-out" if of_provider else "/", 303)
    response.delete_cookie(TOKEN_COOKIE, path="/")
    return response


async def signed_out(request: Request, _: AsyncHubClient) -> Response:
    """Signed out of the hub, and not yet of the provider."""
    return sign_in_page(request, local(None), failed="out" if has_provider(request) else "")


async def language(request: Request, _: AsyncHubClient) -> Response:
    """Remember the language, and go back without a `lang` that would override it."""
    wanted = "en" if request.query_params.get("to") == "en" else "zh"
    response = RedirectResponse(without_lang(local(request.query_params.get("next"))), 303)
    secure = is_https(request)
    response.set_cookie(
        LANGUAGE_COOKIE, wanted, LANGUAGE_KEPT_FOR, path="/", secure=secure, httponly=True, samesite="lax"
    )
    return response


def without_lang(target: str) -> str:
    path, _, query = target.partition("?")
    kept = "&".join(part for part in query.split("&") if part and not part.startswith("lang="))
    return f"{path}?{kept}" if kept else path


async def manifest(request: Request, _: AsyncHubClient) -> Response:
    """The web application manifest, in the reader's language."""
    reader = reader_of(request)
    t = translator(reader.language)
    body = {
        "name": t("site"),
        "short_name": t("site.short"),
        "description": t("site.what"),
        "lang": "zh-CN" if reader.language == "zh" else "en",
        "start_url": "/",
        "scope": "/",
        "display": "minimal-ui",
        "background_color": "#f5f8f8",
        "theme_color": "#0b5a63",
        "icons": [{"src": static("favicon.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "any"}],
    }
    headers = {"Cache-Control": "public, max-age=3600", "Vary": "Accept-Language, Cookie"}
    return JSONResponse(body, media_type="application/manifest+json", headers=headers)


PAGES: Pages = {
    "GET /sign-in": form,
    "POST /sign-in": sent,
    "POST /sign-out": sign_out,
    "GET /signed-out": signed_out,
    "GET /language": language,
    "GET /manifest.webmanifest": manifest,
}
