"""A document of the port as the index takes it: the lines of one bulk operation, and the hit that comes back."""

from collections import Counter
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import orjson

from hub.kernel.terms import name_key, sort_key
from hub.ports.catalogue import Document, Hit
from schemas.derive.mapping import EXACT_LIMIT, KEY_LIMIT
from services.catalog.core.completions import completions
from services.catalog.core.highlight import Marker

OFTEN = 3
"""Occurrences from which on a term is frequent in a text."""
ID_BYTES_LIMIT = 512
"""Elasticsearch's limit; a longer id would fail the whole request that it is in."""
SHOWN = ["id", "kind", "version", "updated_at", "public"]
"""Members of `_source` that make a hit."""
_LINES = b'{"index":{"_id":%b,"version":%d,"version_type":"external"}}\n%b,"public":%b}\n'


def operation(document: Document) -> bytes:
    """Two lines of a `_bulk` request; the public JSON is put in as it came."""
    members: dict[str, Any] = {
        "id": document.id,
        "kind": document.kind,
        "version": document.version,
        "status": document.status,
        "updated_at": document.updated_at,
    }
    public = b"{}"
    if document.status == "active":
        _describe(document, members)
        public = document.public
        if b"\n" in public:
            public = orjson.dumps(orjson.loads(public))
    return _LINES % (orjson.dumps(document.id), document.version, orjson.dumps(members)[:-1], public)


def _describe(document: Document, members: dict[str, Any]) -> None:
    names = document.suggest or (document.title,)
    body, often = _body(document.body)
    members |= {
        "title": document.title,
        "body": body,
        "often": often,
        "pinyin": document.pinyin,
        "name": [name_key(name)[:KEY_LIMIT] for name in document.suggest],
        "title_key": sort_key(names[0]),
        "length": min(map(len, names)),
        "shown": document.suggest,
        "completes": " ".join([f"{place}{key}" for name in document.suggest for place, key in completions(name)]),
    }
    if document.facets:
        members["facets"] = {
            path: values if len("".join(values)) <= EXACT_LIMIT else [exact(value) for value in values]
            for path, values in document.facets.items()
        }
    if document.numbers:
        members["numbers"] = document.numbers
    if document.geo:
        members["geo"] = {"lat": document.geo[0], "lon": document.geo[1]}
    if document.links:
        members["links"] = document.links


def _body(text: str) -> tuple[str, str]:
    """The distinct terms of a text, and the frequent ones: the index needs to know no more."""
    counts = Counter(text.split())
    return " ".join(counts), " ".join([term for term, count in counts.items() if count >= OFTEN])


def completing(place: int, key: str) -> str:
    """The term of `completes` for what begins at this word of a name."""
    return f"{place}{key}"


def exact(value: str) -> str:
    """The value as it is indexed and looked up: a long one is cut, with a digest so that it stays one of its own."""
    if len(value) <= EXACT_LIMIT:
        return value
    digest = blake2b(value.encode(), digest_size=8).hexdigest()
    return f"{value[: EXACT_LIMIT - 20]}…{digest}"


def hit(
    source: Mapping[str, Any], score: float = 0.0, distance_km: float | None = None, marker: Marker | None = None
) -> Hit:
    """The hit that a document's `_source` tells."""
    public = source["public"]
    highlights = marker.highlights(public) if marker else {}
    return Hit(
        source["id"], source["kind"], source["version"], source["updated_at"], public, score, distance_km, highlights
    )
