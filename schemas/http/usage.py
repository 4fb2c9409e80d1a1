"""Usage over HTTP: reports of instruments' machines come in, indicators go out."""

from typing import Annotated, Literal

from pydantic import Field, RootModel

from schemas.events.usage import ID_CHARS, LARGEST_VERSION, UserKind
from schemas.http.parts import Body, Model, Moment, Operations, Parameters

Scope = Literal["instrument", "laboratory", "organisation", "county"]
RUNS_LIMIT = 1_000
Month = Annotated[str, Field(pattern=r"^2[01][0-9]{2}-(0[1-9]|1[0-2])$")]
"""YYYY-MM."""
_Id = Annotated[str, Field(min_length=1, max_length=ID_CHARS)]


class NewRun(Body):
    """One run of an instrument. `id` is the sender's own, else made of the start; a higher `version` corrects it."""

    id: _Id | None = None
    instrument_id: _Id | None = Field(None, description="that of the path, or none")
    started_at: Moment
    ended_at: Moment
    user_kind: UserKind
    booking_id: _Id | None = None
    version: Annotated[int, Field(ge=1, le=LARGEST_VERSION)] = 1


class NewRuns(RootModel[NewRun | Annotated[tuple[NewRun, ...], Field(min_length=1, max_length=RUNS_LIMIT)]]):
    """One run, or a list; all are taken or none."""


class RecordedRuns(Model):
    """What was written to the log: the source of the events, and the id of each in the order of the request."""

    instrument_id: str
    source: str
    accepted: int
    ids: tuple[str, ...]


class Figures(Model):
    """Hours to four places; `sharing_rate` is null where nothing ran."""

    effective_hours: float
    external_hours: float
    sharing_rate: float | None
    no_shows: int
    bookings: int


class MonthFigures(Figures):
    """One month's figures."""

    month: Month


class Indicators(Model):
    """Indicators month by month, and of all months together."""

    scope: Scope
    id: str
    first: Month = Field(alias="from")
    last: Month = Field(alias="to")
    rows: tuple[MonthFigures, ...]
    total: Figures


class IndicatorsQuery(Parameters):
    """Of what, and from which month to which; the latest twelve where none are given."""

    scope: Scope
    id: _Id
    first: Month | None = Field(None, alias="from")
    last: Month | None = Field(None, alias="to")


OPERATIONS = Operations("usage")
RECORD_RUNS = OPERATIONS.add(
    "record_runs",
    "POST /instruments/{instrument_id}/telemetry",
    "Report runs of an instrument",
    RecordedRuns,
    status=202,
    body=NewRuns,
    problems=(400, 403, 404, 413, 422),
    token=True,
)
INDICATORS = OPERATIONS.add(
    "get_usage",
    "GET /usage",
    "Indicators of an instrument, a laboratory, an organisation or a county",
    Indicators,
    query=IndicatorsQuery,
    problems=(400, 404),
)
