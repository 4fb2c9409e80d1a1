"""Hits, facets and kinds for people: names in the reader's language first, codes by their labels."""

from collections.abc import Iterable, Iterator, Mapping

from hub.ports.catalogue import Hit, Query, Suggestion
from hub.text.language import Language
from hub.text.messages import bilingual
from schemas.codes import code_list
from schemas.fields import FieldSpec, by_path
from schemas.http import catalog as contract
from schemas.kind import kinds
from schemas.rights import refusal_of
from schemas.views.labels import begun, label
from schemas.views.titles import geo_of, kind_label, subtitle, titles, url_of
from services.catalog.core import answers

KIND_LABEL = bilingual("catalog.kind-label.kind-resource")
_ANY = {"true": bilingual("catalog.any.true"), "false": bilingual("catalog.any.false")}


def hit_json(hit: Hit, language: Language) -> answers.Hit:
    """One found record as the API tells it."""
    kind = kinds().get(hit.kind)
    names = titles(kind, hit.public, language)
    return {
        "id": hit.id,
        "kind": hit.kind,
        "kind_label": kind_label(hit.kind, language),
        "version": hit.version,
        "updated_at": hit.updated_at,
        "title": names[0] if names else hit.id,
        "second_title": names[1] if len(names) > 1 else None,
        "subtitle": subtitle(kind, hit.public, language),
        "fields": hit.public,
        "geo": geo_of(kind, hit.public),
        "score": hit.score,
        "distance_km": hit.distance_km,
        "bookable": refusal_of(kind, hit.public) is None,
        "highlights": hit.highlights,
        "url": url_of(hit.id),
    }


def facets_json(
    facets: Mapping[str, tuple[tuple[str, int], ...]], query: Query, language: Language
) -> list[answers.Facet]:
    """Facets in the order asked for; a chosen value stays listed when nothing is counted for it any more."""
    entries: list[answers.Facet] = []
    for path in query.facets:
        chosen = query.kinds if path == "kind" else query.filters.get(path, ())
        counted = dict(facets.get(path, ()))
        counted |= {value: 0 for value in chosen if value not in counted}
        values: list[answers.FacetValue] = [
            {
                "value": value,
                "label": value_label(path, value, query.kinds, language),
                "count": count,
                "selected": value in chosen,
            }
            for value, count in counted.items()
        ]
        entries.append({"path": path, "label": path_label(path, query.kinds, language), "values": values})
    return entries


def path_label(path: str, among: Iterable[str], language: Language) -> str:
    """The field's label in the first of these kinds (all, where none is named) that has it."""
    if path == "kind":
        return KIND_LABEL[language]
    spec = next(specs_at(path, among), None)
    return spec.label[language] if spec else path


def value_label(path: str, value: str, among: Iterable[str], language: Language) -> str:
    """What people call an exact value of the field."""
    if path == "kind":
        return kind_label(value, language)
    for spec in specs_at(path, among):
        codes = spec.meta.codes
        if codes and (codes == "division" or value in code_list(codes)):
            return begun(label(codes, value, language), language)
        if spec.type == "boolean" and value in _ANY:
            return begun(_ANY[value][language], language)
    return value


def specs_at(path: str, among: Iterable[str]) -> Iterator[FieldSpec]:
    """The field at this path in each of these kinds (all, where none is named) that has it."""
    known = kinds()
    for name in tuple(among) or tuple(known):
        kind = known.get(name)
        spec = by_path(kind).get(path) if kind else None
        if spec is not None:
            yield spec


def suggestion_view(suggestion: Suggestion, language: Language) -> contract.Suggestion:
    """One completion as the API tells it."""
    return contract.Suggestion(
        text=suggestion.text,
        id=suggestion.id,
        kind=suggestion.kind,
        kind_label=kind_label(suggestion.kind, language),
    )
