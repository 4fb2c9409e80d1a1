"""One record for a person: every field that the person may see, where it comes from, and what sources disagree on.

And what each of its versions changed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from hub.kernel.access import Openness
from hub.kernel.canonical import canonical_json
from hub.kernel.records import Record, SourceRef
from hub.text.language import Language
from schemas.http import records as contract
from schemas.http.records import (
    Dispute,
    DisputedValue,
    FieldChange,
    History,
    RecordRow,
    RecordVersion,
    ShownValue,
    ValueSource,
)
from schemas.kind import Kind, kinds
from schemas.parts.common import Closure, Money, Place
from schemas.parts.opening import OpeningHours
from schemas.rights import refusal_of
from schemas.views.labels import begun, value_text
from schemas.views.references import Reference
from schemas.views.titles import geo_of, kind_label, subtitle, titles, url_of
from schemas.views.visibility import PUBLIC, Node, hidden, layout, visible


def history_view(versions: Sequence[Record], levels: frozenset[Openness], language: Language, limit: int) -> History:
    """The newest `limit` versions, newest first, each against the one before it.

    Where the record is withdrawn now, no version tells its fields: they have left with it. The oldest version given is
    told against nothing only where it is the first.
    """
    withdrawn = bool(versions) and versions[0].status == "withdrawn"
    entries = []
    for position, record in enumerate(versions[:limit]):
        before = versions[position + 1] if position + 1 < len(versions) else None
        known = before is not None or record.version == 1
        entries.append(
            RecordVersion(
                version=record.version,
                status=record.status,
                updated_at=record.updated_at,
                changes=() if withdrawn or not known else tuple(_changes(before, record, levels, language)),
            )
        )
    return History(versions=tuple(entries))


def _changes(
    before: Record | None, after: Record, levels: frozenset[Openness], language: Language
) -> Iterator[FieldChange]:
    old = _rows_by_path(before, levels, language) if before else {}
    new = _rows_by_path(after, levels, language)
    for path in dict.fromkeys((*new, *old)):
        if old.get(path) != new.get(path):
            yield FieldChange(
                path=path,
                label=(new.get(path) or old[path]).label,
                before=old[path].shown if path in old else None,
                after=new[path].shown if path in new else None,
            )


def _rows_by_path(record: Record, levels: frozenset[Openness], language: Language) -> dict[str, RecordRow]:
    kind = kinds().get(record.kind)
    fields = visible(layout(kind), record.fields, levels) if kind else {}
    return {row.path: row for row in rows(kind, fields, language, {})}


Urls = Mapping[tuple[str, bytes], str]
"""Where each reference leads: by field path and `said` of what it says."""
Labels = Mapping[str, str]
"""The sources' labels by id, in the reader's language."""
SourceOf = Callable[[str], ValueSource | None]
"""The source of the field at a path."""

_WHOLE = (Money, Place, OpeningHours, Closure)


def reference_key(value: object) -> bytes:
    """One form for equal references."""
    return canonical_json(value)


def urls_of(found: Iterable[tuple[Reference, str]]) -> Urls:
    """Where references lead: each with the id of its record."""
    return {(reference.path, reference_key(reference.value)): url_of(record_id) for reference, record_id in found}


def record_view(
    record: Record, levels: frozenset[Openness], language: Language, sources: Labels, urls: Urls
) -> contract.Record:
    """The record as the API tells it; a withdrawn one has no fields."""
    kind = kinds().get(record.kind)
    nodes = layout(kind) if kind else {}
    fields = visible(nodes, record.fields, levels)
    public = visible(nodes, record.fields, PUBLIC)
    names = titles(kind, fields, language)
    active, refusal = record.status == "active", refusal_of(kind, record.fields)
    return contract.Record(
        id=record.id,
        kind=record.kind,
        kind_label=kind_label(record.kind, language),
        title=names[0] if names else record.id,
        second_title=names[1] if len(names) > 1 else None,
        subtitle=subtitle(kind, public, language),
        version=record.version,
        status=record.status,
        created_at=record.created_at,
        updated_at=record.updated_at,
        replaced_by=record.replaced_by,
        same_as=record.same_as,
        bookable=active and refusal is None,
        booking_refusal=refusal[language] if refusal and kind and kind.bookable and active else None,
        url=url_of(record.id),
        fields=fields,
        rows=tuple(rows(kind, fields, language, urls, lambda path: _source_of(record, path, sources))),
        conflicts=tuple(_conflicts(record, nodes, levels, language, sources)),
        hidden=tuple(spec.label[language] for spec in hidden(nodes, record.fields, levels)),
        geo=geo_of(kind, public),
    )


def rows(
    kind: Kind | None, fields: Mapping[str, Any], language: Language, urls: Urls, source_of: SourceOf = lambda _: None
) -> Iterator[RecordRow]:
    """One row a field, in the kind's order; a part that is no value of its own gives a row a member."""
    if kind is not None:
        yield from _rows(layout(kind), fields, language, urls, source_of)


