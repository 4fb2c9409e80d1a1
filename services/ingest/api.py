"""The HTTP API of ingest: submissions, receipts, templates and schemas."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Annotated, Any, Generic, Literal, TypeVar
from urllib.parse import quote

from anyio import to_thread
from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from hub.kernel.access import Principal
from hub.kernel.problems import Problem, ProblemItem, refusal
from hub.text.language import Language
from hub.text.messages import bilingual
from hub.web.callers import Caller, ReaderLanguage
from hub.web.problems import problem_response
from hub.web.routes import address, answered, serve
from schemas.derive.jsonschema import json_schema
from schemas.derive.templates import template
from schemas.http import ingest as contract
from schemas.http.ingest import ReceiptsQuery, RowsQuery
from schemas.kind import Kind
from services.ingest.admission import kind_called, readable, readable_receipts
from services.ingest.core.idempotency import key_from_header
from services.ingest.formats.refused_rows import Giveback, write_refused
from services.ingest.formats.registry import FORMATS
from services.ingest.outcomes import RowState
from services.ingest.ports.receipts import Receipt
from services.ingest.service import Busy, Ingest, Interrupted
from services.ingest.upload import Uploads

Table = Literal["csv", "xlsx"]
_Name = TypeVar("_Name", Giveback, Table)

MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ndjson": "application/x-ndjson",
}
GIVEBACKS: tuple[Giveback, ...] = ("csv", "xlsx", "ndjson")
TABLES: tuple[Table, ...] = ("csv", "xlsx")

_REFUSED = bilingual("ingest.refused")
_TEMPLATE = bilingual("ingest.template")
_ATTR_CHAR = "!#$&+-.^_`|~"  # RFC 8187, beside letters and digits


@dataclass(frozen=True, slots=True)
class FileForm(Generic[_Name]):
    """A format in which a file is handed out."""

    name: _Name

    @property
    def media_type(self) -> str:
        return MEDIA_TYPES[self.name]


def giveback_format(wanted: str, receipt: Receipt) -> FileForm[Giveback]:
    """The format asked for or, where none is, one like the sender's own; Refusal (400) for an unknown one."""
    if not wanted:
        tabular = any(item.tabular for item in FORMATS if item.name == receipt.format)
        return FileForm("csv" if tabular else "ndjson")
    return FileForm(_one_of(wanted, GIVEBACKS))


def template_format(wanted: str) -> FileForm[Table]:
    """Refusal (400) for an unknown one."""
    return FileForm(_one_of(wanted, TABLES))


def refused_name(receipt: Receipt, kind: Kind, form: FileForm[Giveback], language: Language) -> str:
    return f"{_REFUSED[language].format(kind=kind.label[language], id=receipt.id[:8])}.{form.name}"


def template_name(kind: Kind, form: FileForm[Table], language: Language) -> str:
    return f"{_TEMPLATE[language].format(kind=kind.label[language])}.{form.name}"


