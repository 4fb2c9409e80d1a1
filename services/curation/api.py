"""Curation over HTTP, for stewards: conflicts, duplicates, and the decisions about them."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from hub.kernel.access import Principal
from hub.kernel.contributions import SameAsDecision
from hub.kernel.language import Bilingual
from hub.kernel.problems import Problem, Refusal, shown
from hub.web.callers import ReaderLanguage, require
from schemas.views.visibility import readable
from services.curation.core.presentation import conflict_json, preference_json, same_as_json, summary_json
from services.curation.stewards import PAGE_LIMIT, Stewardship

Steward = Annotated[Principal, Depends(require("agency", "operator"))]
Size = Annotated[int, Query(ge=1, le=PAGE_LIMIT)]
Text = Annotated[str, Field(min_length=1, max_length=512)]


class Body(BaseModel):
    """What stewards send; unknown members are refused."""

    model_config = ConfigDict(extra="forbid")


class NewPreference(Body):
    """Whom to believe about a field; both sources null undo the decision."""

    field: Text
    source: Text | None
    source_record_id: Text | None


class NewSameAs(Body):
    """Whether two record ids name one thing."""

    left: Text
    right: Text
    decision: SameAsDecision


def router(stewardship: Stewardship) -> APIRouter:
    """The routes. Decisions are answered by 202: they are in force once curation has read them."""
    routes = APIRouter(prefix="/api/v1", tags=["curation"])
    _add_conflicts(routes, stewardship)
    _add_duplicates(routes, stewardship)
    return routes


def _add_conflicts(routes: APIRouter, stewardship: Stewardship) -> None:
    @routes.get("/conflicts", summary="Records whose sources disagree with equal authority")
    def conflicts(
        caller: Steward, language: ReaderLanguage, kind: str | None = None, after: str = "", limit: Size = 20
    ) -> dict[str, Any]:
        page = stewardship.conflicts(kind, after, limit)
        levels = readable(caller)
        return {"conflicts": [conflict_json(record, levels, language) for record in page.records], "next": page.next}

    @routes.post("/records/{record_id}/preferences", summary="Believe one source about a field", status_code=202)
    def prefer(record_id: str, body: NewPreference, caller: Steward) -> dict[str, Any]:
        said = stewardship.prefer(record_id, body.field, body.source, body.source_record_id, caller)
        return {"preference": preference_json(said)}

    @routes.get("/records/{record_id}/decisions", summary="The stewards' decisions in force about a record")
    def decisions(record_id: str, caller: Steward) -> dict[str, Any]:
        pairs, preferences = stewardship.decisions(record_id)
        return {
            "same_as": [same_as_json(one) for one in pairs],
            "preferences": [preference_json(one) for one in preferences],
        }


def _add_duplicates(routes: APIRouter, stewardship: Stewardship) -> None:
    @routes.get("/duplicates", summary="Pairs of records that may be one thing")
    def duplicates(caller: Steward, language: ReaderLanguage, after: str = "", limit: Size = 20) -> dict[str, Any]:
        page = stewardship.duplicates(_cursor(after), limit)
        levels = readable(caller)
        pairs = [
            {name: summary_json(getattr(pair, name), levels, language) for name in pair._fields} for pair in page.pairs
        ]
        # As text: JavaScript's numbers do not hold 64 bits.
        return {"duplicates": pairs, "next": None if page.next is None else str(page.next)}

    @routes.post("/same-as", summary="Say whether two records are one thing", status_code=202)
    def decide(body: NewSameAs, caller: Steward) -> dict[str, Any]:
        return {"same_as": same_as_json(stewardship.decide(body.left, body.right, body.decision, caller))}


def _cursor(after: str) -> int | None:
    try:
        key = int(after) if after else None
    except ValueError:
        key = 2**63
    if key is not None and not -(2**63) <= key < 2**63:
        expected = Bilingual("上一页给出的 next", "the `next` of the page before")
        raise Refusal(Problem("bad-cursor", expected, shown(after), "after"), status=400)
    return key
