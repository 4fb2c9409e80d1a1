"""What a kind offers to its readers: filters worth showing, and orders to sort by."""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal

from hub.text.language import Bilingual, Language
from hub.text.messages import bilingual
from schemas.fields import FieldSpec, by_path
from schemas.http import catalog as contract
from schemas.kind import Kind, kinds
from schemas.views.labels import begun
from schemas.views.references import affiliation
from schemas.views.titles import geo_path
from services.catalog.core.answers import Hit
from services.catalog.core.paths import KIND

AUTO_LIMIT = 6
SHORT_MENU = 30
_GENERAL = (
    ("relevance", bilingual("catalog.relevance")),
    ("-updated", bilingual("catalog.recently-updated")),
    ("title", bilingual("catalog.name")),
)
_DISTANCE = ("distance", bilingual("catalog.distance-needs-position"))
_UP, _DOWN = bilingual("catalog.ascending"), bilingual("catalog.descending")


def kind_view(kind: Kind, count: int, samples: Iterable[Hit], language: Language) -> contract.Kind:
    """The kind as the API tells it."""
    return contract.Kind(
        name=kind.name,
        label=kind.label[language],
        count=count,
        bookable=kind.bookable,
        facets=tuple(contract.LabelledField(path=spec.path, label=spec.label[language]) for spec in facets_of(kind)),
        ranges=tuple(_range_view(spec, language) for spec in ranges_of(kind)),
        sorts=tuple(contract.SortOrder(value=value, label=label[language]) for value, label in sorts_of(kind)),
        samples=tuple(map(contract.Hit.model_validate, samples)),
    )


def _range_view(spec: FieldSpec, language: Language) -> contract.RangeField:
    values: Literal["number", "date"] = "date" if spec.meta.search == "date" else "number"
    return contract.RangeField(path=spec.path, label=spec.label[language], type=values)


def default_facets(among: Sequence[str]) -> tuple[str, ...]:
    """The facets that tell most: a kind's own; of several kinds the kinds, then what more than half of them have."""
    chosen = [kind for name, kind in kinds().items() if name in among] or list(kinds().values())
    if len(chosen) == 1:
        return tuple(spec.path for spec in facets_of(chosen[0])[:AUTO_LIMIT])
    having = Counter(spec.path for kind in chosen for spec in facets_of(kind))
    shared = [path for path, count in having.items() if 2 * count > len(chosen)]
    return (KIND, *shared[: AUTO_LIMIT - 1])


@lru_cache(maxsize=256)
def facets_of(kind: Kind) -> tuple[FieldSpec, ...]:
    """The kind's facets, the most telling first: short menus, then place and owner, then free words."""
    found = [spec for spec in by_path(kind).values() if spec.meta.search == "facet" and spec.openness == "public"]
    found = [spec for spec in found if spec.type != "part"]
    belongs = affiliation(kind) or ""
    return tuple(sorted(found, key=lambda spec: _rank(spec, belongs)))


def _rank(spec: FieldSpec, belongs: str) -> int:
    """Equal ranks stay in the kind's order."""
    short = spec.type == "boolean" or 0 < len(spec.choices) <= SHORT_MENU
    if spec.path == spec.top and short and not spec.multiple:
        return 0
    if spec.meta.codes == "division":
        return 1
    if belongs and spec.top == belongs:
        return 2
    return 3 if spec.path == spec.top else 4


@lru_cache(maxsize=256)
def ranges_of(kind: Kind) -> tuple[FieldSpec, ...]:
    """The kind's fields that a search may ask for from and to, those that it sorts by first."""
    known = by_path(kind)
    found = [spec for spec in known.values() if spec.meta.search in ("date", "number")]
    single = [spec for spec in found if spec.type != "part" and not known[spec.top].multiple]
    return tuple(sorted((one for one in single if one.openness == "public"), key=lambda spec: not spec.meta.sortable))


@lru_cache(maxsize=256)
def sorts_of(kind: Kind) -> tuple[tuple[str, Bilingual], ...]:
    """The values of `sort` for this kind, with their labels."""
    own = [spec for spec in by_path(kind).values() if spec.meta.sortable and spec.openness == "public"]
    pairs = [(f"{sign}{spec.path}", _labelled(spec, sign)) for spec in own for sign in ("-", "")]
    return (*_GENERAL, *((_DISTANCE,) if geo_path(kind) else ()), *pairs)


def _labelled(spec: FieldSpec, sign: str) -> Bilingual:
    form = _DOWN if sign else _UP
    return form.format(label=Bilingual(spec.label.zh, begun(spec.label.en, "en")))
