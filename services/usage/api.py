"""Usage over HTTP: reports of instruments' machines come in, indicators go out."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from hub.web.callers import Caller, json_body
from hub.web.routes import serve
from schemas.http import usage as contract
from services.usage.ports import Indicators
from services.usage.service import Recorder, UsageQueries

HOUR = 3_600

Text = Annotated[str | None, Query()]


def router(recorder: Recorder, queries: UsageQueries) -> APIRouter:
    """Every path of the usage API."""
    api = APIRouter()

    @serve(api, contract.RECORD_RUNS)
    def record(instrument_id: str, body: Annotated[Any, Depends(json_body)], caller: Caller) -> contract.RecordedRuns:
        """One run `{id, started_at, ended_at, user_kind, booking_id, version}`, or a list; all are taken or none."""
        done = recorder.record(instrument_id, body, caller)
        return contract.RecordedRuns(
            instrument_id=done.instrument, source=done.source, accepted=len(done.ids), ids=done.ids
        )

    @serve(api, contract.INDICATORS)
    def usage(
        *,
        scope: Text = None,
        wanted: Annotated[str | None, Query(alias="id")] = None,
        first: Annotated[str | None, Query(alias="from")] = None,
        last: Annotated[str | None, Query(alias="to")] = None,
    ) -> contract.Indicators:
        """Indicators of an instrument, a laboratory, an organisation or a county, month by month."""
        answer = queries.ask(scope, wanted, first, last)
        asked = answer.question
        return contract.Indicators(
            scope=asked.scope,
            id=asked.id,
            first=asked.first,
            last=asked.last,
            rows=tuple(month_figures(row) for row in answer.rows),
            total=total_figures(answer.rows),
        )

    return api


def month_figures(row: Indicators) -> contract.MonthFigures:
    """One month."""
    figures = _figures(row.effective_seconds, row.external_seconds, row.no_shows, row.bookings)
    return contract.MonthFigures(month=row.month, **figures)


def total_figures(rows: tuple[Indicators, ...]) -> contract.Figures:
    """All months together; the rate is that of the sums."""
    sums = ((row.effective_seconds, row.external_seconds, row.no_shows, row.bookings) for row in rows)
    return contract.Figures(**_figures(*(sum(column) for column in zip(*sums, strict=True))))


def _figures(effective: int, external: int, no_shows: int, bookings: int) -> dict[str, Any]:
    return {
        "effective_hours": round(effective / HOUR, 4),
        "external_hours": round(external / HOUR, 4),
        "sharing_rate": round(external / effective, 4) if effective else None,
        "no_shows": no_shows,
        "bookings": bookings,
    }
