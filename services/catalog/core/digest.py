"""What makes two catalogues equal: the public content of every document, whatever the versions and the order."""

from collections.abc import Iterable

import orjson

from hub.kernel.canonical import canonical_json, digest_of
from hub.kernel.records import Status
from hub.ports.catalogue import Document


def digest_line(record_id: str, kind: str, status: Status, public: bytes) -> bytes:
    """One document's line; `public` is JSON in any order of keys, `{}` of a withdrawn document."""
    return canonical_json({"id": record_id, "kind": kind, "status": status, "public": orjson.loads(public)})


def document_digest_line(document: Document) -> bytes:
    return digest_line(document.id, document.kind, document.status, document.public)


def digest_of_documents(documents: Iterable[Document]) -> str:
    """The digest that a catalogue of these documents has."""
    return digest_of(map(document_digest_line, documents))
