"""How much a request may be and how long it may take, by what each operation states; one middleware sees to it.

Whoever may not send a body is told so before any of it is read; a body ends where its operation's bound is, however it
is sent, and where it comes more slowly than BODY_RATE.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import orjson
from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.kernel.access import ANONYMOUS, Role
from hub.kernel.characters import may_be_unclean, unclean
from hub.kernel.problems import Problem, Refusal, expecting, refusal
from hub.text.messages import bilingual
from hub.web.callers import address_of, recognise, require
from hub.web.problems import refusal_response

KIB, MIB = 2**10, 2**20
BODY_SECONDS = 10.0
"""For which a body may keep its reader waiting, beside the time that BODY_RATE gives it."""
BODY_RATE = 4 * KIB
"""Bytes a second: what a body brings at least, beside BODY_SECONDS."""
RETRY_SECONDS = 5

_LARGE = bilingual("hub.large")


@dataclass(frozen=True, slots=True)
class RouteLimits:
    """Of one operation.

    `body`: bytes. `roles`: whoever has none of them is refused before the body is read. `at_once`: requests with a body
    from one sender (an account, else a token or an address) under way at a time. `json`: the body is JSON and read as a
    whole. `account`: whoever has none is refused likewise, whatever their roles. `page`: items of one answer; None: it
    has no pages.
    """

    body: int = 16 * KIB
    json: bool = False
    roles: frozenset[Role] = frozenset()
    account: bool = False
    at_once: int = 16
    page: int | None = None


DEFAULT = RouteLimits()
"""Of operations that read no body, and of addresses that are none."""


class BodyRefused(Refusal, HTTPException):
    """Both, since FastAPI lets through no other error of who reads a body, and pages know the latter alone."""

    def __init__(self, problem: Problem, status: int) -> None:
        Refusal.__init__(self, problem, status=status)
        self.status_code, self.detail, self.headers = status, problem.code, None


class Limited:
    """ASGI middleware. `table` has the limits by `METHOD /path/{template}`."""

    def __init__(self, app: ASGIApp, table: Mapping[str, RouteLimits]) -> None:
        self._app = app
        self._under_way: Counter[tuple[str, str]] = Counter()
        self._rows = []
        for name, limits in table.items():
            method, _, template = name.partition(" ")
            self._rows.append((method, compile_path(template)[0], name, limits))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI 3.0."""
        if scope["type"] != "http" or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        name, limits = self._of(scope)
        body = _Body(receive, limits.body, _announced(request))
        try:
            with self._counted((name, await _sender(request, limits)), limits.at_once):
                await self._app(scope, await body.checked() if limits.json else body.receive, send)
        except Refusal as refusal:
            await refusal_response(request, refusal)(scope, receive, send)

    @contextmanager
    def _counted(self, sender: tuple[str, str], most: int) -> Iterator[None]:
        if self._under_way[sender] >= most:
            busy = expecting("too-many-requests", "hub.too-many-requests", "", None, most=most)
            raise Refusal(busy, status=429, retry_after=RETRY_SECONDS)
        self._under_way[sender] += 1
        try:
            yield
        finally:
            self._under_way[sender] -= 1
            if not self._under_way[sender]:
                del self._under_way[sender]

    def _of(self, scope: Scope) -> tuple[str, RouteLimits]:
        for method, pattern, name, limits in self._rows:
            if method == scope["method"] and pattern.match(scope["path"]):
                return name, limits
        return "", DEFAULT


class _Body:
    """Hands on what is received, until that is too much or takes too long."""

    def __init__(self, receive: Receive, most: int, announced: int) -> None:
        self._receive = receive
        self._most = most
        self._announced = announced
        self._bytes = 0
        self._waited = 0.0
        self._whole = False

    async def receive(self) -> Message:
        if self._whole:  # what is waited for now is the end of the connection
            return await self._receive()
        if self._announced > self._most:
            raise self._too_large()
        began = time.monotonic()
        try:
            async with asyncio.timeout(BODY_SECONDS + self._bytes / BODY_RATE - self._waited):
                message = await self._receive()
        except TimeoutError:
            raise BodyRefused(expecting("body-too-slow", "hub.body-too-slow", rate=BODY_RATE), 408) from None
        self._waited += time.monotonic() - began
        self._bytes += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        if self._bytes > self._most:
            raise self._too_large()
        return message

    async def checked(self) -> Receive:
        """Read the whole, and hand it on in one piece. Refusal (400) where it is no JSON, or not of clean text."""
        data = bytearray()
        while not self._whole:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                return self._receive
            data += message.get("body", b"")
        _check_json(bytes(data))
        pieces = iter([{"type": "http.request", "body": bytes(data), "more_body": False}])

        async def receive() -> Message:
            return next(pieces, None) or await self._receive()

        return receive

    def _too_large(self) -> BodyRefused:
        expected = _LARGE.format(mib=round(self._most / MIB, 2), limit=self._most)
        return BodyRefused(Problem("body-too-large", expected), 413)


def _check_json(data: bytes) -> None:
    if not data.strip():
        return
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        found = data[:200].decode("utf-8", "replace")
        problems = _surrogates(data) or (expecting("not-json", "hub.not-json", found),)
    else:
        problems = unclean(value) if may_be_unclean(data) else ()
    if problems:
        raise Refusal(*problems, status=400)


def _surrogates(data: bytes) -> tuple[Problem, ...]:
    """Unpaired surrogates, for which orjson takes no document and says no place."""
    try:
        return unclean(json.loads(data))
    except (ValueError, RecursionError):
        return ()


def _has_body(scope: Scope) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in scope["headers"]
    )


def _announced(request: Request) -> int:
    length = request.headers.get("content-length", "")
    return int(length[:19]) if length.isascii() and length.isdigit() else 0


async def _sender(request: Request, limits: RouteLimits) -> str:
    """Who sends: an account, else an address. Refusal (401, 403) where the operation is not for them."""
    try:
        principal = await recognise(request)
    except Refusal:
        if limits.roles or limits.account:
            raise
        principal = ANONYMOUS  # words that are no token would make a sender of each request
    if limits.roles or limits.account:
        if not principal.roles and not principal.account:
            raise refusal("sign-in", "hub.sign-in", "", "Authorization", 401)
        if limits.roles:
            require(*limits.roles)(principal)
    return principal.account or address_of(request)
