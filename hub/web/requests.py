"""What every HTTP API of the hub shares: the reader's language, the caller, and problems as RFC 9457 answers."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from hub.kernel.access import ANONYMOUS, Principal, Role
from hub.kernel.language import Bilingual, Language, negotiate
from hub.kernel.problems import Problem, Refusal, shown
from hub.ports.access_list import AccessList

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
        expected = Bilingual("有效的访问令牌", "a valid access token")
        raise Refusal(Problem("bad-token", expected, field="Authorization"), status=401)
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
        expected = Bilingual("具有以下角色之一的令牌：{wanted}", "a token with one of the roles: {wanted}")
        status = 403 if principal.roles else 401
        raise Refusal(Problem("not-allowed", expected.format(wanted=wanted), field="Authorization"), status=status)

    return check


def problem_response(problems: tuple[Problem, ...], status: int, language: Language) -> JSONResponse:
    """application/problem+json (RFC 9457) with one `errors` item a problem."""
    body: dict[str, Any] = {
        "type": f"about:blank#{problems[0].code}" if problems else "about:blank",
        "title": problems[0].message(language) if problems else "",
        "status": status,
        "errors": [problem.as_json(language) for problem in problems],
    }
    headers: dict[str, str] = {"Content-Language": language}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body, status_code=status, media_type="application/problem+json", headers=headers)


def install_problem_handlers(app: FastAPI) -> None:
    """Answer refusals, and FastAPI's own validation errors, in one form and in the reader's language."""

    @app.exception_handler(Refusal)
    async def refused(request: Request, refusal: Refusal) -> JSONResponse:
        return problem_response(refusal.problems, refusal.status, language_of(request))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        problems = tuple(_problem_of(item) for item in error.errors()[:50])
        return problem_response(problems, 422, language_of(request))


def _problem_of(error: dict[str, Any]) -> Problem:
    where = ".".join(str(part) for part in error.get("loc", ())[1:])
    rule = str(error.get("msg", ""))
    expected = Bilingual(f"符合要求的取值（{rule}）", rule)
    found = error.get("input")
    return Problem(str(error.get("type", "invalid")), expected, "" if found is None else shown(found), where)
