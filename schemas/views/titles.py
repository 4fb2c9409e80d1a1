"""How a record is named: its address, the label of its kind, its titles, what tells it from others, its place."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from hub.text.language import Language
from schemas.kind import Kind, kinds
from schemas.views.labels import begun, label, preferred, scalar
from schemas.views.references import affiliation
from schemas.views.visibility import Node, layout

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
