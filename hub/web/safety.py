"""What holds for every answer: the hub is called by a name of its own, and says how what it answers may be kept.

A `Host` that anybody can choose would get into addresses that the hub hands out, such as the one that a provider sends
people back to; and a page of another site could reach a hub on this machine by a name of that site (DNS rebinding).
"""

import re
import socket
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.kernel.problems import expecting
from hub.web.callers import language_of
from hub.web.problems import problem_response

_FIELD = re.compile(r"(?:\[(?P<six>[0-9a-f:.]+)\]|(?P<name>[a-z0-9._-]+))(?::[0-9]{1,5})?")
SESSION_COOKIE = "hub_session"
"""Where readers come by HTTPS its name begins with `__Host-`, so that no other host can have set it (RFC 6265bis)."""
FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")
INNER = frozenset({"/metrics", "/healthz", "/readyz"})
"""Asked for by monitoring, by whatever address; they name none."""
HSTS = "max-age=31536000"


class Hosts:
    """The names that the hub is called by: this machine's, those listed, and that of its public address.

    Without a public address any IP address is one too, since a phone may reach a hub by one that the hub does not know;
    with one, only those of this machine itself.
    """

    def __init__(self, public_url: str = "", listed: Iterable[str] = ()) -> None:
        own = socket.gethostname().lower()
        given = {urlsplit(name if "//" in name else f"//{name.strip()}").hostname for name in (public_url, *listed)}
        self._names = {"localhost", own, f"{own}.local", *filter(None, given)}
        self._addresses = not public_url

    def has(self, field: str) -> bool:
        """Whether a `Host` field, with or without a port, names the hub."""
        parts = _FIELD.fullmatch(field.lower())
        if parts is None or parts["name"] in self._names:
            return parts is not None
        try:
            address = ip_address(parts["six"] or parts["name"])
        except ValueError:
            return False
        return self._addresses or address.is_loopback


class Safe:
    """ASGI middleware: 421 for other hosts; fields of every answer. `https`: the hub's public address is."""

    def __init__(self, app: ASGIApp, hosts: Hosts, https: bool = False) -> None:
        self._app = app
        self._hosts = hosts
        self._https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI 3.0."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        https = self._https or scope["scheme"] == "https"
        private = "authorization" in request.headers or SESSION_COOKIE in request.headers.get("cookie", "")

        async def safe(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_fields(MutableHeaders(scope=message), private, https)
            await send(message)

        hosts = request.headers.getlist("host")
        if scope["path"] in INNER or (len(hosts) == 1 and self._hosts.has(hosts[0])):
            await self._app(scope, receive, safe)
            return
        problem = expecting("unknown-host", "hub.unknown-host", ", ".join(hosts), "Host")
        answer = problem_response((problem,), 421 if len(hosts) == 1 else 400, language_of(request))
        await answer(scope, receive, safe)


def site_of(request: Request) -> str:
    """The hub's address as its readers know it, such as `https://hub.example.org`."""
    settings = getattr(request.app.state, "settings", None)
    return getattr(settings, "public_url", "") or f"{request.url.scheme}://{request.url.netloc}"


def is_https(request: Request) -> bool:
    """Whether readers come by HTTPS, so that cookies are for it alone."""
    return site_of(request).startswith("https:")


def is_local(request: Request) -> bool:
    """Whether it comes from this machine itself, and not from a proxy on it that speaks for others."""
    if request.client is None or any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def session_cookie(request: Request) -> str:
    """The name of the cookie that the portal keeps its readers' sessions in."""
    return f"__Host-{SESSION_COOKIE}" if is_https(request) else SESSION_COOKIE


def netloc_of(address: str) -> str:
    """Host and port of an address that anybody may have written; empty where there is none."""
    try:
        return urlsplit(address).netloc
    except ValueError:
        return ""


def _add_fields(fields: MutableHeaders, private: bool, https: bool) -> None:
    fields["X-Content-Type-Options"] = "nosniff"
    kept = fields.get("cache-control", "")
    if not kept or (private and "public" not in kept):
        fields["Cache-Control"] = "no-store"
    if https:
        fields["Strict-Transport-Security"] = HSTS
