"""What every page passes through: forged requests stop, refusals become pages, answers carry security headers."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar
from urllib.parse import quote, urlsplit

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from hub.web.client import ApiProblem, AsyncHubClient
from hub.web.safety import is_https, netloc_of, session_cookie
from services.portal.rendering import address_of, tiles_of
from services.portal.rendering import page as rendered

HOME = "/"
LONGEST = 2_000


def local(target: str | None) -> str:
    """The address if it is a path on this site, else the search page.

    Browsers read a backslash as a slash and drop control characters, so that either could hide another host.
    """
    if not target or len(target) > LONGEST or not target.startswith("/") or target.startswith("//"):
        return HOME
    if "\\" in target or any(ord(letter) <= 0x20 or ord(letter) == 0x7F for letter in target):
        return HOME
    return target


Page = Callable[[Request, AsyncHubClient], Awaitable[Response]]
Pages = Mapping[str, Page]
"""What answers at each method and path."""
FORM_FIELDS = 60
TOLD = (400, 401, 403, 404, 405, 409, 410, 413, 422, 429, 503)
"""The statuses that have words of their own; others are told as 500."""

log = logging.getLogger(__name__)


def add_page(router: APIRouter, api: AsyncHubClient, name: str, page: Page) -> None:
    """Serve the page by its method and path, guarded."""
    method, _, path = name.partition(" ")

    async def guarded(request: Request) -> Response:
        try:
            if request.method == "POST":
                refuse_forged(request)
            response = await page(request, api)
        except ApiProblem as problem:
            response = refused(request, problem.status, words_for_people(problem))
        except HTTPException as error:
            response = refused(request, error.status_code, [])
        except ClientDisconnect:
            raise
        except Exception:
            log.exception("page %s failed", request.url.path)
            response = refused(request, 500, [])
        return secured(request, response)

    router.add_route(path, guarded, methods=[method], include_in_schema=False)


def refuse_forged(request: Request) -> None:
    """403 for a POST that another site's page sent (OWASP: Fetch Metadata, else the Origin header).

    Browsers send one or the other with every POST; Sec-Fetch-Site only to sites that they trust (https, localhost).
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin", "")
    own = site == "same-origin" if site else netloc_of(origin) == request.headers.get("host")
    if not own:
        raise HTTPException(403)


async def form_of(request: Request) -> dict[str, str]:
    """What a form without files was filled in with."""
    async with request.form(max_files=0, max_fields=FORM_FIELDS) as form:
        return {name: str(value) for name, value in form.items()}


def ticked(sent: Mapping[str, str], group: str) -> list[str]:
    """Which boxes of a form's group were ticked: each is called `group.what`."""
    return [what for name in sent if (what := name.removeprefix(f"{group}.")) != name]


Answer = TypeVar("Answer")


async def unless_refused(call: Awaitable[Answer]) -> Answer | None:
    """What the API answers; None where the reader may not ask (403)."""
    try:
        return await call
    except ApiProblem as problem:
        if problem.status != 403:
            raise
        return None


def segment(request: Request, name: str) -> str:
    """A part of the address as one segment of an API path, whatever characters it has."""
    return quote(str(request.path_params[name]), safe="")


def refused(request: Request, status: int, messages: list[str]) -> Response:
    """The error page; a session that the API no longer knows is dropped."""
    told = status if status in TOLD else 500
    back = address_of(request) if request.method == "GET" else referring(request)
    told_more = [] if status in (401, 404) else messages
    response = rendered(request, "error.html", status, code=told, messages=told_more, next=back)
    if status == 401 and session_cookie(request) in request.cookies:
        forget(request, response)
    return response


def words_for_people(problem: ApiProblem) -> list[str]:
    """What the API says, without what it says of a header: that is for programs, and people know none."""
    errors = problem.details.errors if problem.details else ()
    return [item.message for item in errors if item.field != "Authorization"]


def forget(request: Request, response: Response) -> None:
    """Have the browser drop its session."""
    response.delete_cookie(session_cookie(request), path="/", secure=is_https(request), httponly=True, samesite="lax")


def referring(request: Request) -> str:
    """The page of this site that a form was sent from, the search page where that is not known."""
    address = request.headers.get("referer", "")
    if netloc_of(address) != request.headers.get("host"):
        return local(None)
    parts = urlsplit(address)
    return local(f"{parts.path}?{parts.query}" if parts.query else parts.path)


def secured(request: Request, response: Response) -> Response:
    """Nothing from other hosts and nothing inline; the map's tiles only where the hub names a service."""
    tiles = urlsplit(tiles_of(request))
    tile_host = f" {tiles.scheme}://{tiles.netloc.replace('{s}', '*')}" if tiles.netloc else ""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; connect-src 'self'; "
        f"img-src 'self' data:{tile_host}; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    response.headers["Content-Security-Policy"] = policy
    # `same-origin`, not `no-referrer`: under the latter browsers tell the Origin of our own forms as `null`.
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Permissions-Policy"] = "geolocation=(self), camera=(), microphone=()"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    return response