def _rows(
    nodes: Mapping[str, Node], fields: Mapping[str, Any], language: Language, urls: Urls, source_of: SourceOf
) -> Iterator[RecordRow]:
    for name, node in nodes.items():
        value = fields.get(name)
        if value is None:
            continue
        if isinstance(value, Mapping) and not _is_whole(node):
            yield from _rows(node.members, value, language, urls, source_of)
            continue
        values = tuple(_value(node, item, language, urls) for item in _items(value))
        yield RecordRow(
            path=node.spec.path,
            label=node.spec.label[language],
            shown=_joined(values, language),
            values=values,
            source=source_of(node.spec.path),
        )


def _is_whole(node: Node) -> bool:
    """Whether people read the part as one value."""
    part = node.spec.part
    return bool(node.spec.meta.refers) or (part is not None and issubclass(part, _WHOLE))


def _items(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _value(node: Node, value: Any, language: Language, urls: Urls) -> ShownValue:
    url = None
    if isinstance(value, Mapping):
        url = urls.get((node.spec.path, reference_key(value))) if node.spec.meta.refers else None
    elif isinstance(value, str):
        url = _address(value)
    text = value_text(node, value, language)
    coded = bool(node.spec.meta.codes) or node.spec.type == "boolean"
    return ShownValue(shown=begun(text, language) if coded else text, url=url)


def _address(text: str) -> str | None:
    if text.startswith(("https://", "http://")):
        return text
    return f"https://doi.org/{text}" if text.startswith("10.") and "/" in text else None


def _joined(values: Iterable[ShownValue], language: Language) -> str:
    return ("；" if language == "zh" else "; ").join(value.shown for value in values)


def _source_of(record: Record, path: str, sources: Labels) -> ValueSource | None:
    index = record.provenance.get(path.split(".", maxsplit=1)[0])
    if index is None or index >= len(record.sources):
        return None
    return _source(record.sources[index], sources)


def _source(source: SourceRef, sources: Labels) -> ValueSource:
    label = sources.get(source.source, source.source)
    return ValueSource(id=source.source, label=label, received_at=source.received_at)


def _conflicts(
    record: Record, nodes: Mapping[str, Node], levels: frozenset[Openness], language: Language, sources: Labels
) -> Iterator[Dispute]:
    for conflict in record.conflicts:
        node = nodes.get(conflict.field)
        if node is None:
            continue
        values = []
        for index, value in conflict.values:
            seen = visible({conflict.field: node}, {conflict.field: value}, levels).get(conflict.field)
            if seen is not None:
                told = _joined([_value(node, item, language, {}) for item in _items(seen)], language)
                values.append(DisputedValue(shown=told, source=_source(record.sources[index], sources)))
        if len({value.shown for value in values}) > 1:
            yield Dispute(field=conflict.field, label=node.spec.label[language], values=tuple(values))
