"""Conflicts and records as stewards read them, within what they may see."""

from collections.abc import Iterator, Mapping
from typing import Any

from hub.kernel.access import Openness
from hub.kernel.contributions import Preference, SameAs
from hub.kernel.language import Language
from hub.kernel.records import Conflict, Record
from schemas.fields import by_path
from schemas.kind import Kind, kinds, value_at
from schemas.views.labels import begun, shown
from schemas.views.titles import kind_label, subtitle, titles, url_of
from schemas.views.visibility import Node, layout, visible

Levels = frozenset[Openness]
SEPARATOR = {"zh": "；", "en": "; "}


def conflict_json(record: Record, levels: Levels, language: Language) -> dict[str, Any]:
    """The record, and each field on which its sources disagree; the first value is in use."""
    nodes = _nodes(record)
    told = [
        _field_json(record, one, nodes[one.field], levels, language) for one in record.conflicts if one.field in nodes
    ]
    return _head(record, levels, language) | {"fields": [field for field in told if field["values"]]}


def summary_json(record: Record, levels: Levels, language: Language) -> dict[str, Any]:
    """What tells a record from one of the same name: its identifiers, what it belongs to, and its sources."""
    kind = kinds().get(record.kind)
    seen = visible(_nodes(record), record.fields, levels)
    return _head(record, levels, language) | {
        "subtitle": subtitle(kind, seen, language),
        "identifiers": list(_identifiers(kind, seen, language)) if kind else [],
        "sources": [_source_json(record, index) for index in range(len(record.sources))],
    }


def same_as_json(said: SameAs) -> dict[str, Any]:
    """A decision on a pair."""
    return {name: getattr(said, name) for name in ("left", "right", "decision", "decided_by", "decided_at")}


def preference_json(said: Preference) -> dict[str, Any]:
    """A decision on a field."""
    names = ("record_id", "field", "source", "source_record_id", "decided_by", "decided_at")
    return {name: getattr(said, name) for name in names}


def _head(record: Record, levels: Levels, language: Language) -> dict[str, Any]:
    names = titles(kinds().get(record.kind), visible(_nodes(record), record.fields, levels), language)
    return {
        "id": record.id,
        "kind": record.kind,
        "kind_label": kind_label(record.kind, language),
        "title": names[0] if names else record.id,
        "version": record.version,
        "updated_at": record.updated_at,
        "url": url_of(record.id),
    }


def _nodes(record: Record) -> Mapping[str, Node]:
    kind = kinds().get(record.kind)
    return layout(kind) if kind else {}


def _field_json(record: Record, conflict: Conflict, node: Node, levels: Levels, language: Language) -> dict[str, Any]:
    values = []
    for position, (index, value) in enumerate(conflict.values):
        seen = visible({conflict.field: node}, {conflict.field: value}, levels).get(conflict.field)
        if seen is not None:
            text = _text(node, seen, language)
            values.append({"value": seen, "shown": text, "in_use": position == 0, **_source_json(record, index)})
    return {"field": conflict.field, "label": node.spec.label[language], "values": values}


def _text(node: Node, value: Any, language: Language) -> str:
    items = value if isinstance(value, list | tuple) else (value,)
    told = SEPARATOR[language].join(shown(node, item, language) for item in items)
    return begun(told, language) if node.spec.meta.codes else told


def _source_json(record: Record, index: int) -> dict[str, Any]:
    source = record.sources[index]
    names = ("source", "source_record_id", "authority", "received_at")
    return {name: getattr(source, name) for name in names}


def _identifiers(kind: Kind, seen: Mapping[str, Any], language: Language) -> Iterator[dict[str, str]]:
    specs = by_path(kind)
    for path in dict.fromkeys(path for identity in kind.identity for path in identity.paths):
        value = value_at(seen, path)
        if value is not None:
            yield {"field": path, "label": specs[path].label[language], "value": str(value)}
