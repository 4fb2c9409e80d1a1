"""Who asks and in which language: what every HTTP API of the hub reads from a request first."""

from collections.abc import Callable
from typing import Annotated, Any

import orjson
from fastapi import Depends, Request

from hub.kernel.access import ANONYMOUS, AccessList, Principal, Role
from hub.kernel.problems import refusal
from hub.text.language import Language, negotiate


async def json_body(request: Request) -> Any:
    """The body as JSON, a blank one as an object without members; hub.web.limits has seen to its size and its form."""
    return orjson.loads((await request.body()).strip() or b"{}")


LANGUAGE_COOKIE = "hub_language"
TOKEN_COOKIE = "hub_token"  # noqa: S105 - a cookie's name, no secret


def language_of(request: Request) -> Language:
    """`?lang=` first, then the reader's earlier choice, then Accept-Language."""
    chosen = request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
    if chosen in ("zh", "en"):
        return "en" if chosen == "en" else "zh"
    return negotiate(request.headers.get("accept-language"))


def principal_of(request: Request) -> Principal:
    """The caller by bearer token (RFC 6750) or the portal's cookie; anonymous without one, 401 for a wrong one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        token = request.cookies.get(TOKEN_COOKIE, "")
    if not token.strip():
        return ANONYMOUS
    access: AccessList = request.app.state.access
    principal = access.principal(token.strip())
    if principal is None:
        raise refusal("bad-token", "hub.bad-token", "", "Authorization", 401)
    return principal


async def _language(request: Request) -> Language:
    return language_of(request)


async def _caller(request: Request) -> Principal:
    return principal_of(request)


# Coroutines, since FastAPI would run plain functions in its thread pool, a hop each.
ReaderLanguage = Annotated[Language, Depends(_language)]
Caller = Annotated[Principal, Depends(_caller)]


def require(*roles: Role) -> Callable[[Principal], Principal]:
    """A dependency that lets only callers with one of the roles pass: 401 to the anonymous, 403 to the others."""

    def check(principal: Caller) -> Principal:
        if principal.roles & frozenset(roles):
            return principal
        wanted = ", ".join(roles)
        status = 403 if principal.roles else 401
        raise refusal("not-allowed", "hub.bad-token.token-roles", "", "Authorization", status, wanted=wanted)

    return check
