"""The Elasticsearch 9 index of the catalogue, derived from what the kinds' annotations ask of each field.

A document is made of hub.ports.catalogue.Document; its `version` is the record's own and is sent as the external
version (`version_type=external`), so that a replay is refused by the index. Texts arrive as terms joined by blanks
(hub.kernel.terms) and are cut at the blanks alone, so that Chinese, English and pinyin match here as on every other
catalogue. Field paths hold dots, hence `subobjects: false`; paths of kinds that are registered later are mapped as
their first document arrives, which the kinds' own number of fields bounds.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from schemas.annotations import Search
from schemas.fields import FieldSpec, every, fields_of
from schemas.kind import Kind

EXACT: frozenset[Search] = frozenset({"keyword", "facet", "title"})
RANGED: frozenset[Search] = frozenset({"number", "date"})
EXACT_LIMIT = 1_000
"""Characters of an exact value; 32,766 bytes are Lucene's limit."""
TERM_LIMIT = 200
"""Characters of a term that count."""
KEY_LIMIT = 256
"""Characters of a whole name that count."""
FIELDS_LIMIT = 10_000

_TOKEN_LIMIT = 32_766
SETTINGS: dict[str, Any] = {
    "analysis": {
        "tokenizer": {"hub_blanks": {"type": "whitespace", "max_token_length": _TOKEN_LIMIT}},
        "filter": {"hub_cut": {"type": "truncate", "length": TERM_LIMIT}},
        "analyzer": {"hub_terms": {"type": "custom", "tokenizer": "hub_blanks", "filter": ["hub_cut"]}},
    },
    "index": {"mapping": {"total_fields": {"limit": FIELDS_LIMIT}}},
}
# Relevance adds up whole numbers over the fields in which a term occurs; frequencies and lengths have no part in it.
_TERMS = {"type": "text", "analyzer": "hub_terms", "norms": False, "index_options": "docs"}
_LOOKED_UP = {"type": "keyword", "doc_values": False}
_STORED = {"type": "keyword", "index": False, "doc_values": False}
_BY_PATH: dict[str, dict[str, Any]] = {
    "facets": {"type": "keyword"},
    "numbers": {"type": "double"},
    "links": _LOOKED_UP,
}


def index_mapping(kinds: Iterable[Kind]) -> dict[str, Any]:
    """`settings` and `mappings` of an index that holds documents of these kinds.

    Fields of two kinds share a path where they share a name; one that is a number in one kind and a date in another is
    a number in both (days since 1970), as it is in the document.
    """
    roles = [(spec, spec.meta.search) for kind in kinds for spec in public_fields(kind)]
    exact = {spec.path for spec, role in roles if role in EXACT or spec.type in ("boolean", "code")}
    ranged = {spec.path for spec, role in roles if role in RANGED}
    links = {spec.path for spec, _ in roles if spec.meta.refers}
    properties: dict[str, Any] = {
        "id": {"type": "keyword"},
        "kind": {"type": "keyword"},
        "version": {"type": "long", "index": False, "doc_values": False},
        "status": {"type": "keyword"},
        "updated_at": {"type": "keyword"},
        "title": {**_TERMS, "copy_to": ["often", "body"]},
        "often": _TERMS,
        "body": _TERMS,
        "pinyin": _TERMS,
        "name": _LOOKED_UP,
        "title_key": {"type": "keyword"},
        "length": {"type": "integer"},
        "shown": _STORED,
        "completes": {**_TERMS, "index_prefixes": {"min_chars": 2, "max_chars": 4}},
        "facets": _by_path("facets", exact),
        "numbers": _by_path("numbers", ranged),
        "links": _by_path("links", links),
        "geo": {"type": "geo_point"},
        "public": {"type": "object", "enabled": False},
    }
    templates = [{name: {"path_match": f"{name}.*", "mapping": mapped}} for name, mapped in _BY_PATH.items()]
    mappings = {
        "dynamic": "strict",
        "_meta": {"version_type": "external"},
        "dynamic_templates": templates,
        "properties": properties,
    }
    return {"settings": SETTINGS, "mappings": mappings}


def public_fields(kind: Kind) -> Iterator[FieldSpec]:
    """The fields whose values a document may hold: everything above public stays out of the catalogue."""
    return (spec for spec in every(fields_of(kind)) if spec.openness == "public")


def _by_path(name: str, paths: Iterable[str]) -> dict[str, Any]:
    properties = dict.fromkeys(sorted(paths), _BY_PATH[name])
    return {"type": "object", "subobjects": False, "dynamic": True, "properties": properties}
