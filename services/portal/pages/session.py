"""Signing in and out, the language, and what a phone needs to keep the portal on its home screen."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from hub.web.callers import LANGUAGE_COOKIE
from hub.web.client import ApiProblem, AsyncHubClient, Reader, is_plain
from hub.web.safety import is_https, session_cookie
from schemas.http.accounts import (
    BEGIN_SESSION,
    END_SESSION,
    SEND_CODE,
    SESSIONS,
    WAYS,
    NewCode,
    NewSession,
    SignIn,
)
from services.portal.core.messages import translator
from services.portal.guard import Pages, forget, form_of, local
from services.portal.rendering import address_of, page, reader_of, static

DAY = 24 * 60 * 60
LANGUAGE_KEPT_FOR = 365 * DAY
LONGEST_TOKEN = 8_192
INVITATION = "/invitation"
SHOWN = (401, 403, 422, 429, 503)
"""Refusals that the sign-in page itself tells of."""


async def open_form(request: Request, api: AsyncHubClient) -> Response:
    """The ways in; a link's address signs in at once where a person opened it."""
    link = request.query_params.get("link", "")
    back = local(request.query_params.get("next"))
    fetched = request.headers.get("sec-purpose") or request.headers.get("sec-fetch-site") in ("cross-site", "same-site")
    if not link:
        return await sign_in_page(request, api, back)
    if fetched:
        # Else any site could sign its visitors in as somebody of its choice (login CSRF), or a preview use the link up.
        return await sign_in_page(request, api, back, link=link)
    return await sign_in(request, api, {"link": link, "next": back})


async def sent_form(request: Request, api: AsyncHubClient) -> Response:
    return await sign_in(request, api, await form_of(request))


async def sign_in(request: Request, api: AsyncHubClient, sent: Mapping[str, str]) -> Response:
    """By a link, or by a token, which is exchanged for a session; leave the address that showed it."""
    token, link, back = sent.get("token", ""), sent.get("link", ""), local(sent.get("next"))
    reader = reader_of(request)
    if not link and (not token or len(token) > LONGEST_TOKEN or not is_plain(token)):
        return await sign_in_page(request, api, back, 401, wrong="token")
    body = SignIn(link=link[:200], device=device_of(request))
    try:
        begun = await api.call(Reader(reader.language, "" if link else token, reader.address), BEGIN_SESSION, body)
    except ApiProblem as problem:
        if problem.status not in SHOWN:
            raise
        wrong = "token" if problem.status == 401 and not link else ""
        problems = [] if wrong else refusal_words(reader, problem, "link")
        return await sign_in_page(request, api, back, problem.status, wrong=wrong, problems=problems)
    return signed_in(request, begun, back)


async def by_code(request: Request, api: AsyncHubClient) -> Response:
    """Send a code to the address; with the code, sign in."""
    sent = await form_of(request)
    email, ticket, back = sent.get("email", ""), sent.get("ticket", ""), local(sent.get("next"))
    reader = Reader(reader_of(request).language, "", reader_of(request).address)
    try:
        if not ticket:
            given = await api.call(reader, SEND_CODE, NewCode.model_construct(email=email[:300]))
            return await sign_in_page(request, api, back, email=email, ticket=given.ticket)
        body = SignIn(ticket=ticket[:100], code=sent.get("code", "")[:40], device=device_of(request))
        return signed_in(request, await api.call(reader, BEGIN_SESSION, body), back)
    except ApiProblem as problem:
        if problem.status not in SHOWN:
            raise
        wrong = "code" if ticket else "email"
        problems = refusal_words(reader, problem, wrong)
        return await sign_in_page(
            request, api, back, problem.status, email=email, ticket=ticket, wrong=wrong, problems=problems
        )


def refusal_words(reader: Reader, problem: ApiProblem, field: str) -> Sequence[str]:
    """What to do about it: the API names its own field, which people see nowhere."""
    about_it = problem.details and any(item.field == field for item in problem.details.errors)
    return [translator(reader.language)(f"sign_in.wrong.{field}")] if about_it else problem.messages


def device_of(request: Request) -> str:
    """What the reader's browser calls itself, by which they know their sessions."""
    return request.headers.get("user-agent", "")[:500]


def signed_in(request: Request, begun: NewSession, back: str) -> Response:
    """Keep the session in a cookie that no script can read, and go back.

    Who belongs to nobody registers first, unless they came to join by an invitation.
    """
    at_home = begun.registered or back == INVITATION
    response = RedirectResponse(back if at_home else f"/register?{urlencode({'next': back})}", 303)
    seconds = int((datetime.fromisoformat(begun.expires_at) - datetime.now(UTC)).total_seconds())
    response.set_cookie(
        session_cookie(request), begun.token, seconds, path="/", secure=is_https(request), httponly=True, samesite="lax"
    )
    return response


async def sign_in_page(
    request: Request,
    api: AsyncHubClient,
    back: str,
    status: int = 200,
    *,
    failed: str = "",
    wrong: str = "",
    problems: Sequence[str] = (),
    link: str = "",
    email: str = "",
    ticket: str = "",
) -> Response:
    """`failed` names why a sign-in through the provider came to nothing, or that the reader has just signed out.

    `wrong` names the field that `problems` are about; with a `ticket` the page asks for the code that was sent.
    """
    reader = reader_of(request)
    return page(
        request,
        "sign_in.html",
        status,
        here=address_of(request) if request.method == "GET" else f"/sign-in?{urlencode({'next': back})}",
        next=back,
        ways=await api.call(Reader(reader.language, "", reader.address), WAYS),
        wrong=wrong,
        problems=problems,
        link=link,
        email=email,
        ticket=ticket,
        failed=failed,
        provider=f"/sign-in/oidc?{urlencode({'next': back})}" if has_provider(request) else "",
        longest=LONGEST_TOKEN,
    )


def has_provider(request: Request) -> bool:
    """Whether people can sign in through an OpenID Connect provider."""
    return getattr(request.app.state, "sign_in", None) is not None


async def sign_out(request: Request, api: AsyncHubClient) -> Response:
    """End the session everywhere. One that a provider vouched for goes on there, whose end is offered."""
    reader, back = reader_of(request), local((await form_of(request)).get("next"))
    ways = set()
    try:
        if has_provider(request):
            ways = {kept.way for kept in (await api.call(reader, SESSIONS)).sessions if kept.current}
        await api.call(reader, END_SESSION, session_id="current")
    except ApiProblem as problem:
        if problem.status not in (401, 404):
            raise
    response = RedirectResponse("/signed-out" if "provider" in ways else back, 303)
    forget(request, response)
    return response


async def signed_out(request: Request, api: AsyncHubClient) -> Response:
    """Signed out of the hub, and not yet of the provider."""
    return await sign_in_page(request, api, local(None), failed="out" if has_provider(request) else "")


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
    "GET /sign-in": open_form,
    "POST /sign-in": sent_form,
    "POST /sign-in/code": by_code,
    "POST /sign-out": sign_out,
    "GET /signed-out": signed_out,
    "GET /language": language,
    "GET /manifest.webmanifest": manifest,
}
