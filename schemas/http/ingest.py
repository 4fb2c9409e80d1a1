"""Ingest over HTTP: submissions, the receipts that tell what became of them, templates and schemas."""

from typing import Literal

from pydantic import BaseModel, Field

from hub.kernel.problems import ProblemItem
from hub.kernel.records import Operation as RecordOperation
from schemas.http.parts import Model, Moment, Operations, Parameters

Progress = Literal["receiving", "interrupted", "complete"]
"""`receiving`: rows are being taken; `interrupted`: the request broke off and may be repeated with its key;
`complete`: every row has been taken or refused."""
State = Literal["received", "curated", "searchable", "stale", "dead", "refused"]
"""`received`: in the log; `curated`: in the record, at `version`; `searchable`: the catalogue has that version or a
newer one; `stale`: the source had already said something newer; `dead`: a dead letter; `refused`: not taken."""
GivebackFormat = Literal["csv", "xlsx", "ndjson"]
TableFormat = Literal["csv", "xlsx"]
RECEIPTS_LIMIT = 200
ROWS_LIMIT = 500
LARGEST_ROW = 2**53
ANY = "application/octet-stream"
ROR = "application/vnd.ror.v2+json"
MEDIA_TYPES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ndjson": "application/x-ndjson",
}


class ReceiptLinks(Model):
    """Where the receipt, its rows and its refused rows are."""

    own: str = Field(alias="self")
    rows: str
    refused: str


class ReceiptSummary(Model):
    """One request that was taken: how many rows were accepted and refused."""

    id: str
    source: str
    kind: str
    format: str
    created_at: Moment
    progress: Progress
    accepted: int
    refused: int
    links: ReceiptLinks


class Receipts(Model):
    """The newest receipts of the caller's organisation."""

    receipts: tuple[ReceiptSummary, ...]


class Receipt(ReceiptSummary):
    """A receipt with the problems of its first refused rows; `replayed` where an earlier answer is given again."""

    replayed: bool
    problems: tuple[ProblemItem, ...]


class ReceiptState(Receipt):
    """How many rows have come to each state; `uncounted` rows of a long receipt have yet to be looked up."""

    states: dict[State, int]
    uncounted: int


class Row(Model):
    """What became of one row."""

    row: int
    state: State
    record_id: str | None
    version: int | None
    problems: tuple[ProblemItem, ...] = ()


class Rows(Model):
    """A page of rows; `next` is the `after` of the following page."""

    rows: tuple[Row, ...]
    next: int | None


class JsonSchema(BaseModel, extra="allow"):
    """A JSON Schema (draft 2020-12)."""


class SubmitQuery(Parameters):
    """For whom, in which format (recognised where none is named), and whether the rows are there or withdrawn."""

    source: str | None = Field(None, description="may be left out by who speaks for one source")
    format: str | None = None
    operation: RecordOperation = "upsert"


class ReceiptsQuery(Parameters):
    """How many."""

    limit: int = Field(50, ge=1, le=RECEIPTS_LIMIT)


class RowsQuery(Parameters):
    """Rows after which, and how many."""

    after: int = Field(-1, ge=-1, le=LARGEST_ROW, description="the `next` of the page before")
    limit: int = Field(100, ge=1, le=ROWS_LIMIT)


class RefusedQuery(Parameters):
    """In which format; one like the sender's own where none is named."""

    format: GivebackFormat | None = None


class TemplateQuery(Parameters):
    """In which format."""

    format: TableFormat = "xlsx"


OPERATIONS = Operations("ingest")
SUBMIT = OPERATIONS.add(
    "submit",
    "POST /submissions/{kind}",
    "Send records: one, an array, NDJSON, a table or an XML document, raw or as the file of a form",
    Receipt,
    status=202,
    query=SubmitQuery,
    sends=("application/json", "application/x-ndjson", "text/csv", MEDIA_TYPES["xlsx"], "application/xml", ROR, ANY),
    problems=(400, 403, 404, 409, 413, 415, 422),
    further=((200, Receipt),),
    headers=("Idempotency-Key", "X-Filename"),
    token=True,
)
RECEIPTS = OPERATIONS.add(
    "list_receipts",
    "GET /receipts",
    "The newest receipts of the caller's organisation; an operator sees all",
    Receipts,
    query=ReceiptsQuery,
    problems=(403, 422),
    token=True,
)
RECEIPT = OPERATIONS.add(
    "get_receipt",
    "GET /receipts/{receipt_id}",
    "A receipt, and how far its rows have come",
    ReceiptState,
    problems=(403, 404),
    token=True,
)
ROWS = OPERATIONS.add(
    "list_rows",
    "GET /receipts/{receipt_id}/rows",
    "What became of each row",
    Rows,
    query=RowsQuery,
    problems=(403, 404, 422),
    token=True,
)
REFUSED = OPERATIONS.add(
    "get_refused_rows",
    "GET /receipts/{receipt_id}/refused",
    "The refused rows as they were sent, each with what is wrong, to be mended and sent again",
    bytes,
    query=RefusedQuery,
    media=tuple(MEDIA_TYPES.values()),
    problems=(400, 403, 404),
    token=True,
)
TEMPLATE = OPERATIONS.add(
    "get_template",
    "GET /templates/{kind}",
    "A table to fill in: headings in the reader's language, an example, and hints",
    bytes,
    query=TemplateQuery,
    media=(MEDIA_TYPES["csv"], MEDIA_TYPES["xlsx"]),
    problems=(400, 404),
)
SCHEMA = OPERATIONS.add(
    "get_schema",
    "GET /schemas/{kind}",
    "The JSON Schema of one record of the kind",
    JsonSchema,
    media=("application/schema+json",),
    problems=(404,),
)