def attachment(file_name: str) -> str:
    """A Content-Disposition header: the name in ASCII for old clients, then in UTF-8 (RFC 6266, RFC 8187)."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", file_name).strip("-")
    if plain.startswith("."):
        plain = f"download{plain}"
    return f"attachment; filename=\"{plain or 'download'}\"; filename*=UTF-8''{quote(file_name, safe=_ATTR_CHAR)}"


def _one_of(wanted: str, known: tuple[_Name, ...]) -> _Name:
    for name in known:
        if name == wanted.strip().lower():
            return name
    raise refusal("unknown-format", "ingest.formats", wanted, "format", 400, known=", ".join(known))


PROBLEM_ROWS = 20


def router(ingest: Ingest) -> APIRouter:
    """The API on one ingest service."""
    api = APIRouter()
    _add_submissions(api, ingest)
    _add_receipts(api, ingest)
    _add_derived(api)
    return api


def _add_submissions(api: APIRouter, ingest: Ingest) -> None:
    uploads = Uploads()

    @serve(api, contract.SUBMIT)
    async def submit(
        kind: str,
        request: Request,
        *,
        principal: Caller,
        language: ReaderLanguage,
        source: str = "",
        format: str = "",
        operation: str = "upsert",
        idempotency_key: Annotated[str | None, Header()] = None,
    ) -> Response:
        """Take one record, an array, NDJSON, a table or an XML document, raw or as the file of a form."""
        key = key_from_header(idempotency_key)
        # Whoever may not send is told so before the body is read.
        admitted = ingest.admitted(kind, source, principal, operation)

        async with uploads.taken(request) as upload:

            def receive() -> tuple[Receipt, contract.Receipt]:
                receipt = ingest.receive(
                    upload.body,
                    kind,
                    admitted.source.id,
                    principal,
                    operation=operation,
                    format_name=format,
                    media_type=upload.media_type,
                    file_name=upload.file_name,
                    key=key,
                )
                return receipt, contract.Receipt(**_head(receipt), **_problems(ingest, receipt, language))

            try:
                receipt, body = await to_thread.run_sync(receive, limiter=uploads.at_work)
            except (Busy, Interrupted) as refusal:
                response = problem_response(refusal.problems, refusal.status, language)
                response.headers["Retry-After"] = str(refusal.retry_after)
                return response
        headers = {"Location": body.links.own, "Content-Language": language}
        if receipt.replayed:
            headers["Idempotency-Replayed"] = "true"
        return answered(body, 200 if receipt.replayed else 202, headers)


def _add_receipts(api: APIRouter, ingest: Ingest) -> None:
    def receipt_of(receipt_id: str, principal: Principal) -> Receipt:
        return readable(principal, receipt_id, ingest.outcomes.receipt(receipt_id))

    @serve(api, contract.RECEIPTS)
    def receipts(principal: Caller, query: Annotated[ReceiptsQuery, Query()]) -> Response:
        """The newest receipts of the caller's organisation; an operator sees all."""
        recent = ingest.outcomes.recent(readable_receipts(principal), query.limit)
        return answered(contract.Receipts(receipts=tuple(contract.ReceiptSummary(**_head(one)) for one in recent)))

    @serve(api, contract.RECEIPT)
    def receipt(receipt_id: str, principal: Caller, language: ReaderLanguage) -> Response:
        """The receipt, and how far its rows have come."""
        known = receipt_of(receipt_id, principal)
        counts = ingest.outcomes.counts(known)
        told = {**_head(known), **_problems(ingest, known, language)}
        return answered(contract.ReceiptState(**told, states=dict(counts.states), uncounted=counts.uncounted))

    @serve(api, contract.ROWS)
    def rows(
        receipt_id: str, principal: Caller, language: ReaderLanguage, query: Annotated[RowsQuery, Query()]
    ) -> Response:
        """What became of each row; `next` is the `after` of the following page."""
        known = receipt_of(receipt_id, principal)
        page, following = ingest.outcomes.rows(known.id, query.after, query.limit)
        return answered(contract.Rows(rows=tuple(_row(row, language) for row in page), next=following))

    @serve(api, contract.REFUSED)
    def refused(receipt_id: str, principal: Caller, language: ReaderLanguage, format: str = "") -> Response:
        """The refused rows as they were sent, each with what is wrong, to be mended and sent again."""
        known = receipt_of(receipt_id, principal)
        kind = kind_called(known.kind)
        form = giveback_format(format, known)
        chunks: Iterator[bytes] = write_refused(ingest.outcomes.refused(known.id), form.name, language, kind)
        # What goes wrong at the start must become an answer of its own, not a download that breaks off.
        first = next(chunks, b"")
        headers = {
            "Content-Disposition": attachment(refused_name(known, kind, form, language)),
            "Content-Language": language,
        }
        return StreamingResponse(chain((first,), chunks), media_type=form.media_type, headers=headers)


def _add_derived(api: APIRouter) -> None:
    @serve(api, contract.TEMPLATE)
    def import_template(kind: str, language: ReaderLanguage, format: str = "xlsx") -> Response:
        """A table to fill in: headings in the reader's language, an example, and hints."""
        known = kind_called(kind)
        form = template_format(format)
        headers = {
            "Content-Disposition": attachment(template_name(known, form, language)),
            "Content-Language": language,
        }
        return Response(template(known, language, form.name), media_type=form.media_type, headers=headers)

    @serve(api, contract.SCHEMA)
    def schema(kind: str) -> JSONResponse:
        """The JSON Schema (2020-12) of one record of the kind."""
        return JSONResponse(json_schema(kind_called(kind)), media_type="application/schema+json")


def _head(receipt: Receipt) -> dict[str, Any]:
    names = ("id", "source", "kind", "format", "created_at", "progress", "accepted", "refused")
    path = address(contract.RECEIPT, receipt_id=receipt.id)
    links = contract.ReceiptLinks(own=path, rows=f"{path}/rows", refused=f"{path}/refused")
    return {name: getattr(receipt, name) for name in names} | {"links": links}


def _problems(ingest: Ingest, receipt: Receipt, language: Language) -> dict[str, Any]:
    problems = ingest.outcomes.problems(receipt, PROBLEM_ROWS)
    return {"replayed": receipt.replayed, "problems": _items(problems, language)}


def _row(row: RowState, language: Language) -> contract.Row:
    state = {"row": row.row, "state": row.state, "record_id": row.record_id or None, "version": row.version or None}
    return contract.Row(**state, **({"problems": _items(row.problems, language)} if row.problems else {}))


def _items(problems: Iterable[Problem], language: Language) -> tuple[ProblemItem, ...]:
    return tuple(ProblemItem(**problem.as_json(language)) for problem in problems)
