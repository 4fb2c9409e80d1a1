"""Following references between records, both ways, through the catalogue."""

from collections.abc import Iterable, Iterator, Sequence

from hub.kernel.records import Record
from hub.ports.catalogue import Catalogue, Hit
from hub.text.language import Language
from schemas.http import catalog
from schemas.http.records import Related, RelatedRecord, RelatedTotal, RelatedTotals
from schemas.kind import kinds
from schemas.views.references import OWN, WEAK, Reference, aliases, references
from schemas.views.titles import kind_label
from schemas.views.visibility import PUBLIC, layout, visible
from services.catalog.core.presentation import hit_json, path_label

REFERENCES_LIMIT = 100
"""References of one record that are followed."""
LOOKUPS_LIMIT = 200
"""Keys besides ids that are looked up for one record."""
REFERRING_LIMIT = 100
"""Records that refer to one record by one key."""


class Links:
    """References of a record to others, and of others to it."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def addresses(self, record: Record) -> list[tuple[Reference, str]]:
        """Each public reference whose record is in the catalogue, with that record's id."""
        return [(reference, hit.id) for reference, hit in self._followed(_references(record))]

    def related(self, record: Record, language: Language) -> Related:
        """Both directions as the API tells them; `total` counts a field's records as far as they were followed."""
        outgoing = _unique((reference.path, hit) for reference, hit in self._followed(_references(record)))
        incoming = self._referring(record)
        return Related(
            refers_to=tuple(_relation(path, record.kind, hit, language) for path, hit in outgoing),
            referred_by=tuple(_relation(path, hit.kind, hit, language) for path, hit in incoming),
            totals=RelatedTotals(
                refers_to=tuple(_totals([(record.kind, path) for path, _ in outgoing], language)),
                referred_by=tuple(_totals([(hit.kind, path) for path, hit in incoming], language)),
            ),
        )

    def _referring(self, record: Record) -> list[tuple[str, Hit]]:
        kind = kinds().get(record.kind)
        if kind is None or record.status != "active":
            return []
        own = aliases(kind, record, visible(layout(kind), record.fields, PUBLIC))
        found = [linked for key in (record.id, *own) for linked in self._catalogue.linked(key, REFERRING_LIMIT)]
        return [(path, hit) for path, hit in _unique(found) if hit.id != record.id]

    def _followed(self, found: Sequence[Reference]) -> list[tuple[Reference, Hit]]:
        ids = {key for reference in found for key in reference.keys if not key.startswith(WEAK)}
        by_id = self._catalogue.get(ids) if ids else {}
        by_key: dict[str, Hit | None] = {}
        followed = []
        for reference in found:
            hit = next((by_id[key] for key in reference.keys if key in by_id), None)
            if hit is None:
                hit = self._by_key(reference, by_key)
            if hit is not None:
                followed.append((reference, hit))
        return followed

    def _by_key(self, reference: Reference, known: dict[str, Hit | None]) -> Hit | None:
        """The one record that answers to one of the keys, the strongest first."""
        for key in reference.keys:
            if key not in known:
                if len(known) >= LOOKUPS_LIMIT:
                    return None
                answering = self._catalogue.linked(OWN + key, 2)
                known[key] = answering[0][1] if len(answering) == 1 else None
            if (hit := known[key]) is not None:
                return hit
        return None


def _references(record: Record) -> list[Reference]:
    kind = kinds().get(record.kind)
    if kind is None:
        return []
    return references(kind, visible(layout(kind), record.fields, PUBLIC))[:REFERENCES_LIMIT]


def _unique(found: Iterable[tuple[str, Hit]]) -> list[tuple[str, Hit]]:
    return list({(path, hit.id): (path, hit) for path, hit in found}.values())


def _relation(path: str, kind: str, hit: Hit, language: Language) -> RelatedRecord:
    found = catalog.Hit.model_validate(hit_json(hit, language))
    return RelatedRecord(path=path, label=path_label(path, (kind,), language), hit=found)


def _totals(relations: Sequence[tuple[str, str]], language: Language) -> Iterator[RelatedTotal]:
    for kind, path in dict.fromkeys(relations):
        yield RelatedTotal(
            kind=kind,
            kind_label=kind_label(kind, language),
            path=path,
            label=path_label(path, (kind,), language),
            total=relations.count((kind, path)),
        )
