"""JSON that is sent, as values."""

from typing import Any

import orjson
from fastapi import Request


async def json_body(request: Request) -> Any:
    """The body as JSON, a blank one as an object without members; hub.web.limits has seen to its size and its form."""
    return orjson.loads((await request.body()).strip() or b"{}")
