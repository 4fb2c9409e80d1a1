"""Who asks and in which language: what every HTTP API of the hub reads from a request first."""

from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from typing import Annotated, Any

import orjson
from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from hub.kernel.access import ANONYMOUS, AccessList, Principal, Role
from hub.kernel.credentials import credential_id
from hub.kernel.problems import Refusal, expecting, refusal
from hub.text.language import Language, negotiate
from hub.web.throttle import WrongTokens


async def json_body(request: Request) -> Any:
    """The body as JSON, a blank one as an object without members; hub.web.limits has seen to its size and its form."""
    return orjson.loads((await request.body()).strip() or b"{}")


LANGUAGE_COOKIE = "hub_language"
_KNOWN = "hub.caller"
"""Where a request's scope keeps who its caller is, or why they are refused."""


def language_of(request: Request) -> Language:
    """`?lang=` first, then the reader's earlier choice, then Accept-Language."""
    chosen = request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
    if chosen in ("zh", "en"):
        return "en" if chosen == "en" else "zh"
    return negotiate(request.headers.get("accept-language"))


def principal_of(request: Request) -> Principal:
    """The caller by bearer token (RFC 6750) and by nothing else; anonymous without one, 401 for a wrong one.

    429 where wrong ones come too often from one address. Not for the event loop: see `recognise`.
    """
    known: Principal | Refusal | None = request.scope.get(_KNOWN)
    if known is None:
        known = request.scope[_KNOWN] = _look_up(request)
    if isinstance(known, Refusal):
        raise known
    return known


async def recognise(request: Request) -> Principal:
    """What principal_of answers, without holding up others."""
    if request.scope.get(_KNOWN) is None and "authorization" in request.headers:
        return await run_in_threadpool(principal_of, request)
    return principal_of(request)


def address_of(request: Request) -> str:
    """Where the request comes from: an IPv4 address, or the network of an IPv6 address (/64), which one host has."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return f"{IPv6Address(int(address) >> 64 << 64)}/64"
    return str(getattr(address, "ipv4_mapped", None) or address)


def _look_up(request: Request) -> Principal | Refusal:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return ANONYMOUS
    state: Any = request.app.state
    access: AccessList = state.access
    principal = access.principal(token.strip())
    if principal is not None:
        return principal
    problem = expecting("bad-token", "hub.bad-token", "", "Authorization")
    wrong: WrongTokens | None = getattr(state, "wrong_tokens", None)
    if wrong is None:
        return Refusal(problem, status=401)
    return wrong.refusal(problem, "token.use", address_of(request), credential_id(token.strip()) or "")


async def _language(request: Request) -> Language:
    return language_of(request)


async def _caller(request: Request) -> Principal:
    return await recognise(request)


# Coroutines, since FastAPI would run plain functions in its thread pool, a hop each.
ReaderLanguage = Annotated[Language, Depends(_language)]
Caller = Annotated[Principal, Depends(_caller)]


def require(*roles: Role) -> Callable[[Principal], Principal]:
    """A dependency that lets only callers with one of the roles pass: 401 to the anonymous, 403 to the others."""

    def check(principal: Caller) -> Principal:
        if principal.roles & frozenset(roles):
            return principal
        wanted = ", ".join(roles)
        status = 403 if principal.roles or principal.account else 401
        raise refusal("not-allowed", "hub.bad-token.token-roles", "", "Authorization", status, wanted=wanted)

    return check
