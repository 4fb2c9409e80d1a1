"""Hits and pages of them as they are written: dictionaries of the shape of their models in schemas.http.catalog.

A page of models would take a seventh longer to make and to write; so a type checker holds these to their shape, and a
test the shape to the models.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from schemas.http.catalog import Position
from schemas.http.parts import Moment


class Hit(TypedDict):
    """See schemas.http.catalog.Hit."""

    id: str
    kind: str
    kind_label: str
    version: int
    updated_at: Moment
    title: str
    second_title: str | None
    subtitle: str
    fields: Mapping[str, Any]
    geo: Position | None
    score: float
    distance_km: float | None
    bookable: bool
    highlights: Mapping[str, str]
    url: str


class FacetValue(TypedDict):
    """See schemas.http.catalog.FacetValue."""

    value: str
    label: str
    count: int
    selected: bool


class Facet(TypedDict):
    """See schemas.http.catalog.Facet."""

    path: str
    label: str
    values: Sequence[FacetValue]


class SearchPage(TypedDict):
    """See schemas.http.catalog.SearchPage."""

    total: int
    hits: Sequence[Hit]
    facets: Sequence[Facet]
    next_cursor: str | None
    sort: str
