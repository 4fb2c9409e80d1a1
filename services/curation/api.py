"""Curation over HTTP, for stewards: conflicts, duplicates, and the decisions about them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from hub.kernel.access import SEALED, Principal
from hub.kernel.problems import refusal
from hub.kernel.sources import Sources
from hub.web.callers import ReaderLanguage, require
from hub.web.routes import serve
from schemas.http import claims as claiming
from schemas.http import curation as contract
from schemas.views.personal import PersonalReader
from schemas.views.visibility import readable
from services.curation.claims import Claims
from services.curation.core.claim_views import claim, claim_decided, result
from services.curation.core.presentation import (
    View,
    alike,
    disputed,
    preference,
    same_as,
    summary,
)
from services.curation.stewards import Stewardship

Steward = Annotated[Principal, Depends(require("agency", "operator", "steward"))]
Overseer = Annotated[Principal, Depends(require("agency", "operator"))]
Concerned = Annotated[Principal, Depends(require("agency", "operator", "steward", "manager", "approver", "submitter"))]


def router(stewardship: Stewardship, claims: Claims, sources: Sources, reader: PersonalReader) -> APIRouter:
    """The routes. Decisions are answered by 202: they are in force once curation has read them."""
    routes = APIRouter()
    _add_conflicts(routes, stewardship, sources, reader)
    _add_duplicates(routes, stewardship, sources, reader)
    _add_claims(routes, claims, sources, reader)
    return routes


def _add_claims(routes: APIRouter, claims: Claims, sources: Sources, reader: PersonalReader) -> None:
    @serve(routes, claiming.CLAIMS)
    def claims_page(
        caller: Concerned, language: ReaderLanguage, query: Annotated[claiming.ClaimsQuery, Query()]
    ) -> claiming.ClaimPage:
        page = claims.page(caller, query)
        # What is sealed of people decides no claim, and so is opened for nobody here.
        view = View(readable(caller) - SEALED, language, sources.labels(language))
        views = (claim(view, page.names, **seen._asdict()) for seen in page.claims)
        return claiming.ClaimPage(claims=reader.signed(views), next=page.next)

    @serve(routes, claiming.DECIDE_CLAIM)
    def decide_claim(claim_id: str, body: claiming.NewClaimDecision, caller: Concerned) -> claiming.ClaimDecided:
        decided = claims.decide(claim_id, body.decision, caller, body.reason)
        return reader.signed([claim_decided(claim_id, decided)])[0]

    @serve(routes, claiming.DECIDE_CLAIMS)
    def decide_claims(
        body: claiming.NewClaimDecisions, caller: Overseer, language: ReaderLanguage
    ) -> claiming.DecidedClaims:
        decided = claims.decide_many(body, caller)
        results = (result(claim_id, outcome, language) for claim_id, outcome in decided.claims.items())
        return claiming.DecidedClaims(claims=tuple(results), next=decided.next)


def _add_conflicts(routes: APIRouter, stewardship: Stewardship, sources: Sources, reader: PersonalReader) -> None:
    @serve(routes, contract.CONFLICTS)
    def conflicts(
        caller: Steward, language: ReaderLanguage, query: Annotated[contract.ConflictsQuery, Query()]
    ) -> contract.ConflictPage:
        page = stewardship.conflicts(caller, query.kind, query.after, query.limit)
        view = View(readable(caller), language, sources.labels(language))
        records = reader.records(page.records, caller)
        return contract.ConflictPage(conflicts=tuple(disputed(record, view) for record in records), next=page.next)

    @serve(routes, contract.PREFER)
    def prefer(record_id: str, body: contract.NewPreference, caller: Steward) -> contract.DecidedField:
        decided = stewardship.prefer(
            record_id, body.field, body.source, body.source_record_id, caller, body.organisation
        )
        return contract.DecidedField(preference=reader.signed([preference(decided)])[0])

    @serve(routes, contract.DECISIONS)
    def decisions(record_id: str, caller: Steward) -> contract.Decisions:
        pairs, preferences = stewardship.decisions(record_id, caller)
        shown = reader.signed(preference(*kept) for kept in preferences)
        return contract.Decisions(same_as=reader.signed(map(same_as, pairs)), preferences=shown)


def _add_duplicates(routes: APIRouter, stewardship: Stewardship, sources: Sources, reader: PersonalReader) -> None:
    @serve(routes, contract.DUPLICATES)
    def duplicates(
        caller: Steward, language: ReaderLanguage, query: Annotated[contract.DuplicatesQuery, Query()]
    ) -> contract.DuplicatePage:
        page = stewardship.duplicates(caller, _cursor(query.after), query.limit)
        view = View(readable(caller), language, sources.labels(language))
        both = reader.records([record for pair in page.pairs for record in (pair.left, pair.right)], caller)
        shown = [summary(record, view) for record in both]
        pairs = tuple(
            contract.RecordPair(left=left, right=right, sign=pair.sign, alike=alike(pair, language))
            for pair, left, right in zip(page.pairs, shown[::2], shown[1::2], strict=True)
        )
        # As text: JavaScript's numbers do not hold 64 bits.
        return contract.DuplicatePage(duplicates=pairs, next=None if page.next is None else str(page.next))

    @serve(routes, contract.SAME_AS)
    def decide(body: contract.NewSameAs, caller: Steward) -> contract.DecidedPair:
        decided = same_as(stewardship.decide(body.left, body.right, body.decision, caller))
        return contract.DecidedPair(same_as=reader.signed([decided])[0])


def _cursor(after: str) -> int | None:
    try:
        key = int(after) if after else None
    except ValueError:
        key = 2**63
    if key is not None and not -(2**63) <= key < 2**63:
        raise refusal("bad-cursor", "curation.bad-cursor", after, "after", 400)
    return key
