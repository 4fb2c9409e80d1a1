"""What a caller is told when the hub fails, or what it stands on: an answer, after which the connection goes on."""

import errno
import logging
import sqlite3
from collections.abc import Iterator

from fastapi import Request
from fastapi.responses import JSONResponse, Response
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.kernel.problems import expecting
from hub.observability import tracing
from hub.web.callers import language_of
from hub.web.problems import problem_response

log = logging.getLogger("hub.web")
RETRY_SECONDS = 5
_AWAY_ERRORS = frozenset(
    {
        ("psycopg", "OperationalError"),
        ("elastic_transport", "TransportError"),
        ("elasticsearch", "ApiError"),
        ("kafka", "KafkaError"),
        ("sqlite3", "OperationalError"),
    }
)
_FULL_ERRORS = frozenset({("psycopg", "DiskFull")})


class Failures:
    """ASGI middleware that answers for what fails below it, unless an answer has begun.

    The framework answers too, but then raises, upon which the server closes the connection that the caller goes on to
    use.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI 3.0."""
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except ClientDisconnect:
            if not begun:  # nobody reads it, but without one it would be counted as the hub's fault
                await Response(status_code=400)(scope, receive, send)
        except Exception as error:
            if begun or scope["type"] != "http":
                raise
            log.error("a request failed", exc_info=error)
            tracing.record(error)
            await failure_response(error, Request(scope))(scope, receive, send)


def failure_response(error: Exception, request: Request) -> JSONResponse:
    """507 (RFC 4918) where the disk is full, 503 where a store's server is away, else 500; none tells of the inside."""
    if is_full(error):
        return problem_response((expecting("disk-full", "hub.disk-full"),), 507, language_of(request))
    if is_away(error):
        answer = problem_response((expecting("unavailable", "hub.unavailable"),), 503, language_of(request))
        answer.headers["Retry-After"] = str(RETRY_SECONDS)
        return answer
    return problem_response((expecting("internal-error", "hub.internal-error"),), 500, language_of(request))


def is_full(error: BaseException) -> bool:
    """Whether the error says that there is no room left for what was to be written."""
    return any(
        getattr(cause, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
        or getattr(cause, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL
        or bool(_names(cause) & _FULL_ERRORS)
        for cause in _causes(error)
    )


def is_away(error: BaseException) -> bool:
    """Whether the error says that a store's server cannot be reached just now, rather than that the hub is wrong.

    Clients are told by the package of their errors, since the embedded hub has none of them installed.
    """
    return isinstance(error, ConnectionError | TimeoutError) or bool(_names(error) & _AWAY_ERRORS)


def _names(error: BaseException) -> set[tuple[str, str]]:
    return {(kind.__module__.split(".")[0], kind.__name__) for kind in type(error).__mro__}


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and what it was raised from."""
    while error is not None:
        yield error
        error = error.__cause__
