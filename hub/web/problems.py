"""Problems as RFC 9457 answers, in the reader's language."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from hub.kernel.expectations import expected
from hub.kernel.problems import Problem, Refusal, quoted
from hub.text.language import Language
from hub.text.messages import bilingual
from hub.web.callers import language_of, principal_of
from hub.web.throttle import Denials

_REQUEST = bilingual("hub.request")
_UNSERVED = {
    404: bilingual("hub.address-api-v1-openapi"),
    405: bilingual("hub.method-address"),
}


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


def refusal_response(request: Request, refusal: Refusal) -> JSONResponse:
    """The refusal; one that keeps a caller from what they may not do is noted (see hub.ports.audit)."""
    denied: Denials | None = getattr(request.app.state, "denials", None)
    if refusal.status == 403 and denied:
        denied.note(principal_of(request), f"{request.method} {request.url.path}", refusal.problems)
    answer = problem_response(refusal.problems, refusal.status, language_of(request))
    if refusal.retry_after:
        answer.headers["Retry-After"] = str(refusal.retry_after)
    return answer


def install_problem_handlers(app: FastAPI) -> None:
    """Answer refusals, and FastAPI's own validation errors, in one form and in the reader's language."""

    @app.exception_handler(Refusal)
    async def refused(request: Request, refusal: Refusal) -> JSONResponse:
        return refusal_response(request, refusal)

    @app.exception_handler(HTTPException)
    async def unserved(request: Request, error: HTTPException) -> JSONResponse:
        return unserved_response(request, error)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        problems = tuple(_problem_of(item) for item in error.errors()[:50])
        return problem_response(problems, 422, language_of(request))


def unserved_response(request: Request, error: HTTPException) -> JSONResponse:
    """What the framework refuses by itself: addresses, methods and bodies that are none."""
    served = _UNSERVED.get(error.status_code, _REQUEST)
    problem = Problem(f"http-{error.status_code}", served, quoted(f"{request.method} {request.url.path}"))
    answer = problem_response((problem,), error.status_code, language_of(request))
    answer.headers.update(error.headers or {})
    if error.status_code == 405:
        answer.headers["Allow"] = ", ".join(sorted(_methods(request)))
    return answer


def _methods(request: Request) -> set[str]:
    """Of every route at the address: the framework names those of the first alone."""
    routes = (route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE)
    return {method for route in routes for method in getattr(route, "methods", None) or ()}


def _problem_of(error: dict[str, Any]) -> Problem:
    code, place = str(error["type"]), [str(part) for part in error["loc"]]
    found = "" if code == "missing" or error.get("input") is None else quoted(error["input"])
    return Problem(code, expected(code, error.get("ctx", {})), found, ".".join(place[1:] or place))
