"""Templates: autoescaped, in the reader's language, with addresses of static files that change with their content."""

import mimetypes
from functools import lru_cache
from gzip import compress
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, get_args
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse

from hub.kernel.access import Role
from hub.kernel.operation import Operation
from hub.runtime.settings import Settings
from hub.web.callers import language_of
from hub.web.client import AsyncHubClient, Query, Reader
from hub.web.safety import session_cookie, site_of
from services.portal.core import times
from services.portal.core.marks import only_marks
from services.portal.core.messages import translator
from services.portal.core.times import money_text

STATIC = files("services.portal") / "static"
PASSED_ON = ("content-type", "content-disposition", "etag", "content-language")
PAGE_LEVEL = 5
"""Of gzip: beyond it a page takes longer and hardly becomes smaller."""
COMPRESSIBLE = ("text/", "application/json", "image/svg")

mimetypes.add_type("text/javascript", ".js")


def reader_of(request: Request) -> Reader:
    """By ?lang, the language cookie or Accept-Language, by the session's cookie, and by where they are."""
    address = request.client.host if request.client else ""
    token = request.cookies.get(session_cookie(request), "").strip()
    return Reader(language_of(request), token, address, site_of(request))


def address_of(request: Request) -> str:
    """The path and query that the reader asked for."""
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path


def page(
    request: Request, template: str, status: int = 200, *, here: str = "", signed_out: bool = False, **context: Any
) -> HTMLResponse:
    """A page of HTML. Names that a template uses and `context` lacks are an error, not blank.

    `here`: where it can be read anew, for a form's page whose own address answers no GET.
    `signed_out`: the reader has just ceased to be signed in.
    """
    reader = reader_of(request)
    html = ENVIRONMENT.get_template(template).render(
        t=translator(reader.language),
        lang=reader.language,
        signed_in=bool(reader.token) and not signed_out,
        here=here or address_of(request),
        map_tiles=tiles_of(request),
        **context,
    )
    headers = {
        "Content-Language": reader.language,
        "Vary": "Accept-Language, Accept-Encoding, Cookie",
    }
    body = html.encode()
    # Not for the signed-in: beside words of an attacker's choice the length of a page would tell of its secrets.
    if not reader.token and accepts_gzip(request):
        headers["Content-Encoding"] = "gzip"
        body = compress(body, PAGE_LEVEL, mtime=0)
    return HTMLResponse(body, status, headers)


async def handed_on(request: Request, api: AsyncHubClient, of: Operation[bytes], query: Query = ()) -> Response:
    """A document of the API as it is: a template, a calendar entry. The page's path names what the operation's does."""
    names = {name: str(value) for name, value in request.path_params.items() if name in of.names}
    pieces, came_with = await api.download(reader_of(request), of, query, **names)
    headers = {name: came_with[name] for name in PASSED_ON if name in came_with}
    return StreamingResponse(pieces, headers=headers)


def accepts_gzip(request: Request) -> bool:
    return "gzip" in request.headers.get("accept-encoding", "")


def tiles_of(request: Request) -> str:
    """The URL template of the map's tiles; empty where the hub has no tile service."""
    settings = getattr(request.app.state, "settings", None)
    return getattr(settings, "map_tiles", "") or ""


def zone_of(request: Request) -> ZoneInfo:
    """The hub's time zone."""
    settings = getattr(request.app.state, "settings", None) or Settings()
    return ZoneInfo(settings.timezone)


def _files(folder: Traversable, prefix: str = "") -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.is_dir():
            contents |= _files(entry, f"{prefix}{entry.name}/")
        else:
            contents[prefix + entry.name] = entry.read_bytes()
    return contents


@lru_cache(maxsize=1)
def assets() -> tuple[str, dict[str, bytes]]:
    """A digest of all static files, and their bytes by name.

    One digest for all, in the path: vendored style sheets that name their images by relative addresses need no edit.
    """
    shipped = _files(STATIC)
    digest = sha256()
    for name, content in shipped.items():
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16], shipped


@lru_cache(maxsize=64)
def _squeezed(name: str) -> bytes:
    return compress(assets()[1][name], mtime=0)


def static(name: str) -> str:
    """The address of a static file; KeyError where there is none."""
    digest, shipped = assets()
    shipped[name]
    return f"/static/{digest}/{name}"


def asset(name: str, digest: str, gzip: bool) -> Response | None:
    """The file, for ever cacheable under its digest, briefly under an older one; None where there is none."""
    current, shipped = assets()
    if name not in shipped:
        return None
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    small = gzip and media_type.startswith(COMPRESSIBLE)
    headers = {"Cache-Control": "public, max-age=31536000, immutable" if digest == current else "no-cache"}
    headers |= {"Vary": "Accept-Encoding"} | ({"Content-Encoding": "gzip"} if small else {})
    return Response(_squeezed(name) if small else shipped[name], media_type=media_type, headers=headers)


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("services.portal"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["static"] = static
    environment.globals["ROLES"] = get_args(Role)
    environment.filters["marks"] = lambda html: Markup(only_marks(html))  # noqa: S704 - escaped by only_marks
    environment.filters["day"] = times.date_text
    environment.filters["span"] = lambda span, language: times.span_text(span.start, span.end, language)
    environment.filters["zone"] = times.zone_text
    environment.filters["clock"] = times.clock
    environment.filters["money"] = money_text
    return environment


ENVIRONMENT = _environment()
