"""The Elasticsearch 9 index of the catalogue, derived from what the kinds' annotations ask of each field.

A document is hub.ports.catalogue.Document; its `version` is the record's own and is sent as the external version
(`version_type=external`), so that a replay is refused by the index. Field paths hold dots, hence `subobjects: false`.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from schemas.annotations import Search
from schemas.fields import FieldSpec, every, fields_of
from schemas.kind import Kind

EXACT: frozenset[Search] = frozenset({"keyword", "facet", "title"})
RANGED: frozenset[Search] = frozenset({"number", "date"})
IGNORE_ABOVE = 512
"""Characters of an exact value beyond which it is stored but not indexed; 32,766 bytes are Lucene's limit."""

SETTINGS: dict[str, Any] = {
    "analysis": {
        "filter": {"hub_width": {"type": "cjk_width"}, "hub_bigrams": {"type": "cjk_bigram", "output_unigrams": True}},
        "analyzer": {
            "hub_cjk": {
                "type": "custom",
                "tokenizer": "standard",
                "filter": ["hub_width", "lowercase", "asciifolding", "hub_bigrams"],
            },
            "hub_terms": {"type": "custom", "tokenizer": "whitespace", "filter": ["hub_width", "lowercase"]},
        },
        "normalizer": {"hub_folded": {"type": "custom", "filter": ["hub_width", "lowercase"]}},
    },
}
_TEXT = {"type": "text", "analyzer": "hub_cjk", "fields": {"standard": {"type": "text", "analyzer": "standard"}}}


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
        "version": {"type": "long"},
        "status": {"type": "keyword"},
        "updated_at": {"type": "date"},
        "title": _TEXT,
        "body": _TEXT,
        "pinyin": {"type": "text", "analyzer": "hub_terms"},
        "suggest": {"type": "search_as_you_type", "analyzer": "hub_cjk", "max_shingle_size": 3},
        "facets": _dotted({path: _keyword() for path in exact}),
        "numbers": _dotted({path: {"type": "double"} for path in ranged}),
        "links": _dotted({path: {"type": "keyword"} for path in links}),
        "public": {"type": "object", "enabled": False},
    }
    if any(role == "geo" for _, role in roles):
        properties["geo"] = {"type": "geo_point"}
    meta = {"version_type": "external"}
    return {"settings": SETTINGS, "mappings": {"dynamic": "strict", "_meta": meta, "properties": properties}}


def public_fields(kind: Kind) -> Iterator[FieldSpec]:
    """The fields whose values a document may hold: everything above public stays out of the catalogue."""
    return (spec for spec in every(fields_of(kind)) if spec.openness == "public")


def _keyword() -> dict[str, Any]:
    folded = {"folded": {"type": "keyword", "normalizer": "hub_folded", "ignore_above": IGNORE_ABOVE}}
    return {"type": "keyword", "ignore_above": IGNORE_ABOVE, "fields": folded}


def _dotted(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "subobjects": False, "dynamic": "strict", "properties": dict(sorted(properties.items()))}
