"""Claims over HTTP: rows that name records which other organisations hold, and what is decided about them."""

from typing import Annotated, Literal

from pydantic import Field

from hub.kernel.contributions import ClaimDecision
from hub.kernel.problems import ProblemItem
from schemas.http.curation import PAGE_LIMIT, RecordIdentifier, RecordSummary, SourceRecord
from schemas.http.parts import Body, Model, Moment, Operations, Parameters

AT_ONCE = 200
"""Claims that one request decides at most."""
REASON_CHARS = 500
_Id = Annotated[str, Field(min_length=1, max_length=512)]
_Reason = Annotated[str, Field(max_length=REASON_CHARS)]


class ClaimedField(Model):
    """What the record and the row that claims it say of a field; empty where one says nothing."""

    field: str
    label: str
    recorded: str
    claimed: str


class OwnershipClaim(Model):
    """A row that names a record which another organisation holds; it changes nothing until it is decided.

    `fields` are those of which the two say something different, `alike` those of which they say the same;
    `identifiers` led from the row to the record; `contested`: another organisation's claim on it waits too.
    """

    id: str
    record: RecordSummary
    claimant: str
    holder: str
    source: SourceRecord
    claimed_at: Moment
    fields: tuple[ClaimedField, ...]
    may_decide: bool
    decision: ClaimDecision | None
    decided_by: str | None
    decided_at: Moment | None
    reason: str = ""
    claimant_name: str = ""
    holder_name: str = Field("", description="empty where nobody holds the record")
    alike: tuple[ClaimedField, ...] = ()
    identifiers: tuple[RecordIdentifier, ...] = ()
    contested: bool = False
    may_give_up: bool = Field(False, description="whether the caller may refuse it for the claimant")


class ClaimPage(Model):
    """Claims; `next` is the `after` of the following page."""

    claims: tuple[OwnershipClaim, ...]
    next: str | None


class ClaimDecided(Model):
    """The decision that was taken down; it is in force once curation has read it."""

    id: str
    record_id: str
    decision: ClaimDecision
    decided_by: str
    decided_at: Moment
    reason: str = ""


class NewClaimDecision(Body):
    """`accepted`: the claimant holds the record from now on; `joined`: what it says belongs to the record, whose holder
    stays; `refused`: it stays out. The reason is for the claimant to read.
    """

    decision: ClaimDecision
    reason: _Reason = ""


class NewClaimDecisions(NewClaimDecision):
    """The claims that are decided alike, or the claimant (a tenancy id) of whom all are that wait for a record that
    nobody holds: those after `after`, AT_ONCE in a request.
    """

    claims: Annotated[tuple[_Id, ...], Field(max_length=AT_ONCE)] = ()
    claimant: Annotated[str, Field(max_length=512)] = ""
    after: Annotated[str, Field(max_length=512)] = ""


class DecidedClaim(Model):
    """What became of one of several claims: the decision, or why there is none."""

    id: str
    decided: ClaimDecided | None
    problem: ProblemItem | None


class DecidedClaims(Model):
    """Each claim by itself; `next` is the `after` of the request for those that are left."""

    claims: tuple[DecidedClaim, ...]
    next: str | None


class ClaimsQuery(Parameters):
    """Those that wait, or all; of one claimant; of records that nobody holds; and where to go on."""

    state: Literal["waiting", "all"] = "waiting"
    claimant: str = Field("", max_length=512)
    unheld: bool = False
    after: str = Field("", description="the `next` of the page before")
    limit: int = Field(20, ge=1, le=PAGE_LIMIT)


OPERATIONS = Operations("curation")
CLAIMS = OPERATIONS.add(
    "list_claims",
    "GET /claims",
    "Rows that name records which other organisations hold, with both sides; of whom they concern",
    ClaimPage,
    query=ClaimsQuery,
    problems=(403, 422),
    token=True,
)
DECIDE_CLAIM = OPERATIONS.add(
    "decide_claim",
    "POST /claims/{claim_id}/decision",
    "Say whether a claimed record is the claimant's",
    ClaimDecided,
    status=202,
    body=NewClaimDecision,
    problems=(403, 404, 422),
    token=True,
)
DECIDE_CLAIMS = OPERATIONS.add(
    "decide_claims",
    "POST /claims/decisions",
    "Decide many claims alike, on records that nobody holds; each is decided by itself",
    DecidedClaims,
    status=202,
    body=NewClaimDecisions,
    problems=(403, 422),
    token=True,
)
