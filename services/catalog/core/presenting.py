"""Hits, facets and kinds for people: names in the reader's language first, codes by their labels."""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from hub.kernel.language import Bilingual, Language
from hub.ports.catalogue import Hit, Query, Suggestion
from schemas.bookable import refusal_of
from schemas.codes import code_list
from schemas.fields import FieldSpec, by_path
from schemas.kind import Kind, kinds
from services.catalog.core.layout import Node, layout
from services.catalog.core.links import affiliation
from services.catalog.core.shown import begun, label, preferred, scalar

KIND_LABEL = Bilingual("资源类别", "kind of resource")
_ANY = {"true": Bilingual("是", "yes"), "false": Bilingual("否", "no")}
_DISTINGUISHING = ("model", "jobTitle")
"""schema.org's words for what tells one resource from another of its name."""
SUBTITLE_LIMIT = 60


def url_of(record_id: str) -> str:
    """Where people read the record."""
    return f"/records/{record_id}"


def kind_label(name: str, language: Language) -> str:
    """The kind's label; its name where nobody has registered it."""
    kind = kinds().get(name)
    return kind.label[language] if kind else name


def titles(kind: Kind | None, fields: Mapping[str, Any], language: Language) -> list[str]:
    """The names of a record, in the reader's language first; empty where it has none."""
    if kind is None:
        return []
    first = f"_{language}"
    paths = sorted(kind.title, key=lambda path: not path.endswith(first))
    found = [str(fields[path]) for path in (*paths, *_further_titles(kind)) if isinstance(fields.get(path), str)]
    return list(dict.fromkeys(found))[:2]


@lru_cache(maxsize=256)
def _further_titles(kind: Kind) -> tuple[str, ...]:
    nodes = layout(kind).values()
    return tuple(node.spec.path for node in nodes if node.spec.meta.search == "title" and not node.spec.multiple)


def subtitle(kind: Kind | None, public: Mapping[str, Any], language: Language) -> str:
    """What tells records of one name apart: the organisation, the model or position, the place."""
    if kind is None:
        return ""
    parts = []
    belongs = affiliation(kind)
    if belongs and isinstance(organisation := public.get(belongs), Mapping):
        parts.append(preferred(organisation, language))
    for node in _distinguishing(kind):
        value = public.get(node.spec.path)
        if isinstance(value, Mapping):
            parts.append(_division(value, language))
        elif isinstance(value, str):
            text = scalar(node.spec, value, language)
            parts.append(begun(text, language) if node.spec.choices else text)
    told = (part for part in parts if part and len(part) <= SUBTITLE_LIMIT)
    return " · ".join(dict.fromkeys(told))


@lru_cache(maxsize=256)
def _distinguishing(kind: Kind) -> tuple[Node, ...]:
    """The model or position, else the first coded facet such as a type, a level or a status; and the place."""
    nodes = [node for node in layout(kind).values() if node.spec.openness == "public" and not node.spec.multiple]
    exact = [node for node in nodes if node.spec.meta.crosswalk.schema_org in _DISTINGUISHING]
    coded = [node for node in nodes if node.spec.meta.search == "facet" and node.spec.choices]
    places = [node for node in nodes if node.spec.meta.search == "geo"]
    return (*(exact[:1] or coded[:1]), *places[:1])


def _division(place: Mapping[str, Any], language: Language) -> str:
    if place.get("division"):
        return label("division", str(place["division"]), language)
    return label("country", str(place["country"]), language) if place.get("country") else ""


def geo_of(kind: Kind | None, public: Mapping[str, Any]) -> tuple[float, float] | None:
    """(latitude, longitude) of the kind's place, where it has one with coordinates."""
    place = public.get(geo_path(kind) or "") if kind else None
    if isinstance(place, Mapping) and place.get("lat") is not None and place.get("lon") is not None:
        return (float(place["lat"]), float(place["lon"]))
    return None


@lru_cache(maxsize=256)
def geo_path(kind: Kind) -> str | None:
    """The kind's field that is a place, where it has one that is public."""
    nodes = layout(kind).values()
    public = (node.spec for node in nodes if node.spec.openness == "public" and not node.spec.multiple)
    return next((spec.path for spec in public if spec.meta.search == "geo"), None)


def hit_json(hit: Hit, language: Language) -> dict[str, Any]:
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
) -> list[dict[str, Any]]:
    """Facets in the order asked for; a chosen value stays listed when nothing is counted for it any more."""
    told = []
    for path in query.facets:
        chosen = query.kinds if path == "kind" else query.filters.get(path, ())
        counted = dict(facets.get(path, ()))
        counted |= {value: 0 for value in chosen if value not in counted}
        values = [
            {
                "value": value,
                "label": value_label(path, value, query.kinds, language),
                "count": count,
                "selected": value in chosen,
            }
            for value, count in counted.items()
        ]
        told.append({"path": path, "label": path_label(path, query.kinds, language), "values": values})
    return told


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


def suggestion_json(suggestion: Suggestion, language: Language) -> dict[str, Any]:
    """One completion as the API tells it."""
    return {
        "text": suggestion.text,
        "id": suggestion.id,
        "kind": suggestion.kind,
        "kind_label": kind_label(suggestion.kind, language),
    }
