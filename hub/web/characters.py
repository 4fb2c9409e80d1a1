"""Text in the head of a request: what hub.kernel.characters refuses goes no further."""

import re
from itertools import islice
from urllib.parse import unquote_to_bytes

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.kernel.characters import PROBLEMS_LIMIT, is_clean, problem_of, unclean
from hub.kernel.problems import Problem
from hub.web.callers import language_of
from hub.web.problems import problem_response

APIS = "/api/"
KEY = "Idempotency-Key"
"""The one field of a head that is kept as it comes."""
_BAD = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xed[\xa0-\xbf][\x80-\xbf]")
_SUSPECT = re.compile(rb"%(?:[01]|ed)|[\x00-\x1f]|\xed", re.IGNORECASE)
"""Told without decoding each query."""


class CleanText:
    """ASGI middleware: 400 for a request to an API whose path, parameters or key have such characters.

    Pages have what they are sent from the APIs; bodies in JSON are the concern of hub.web.limits, which reads them.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI 3.0."""
        problems = _problems(scope) if scope["type"] == "http" and scope["path"].startswith(APIS) else ()
        if problems:
            answer = problem_response(problems, 400, language_of(Request(scope)))
            await answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def unclean_query(query: bytes) -> tuple[Problem, ...]:
    """A problem for each parameter of a query string (percent-encoded UTF-8) that has such a character."""
    if not _SUSPECT.search(query):
        return ()
    pairs = ((pair.partition(b"=")[0], _BAD.search(unquote_to_bytes(pair))) for pair in query.split(b"&"))
    problems = (problem_of(bad[0].decode("utf-8", "surrogatepass"), _text(name)) for name, bad in pairs if bad)
    return tuple(islice(problems, PROBLEMS_LIMIT))


def _text(name: bytes) -> str:
    return unquote_to_bytes(name).decode("utf-8", "replace")


def _problems(scope: Scope) -> tuple[Problem, ...]:
    key = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"idempotency-key"), "")
    head = {"path": scope["path"], KEY: key}
    return (*unclean_query(scope["query_string"]), *(() if all(map(is_clean, head.values())) else unclean(head)))
