"""Problems as RFC 9457 answers, in the reader's language."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from hub.kernel.language import Bilingual, Language
from hub.kernel.problems import Problem, Refusal, shown
from hub.web.callers import language_of

RETRY_SECONDS = 5
_AWAY = Bilingual(
    "稍后重试：所需的后台服务暂时无法访问", "to be asked again in a moment: a server behind the hub cannot be reached"
)
_FAULT = Bilingual("正常的处理；枢纽出错，已记录", "to be handled; the hub is at fault, and has noted it")
_AWAY_ERRORS = frozenset(
    {
        ("psycopg", "OperationalError"),
        ("elastic_transport", "TransportError"),
        ("elasticsearch", "ApiError"),
        ("kafka", "KafkaError"),
        ("sqlite3", "OperationalError"),
    }
)


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

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> JSONResponse:
        away = is_away(error)
        problem = Problem("unavailable", _AWAY) if away else Problem("internal-error", _FAULT)
        answer = problem_response((problem,), 503 if away else 500, language_of(request))
        if away:
            answer.headers["Retry-After"] = str(RETRY_SECONDS)
        return answer


def is_away(error: BaseException) -> bool:
    """Whether the error says that a store's server cannot be reached just now, rather than that the hub is wrong.

    Clients are told by the package of their errors, since the embedded hub has none of them installed.
    """
    if isinstance(error, ConnectionError | TimeoutError):
        return True
    kinds = {(kind.__module__.split(".")[0], kind.__name__) for kind in type(error).__mro__}
    return bool(kinds & _AWAY_ERRORS)


def _problem_of(error: dict[str, Any]) -> Problem:
    where = ".".join(str(part) for part in error.get("loc", ())[1:])
    rule = str(error.get("msg", ""))
    expected = Bilingual(f"符合要求的取值（{rule}）", rule)
    found = error.get("input")
    return Problem(str(error.get("type", "invalid")), expected, "" if found is None else shown(found), where)
