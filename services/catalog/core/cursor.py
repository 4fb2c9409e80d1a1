"""Cursors: where the next page of a search begins, bound to the search so that no other one takes it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from hashlib import blake2b
from hmac import compare_digest
from typing import NamedTuple

import orjson

from hub.kernel.canonical import canonical_json
from hub.kernel.problems import Refusal, refusal
from hub.ports.catalogue import Query

CURSOR_LIMIT = 1_000
_TAG = 9
_SEAL = 32


class Position(NamedTuple):
    """The last hit of a page: the part of the order that it lies in, its key there, its id."""

    stage: int
    key: float | str
    id: str


def encoded(query: Query, position: Position) -> str:
    """The opaque form; page size, facets, highlights and language may change from page to page."""
    data = orjson.dumps(tuple(position))
    return urlsafe_b64encode(_tag(query, data) + data).decode().rstrip("=")


def decoded(query: Query) -> Position | None:
    """The position that the query's cursor names; None without a cursor. Raises Refusal (400, `bad-cursor`)."""
    cursor = query.cursor
    if cursor is None:
        return None
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        tag, data = raw[:_TAG], raw[_TAG:]
        if tag != _tag(query, data):
            raise ValueError
        return _position(orjson.loads(data))
    except (ValueError, NotBase64):
        raise _refused(cursor) from None


def sealed(cursor: str, key: bytes) -> str:
    """The cursor as callers get it: they hand back what the hub has given out, and no position of their own."""
    return f"{_seal(cursor, key)}{cursor}"


def opened(cursor: str, key: bytes) -> str:
    """What was sealed. Raises Refusal (400, `bad-cursor`) for anything else."""
    inner = cursor[_SEAL:]
    if len(cursor) > CURSOR_LIMIT or not cursor.isascii() or not compare_digest(cursor[:_SEAL], _seal(inner, key)):
        raise _refused(cursor)
    return inner


def searched(query: Query) -> bytes:
    """What is searched for, without how it is shown: equal for queries with equal matches."""
    return canonical_json([query.text, query.kinds, query.filters, query.ranges, query.near, query.box])


def _tag(query: Query, data: bytes) -> bytes:
    return blake2b(b"\0".join((searched(query), query.sort.encode(), data)), digest_size=_TAG).digest()


def _seal(cursor: str, key: bytes) -> str:
    return blake2b(cursor.encode(), digest_size=_SEAL // 2, key=key).hexdigest()


def _refused(cursor: str) -> Refusal:
    return refusal("bad-cursor", "catalog.bad-cursor", cursor, "cursor", 400)


def _position(raw: object) -> Position:
    match raw:
        case [int() as stage, (int() | float() | str()) as key, str() as record_id]:
            return Position(stage, key, record_id)
    raise ValueError
