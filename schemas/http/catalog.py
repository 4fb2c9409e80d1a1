"""The catalogue over HTTP: kinds, search, completion, and people's saved searches."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, JsonValue

from schemas.http.parts import Body, Model, Moment, Operations, Parameters

PAGE_LIMIT = 100
SUGGESTIONS_LIMIT = 20
SAMPLES_LIMIT = 12
TEXT_LIMIT = 500
Fields = Annotated[dict[str, JsonValue], Field(description="as GET /api/v1/schemas/{kind} says, within what is open")]
Position = tuple[float, float]
"""Latitude and longitude, WGS 84."""


class LabelledField(Model):
    """A field by its path and its label."""

    path: str
    label: str


class RangeField(LabelledField):
    """A field that can be asked for from and to."""

    type: Literal["number", "date"]


class SortOrder(Model):
    """A value of `sort`."""

    value: str
    label: str


class Hit(Model):
    """A found record. `highlights` are HTML fragments by field with <mark> around matches, all else escaped."""

    id: str
    kind: str
    kind_label: str
    version: int
    updated_at: Moment
    title: str
    second_title: str | None
    subtitle: str
    fields: Fields
    geo: Position | None
    score: float
    distance_km: float | None
    bookable: bool
    highlights: dict[str, str]
    url: str


class Kind(Model):
    """A record kind: how many active records it has, its filters and sort orders.

    `samples` are some of its records, what can be booked first, where they were asked for.
    """

    name: str
    label: str
    count: int
    bookable: bool
    facets: tuple[LabelledField, ...]
    ranges: tuple[RangeField, ...]
    sorts: tuple[SortOrder, ...]
    samples: tuple[Hit, ...]


class Kinds(Model):
    """Every kind."""

    kinds: tuple[Kind, ...]


class FacetValue(Model):
    """An exact value of a field, and how many records have it."""

    value: str
    label: str
    count: int
    selected: bool


class Facet(LabelledField):
    """The values of a field among what was found."""

    values: tuple[FacetValue, ...]


class SearchPage(Model):
    """One page of hits; `next_cursor` is the `cursor` of the following page of the same search."""

    total: int
    hits: tuple[Hit, ...]
    facets: tuple[Facet, ...]
    next_cursor: str | None
    sort: str


class Suggestion(Model):
    """A name that completes what was typed, and its record."""

    text: str
    id: str
    kind: str
    kind_label: str


class Suggestions(Model):
    """Names that complete what was typed."""

    suggestions: tuple[Suggestion, ...]


class SavedSearch(Model):
    """A search under a name; `query` is its canonical query string."""

    id: str
    name: str
    query: str
    created_at: Moment


class SavedSearches(Model):
    """The caller's searches, newest first."""

    searches: tuple[SavedSearch, ...]


class NewSearch(Body):
    """A search to keep: a name, and the query string of GET /api/v1/search."""

    model_config = ConfigDict(str_strip_whitespace=True)

    name: Annotated[str, Field(min_length=1, max_length=200)]
    query: Annotated[str, Field(max_length=4_000)] = ""


class KindsQuery(Parameters):
    """Whether some records of each kind are wanted as well."""

    samples: int = Field(0, ge=0, le=SAMPLES_LIMIT)


class ResultsQuery(Parameters):
    """How a search is shown and paged through."""

    cursor: str | None = Field(None, description="the next_cursor of the page before")
    size: int | None = Field(None, ge=1, le=PAGE_LIMIT)
    facets: str | None = Field(None, description="paths with commas between; auto for those that tell most")
    highlight: bool | None = None


class SearchQuery(ResultsQuery):
    """A search; further parameters are `f.<path>` for a value, `from.<path>` and `to.<path>` for a range."""

    q: str | None = Field(None, max_length=TEXT_LIMIT)
    kind: tuple[str, ...] | None = None
    near: str | None = Field(None, description="latitude,longitude, WGS 84")
    within_km: float | None = Field(None, gt=0, description="with near; 50 where it is not given")
    box: str | None = Field(None, description="south,west,north,east, WGS 84")
    sort: str | None = None


class SuggestQuery(Parameters):
    """What was typed, and the kinds to complete among."""

    q: str | None = Field(None, max_length=TEXT_LIMIT)
    kind: tuple[str, ...] | None = None
    limit: int | None = Field(None, ge=1, le=SUGGESTIONS_LIMIT)


OPERATIONS = Operations("catalogue")
KINDS = OPERATIONS.add(
    "list_kinds",
    "GET /kinds",
    "Record kinds, with their filters and sort orders",
    Kinds,
    query=KindsQuery,
    problems=(422,),
    cached=True,
)
SEARCH = OPERATIONS.add(
    "search_records",
    "GET /search",
    "Search public records",
    SearchPage,
    query=SearchQuery,
    prefixed=("f.", "from.", "to."),
    problems=(400,),
    cached=True,
)
SUGGEST = OPERATIONS.add(
    "suggest_names", "GET /suggest", "Complete a name", Suggestions, query=SuggestQuery, problems=(400,), cached=True
)
SAVE_SEARCH = OPERATIONS.add(
    "save_search",
    "POST /saved-searches",
    "Keep a search",
    SavedSearch,
    status=201,
    body=NewSearch,
    problems=(400, 403, 409, 422),
    token=True,
)
SAVED_SEARCHES = OPERATIONS.add(
    "list_saved_searches",
    "GET /saved-searches",
    "The caller's searches, newest first",
    SavedSearches,
    problems=(403,),
    cached=True,
    token=True,
)
SAVED_SEARCH = OPERATIONS.add(
    "get_saved_search",
    "GET /saved-searches/{search_id}",
    "One of the caller's searches",
    SavedSearch,
    problems=(403, 404),
    cached=True,
    token=True,
)
FORGET_SEARCH = OPERATIONS.add(
    "forget_search",
    "DELETE /saved-searches/{search_id}",
    "Forget a search",
    type(None),
    status=204,
    problems=(403, 404),
    token=True,
)
SEARCH_RESULTS = OPERATIONS.add(
    "run_saved_search",
    "GET /saved-searches/{search_id}/results",
    "Run a saved search",
    SearchPage,
    query=ResultsQuery,
    problems=(400, 403, 404),
    cached=True,
    token=True,
)
