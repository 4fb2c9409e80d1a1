"""Conflicts and records as stewards read them, within what they may see."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from hub.kernel.access import Openness
from hub.kernel.contributions import Preference, SameAs
from hub.kernel.records import Conflict, Record, SourceRef
from hub.text.language import Language
from schemas.fields import by_path
from schemas.http import curation as contract
from schemas.kind import Kind, kinds, value_at
from schemas.views.labels import begun, value_text
from schemas.views.titles import kind_label, subtitle, titles, url_of
from schemas.views.visibility import Node, layout, visible
from services.curation.core.stewarding import Pair

SEPARATOR = {"zh": "；", "en": "; "}


class View(NamedTuple):
    """What the reader may see, in which language, and what people call the sources in it."""

    levels: frozenset[Openness]
    language: Language
    labels: Mapping[str, str]


def disputed(record: Record, view: View) -> contract.DisputedRecord:
    """The record, and each field on which its sources disagree; the first value is in use."""
    nodes = nodes_of(record)
    fields = [_field(record, one, nodes[one.field], view) for one in record.conflicts if one.field in nodes]
    return contract.DisputedRecord(**_head(record, view), fields=tuple(field for field in fields if field.values))


def summary(record: Record, view: View) -> contract.RecordSummary:
    """What tells a record from one of the same name: its identifiers, what it belongs to, and its sources."""
    kind = kinds().get(record.kind)
    seen = visible(nodes_of(record), record.fields, view.levels)
    return contract.RecordSummary(
        **_head(record, view),
        subtitle=subtitle(kind, seen, view.language),
        identifiers=tuple(_identifiers(kind, seen, view.language)) if kind else (),
        sources=tuple(contract.SourceRecord(**_source(record, index, view)) for index in range(len(record.sources))),
    )


def same_as(said: SameAs) -> contract.SameAsDecided:
    """A decision on a pair."""
    return contract.SameAsDecided.model_validate(said, from_attributes=True)


def preference(said: Preference, in_force: bool = True) -> contract.PreferenceDecided:
    """A decision on a field."""
    names = contract.PreferenceDecided.model_fields.keys() - {"in_force"}
    return contract.PreferenceDecided(**{name: getattr(said, name) for name in names}, in_force=in_force)


def alike(pair: Pair, language: Language) -> tuple[contract.AlikeField, ...]:
    """What two records have alike."""
    specs = by_path(kinds()[pair.left.kind])
    return tuple(contract.AlikeField(field=path, label=specs[path].label[language]) for path in pair.fields)


def _head(record: Record, view: View) -> dict[str, Any]:
    names = titles(kinds().get(record.kind), visible(nodes_of(record), record.fields, view.levels), view.language)
    return {
        "id": record.id,
        "kind": record.kind,
        "kind_label": kind_label(record.kind, view.language),
        "title": names[0] if names else record.id,
        "version": record.version,
        "updated_at": record.updated_at,
        "url": url_of(record.id),
    }


def nodes_of(record: Record) -> Mapping[str, Node]:
    kind = kinds().get(record.kind)
    return layout(kind) if kind else {}


def _field(record: Record, conflict: Conflict, node: Node, view: View) -> contract.DisputedField:
    values = []
    for position, (index, value) in enumerate(conflict.values):
        seen = visible({conflict.field: node}, {conflict.field: value}, view.levels).get(conflict.field)
        if seen is not None:
            text, source = text_of(node, seen, view.language), _source(record, index, view)
            values.append(contract.SourceValue(**source, value=seen, shown=text, in_use=position == 0))
    return contract.DisputedField(field=conflict.field, label=node.spec.label[view.language], values=tuple(values))


def text_of(node: Node, value: Any, language: Language) -> str:
    items = value if isinstance(value, list | tuple) else (value,)
    told = SEPARATOR[language].join(value_text(node, item, language) for item in items)
    return begun(told, language) if node.spec.meta.codes else told


def _source(record: Record, index: int, view: View) -> dict[str, Any]:
    return spoken(record.sources[index], view)


def spoken(source: SourceRef, view: View) -> dict[str, Any]:
    names = ("source", "source_record_id", "authority", "received_at", "organisation")
    told = {name: getattr(source, name) for name in names}
    return told | {"source_label": view.labels.get(source.source, source.source)}


def _identifiers(kind: Kind, seen: Mapping[str, Any], language: Language) -> Iterator[contract.RecordIdentifier]:
    specs = by_path(kind)
    for path in dict.fromkeys(path for identity in kind.identity for path in identity.paths):
        value = value_at(seen, path)
        if value is not None:
            yield contract.RecordIdentifier(field=path, label=specs[path].label[language], value=str(value))
