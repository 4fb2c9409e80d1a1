"""ASGI middleware that notes in the audit trail what callers have done by operations that somebody may ask after."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.kernel.problems import Refusal
from hub.ports.audit import Action, AuditTrail, done_by
from hub.ports.clock import Clock
from hub.web.callers import principal_of


class Audited:
    """Notes each answer of 2xx to an operation of the table: `METHOD path template` to the action.

    The subject is what the names in the path say, or the path where it has none. What is refused is noted where it is
    refused.
    """

    def __init__(self, app: ASGIApp, actions: Mapping[str, Action], audit: AuditTrail, clock: Clock) -> None:
        self._app = app
        self._actions = actions
        self._audit = audit
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI 3.0."""

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start" and 200 <= message["status"] < 300:
                self._note(scope)
            await send(message)

        await self._app(scope, receive, noting if scope["type"] == "http" else send)

    def _note(self, scope: Scope) -> None:
        template = getattr(scope.get("route"), "path", "")
        action = self._actions.get(f"{scope['method']} {template}")
        if action is None:
            return
        try:
            caller = principal_of(Request(scope))
        except Refusal:
            return
        names: Mapping[str, Any] = scope.get("path_params") or {}
        subject = " ".join(map(str, names.values())) or str(scope["path"])
        self._audit.note(done_by(caller, self._clock.now(), action, subject))
