"""Importing files, and the receipts that tell what became of each row."""

from asyncio import gather
from urllib.parse import quote
from uuid import uuid4

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.kernel.access import Role
from hub.web.client import ApiProblem, AsyncHubClient
from schemas.http import ingest as contract
from schemas.http.access import ME
from schemas.http.catalog import KINDS
from services.portal.core.messages import translator
from services.portal.guard import Pages, segment
from services.portal.rendering import handed_on, page, reader_of

FORMATS = ("csv", "xlsx")
REFUSED_FORMATS = ("csv", "xlsx", "ndjson")
ROWS = "100"
RECEIPTS = 10
MAY_SUBMIT: frozenset[Role] = frozenset({"submitter", "operator"})


async def refused(request: Request, api: AsyncHubClient) -> Response:
    """As many rows as were sent may come back: they are handed on piece by piece."""
    return await handed_on(request, api, contract.REFUSED, [("format", known(request, REFUSED_FORMATS))])


async def template(request: Request, api: AsyncHubClient) -> Response:
    return await handed_on(request, api, contract.TEMPLATE, [("format", known(request, FORMATS))])


def known(request: Request, forms: tuple[str, ...]) -> str:
    form: str = request.path_params["form"]
    if form not in forms:
        raise HTTPException(404)
    return form


async def import_page(
    request: Request, api: AsyncHubClient, refusal: ApiProblem | None = None, kind: str = "", source: str = ""
) -> Response:
    """The form; 401 to the signed-out, and an explanation to those who may not import."""
    reader = reader_of(request)
    me = await api.call(reader, ME)
    if not me.account:
        raise ApiProblem(401)
    allowed = bool(MAY_SUBMIT & set(me.roles))
    kinds = (await api.call(reader, KINDS)).kinds
    recent = contract.ReceiptsQuery(limit=RECEIPTS)
    receipts = (await api.call(reader, contract.RECEIPTS, query=recent)).receipts if allowed else ()
    return page(
        request,
        "import.html",
        (refusal.status if refusal else 200) if allowed else 403,
        allowed=allowed,
        kinds=kinds,
        labels={one.name: one.label for one in kinds} | {one.id: one.label for one in me.sources},
        sources=me.sources,
        receipts=receipts,
        problems=refusal.messages if refusal else [],
        kind=kind,
        source=source,
        key=uuid4().hex,
    )


async def upload(request: Request, api: AsyncHubClient) -> Response:
    """Hand the file on to ingest; what it says about the file as a whole is shown beside the form."""
    reader = reader_of(request)
    if not MAY_SUBMIT & set((await api.call(reader, ME)).roles):  # before any of the file is read
        return await import_page(request, api)
    async with request.form(max_files=1, max_fields=10) as form:
        file = form.get("file")
        kind, source, key = (str(form.get(name, "")) for name in ("kind", "source", "key"))
        if not isinstance(file, UploadFile) or not file.filename:
            missing = ApiProblem(422, text=translator(reader.language)("import.no_file"))
            return await import_page(request, api, missing, kind, source)
        part = (file.filename, file.file, file.content_type or "application/octet-stream")
        try:
            query = contract.SubmitQuery(source=source)
            receipt = await api.call(reader, contract.SUBMIT, query=query, file=part, key=key, kind=kind)
        except ApiProblem as problem:
            if problem.status == 401 or problem.status >= 500:
                raise
            return await import_page(request, api, problem, kind, source)
    again = "?replayed=1" if receipt.replayed else ""
    return RedirectResponse(f"/import/receipts/{quote(receipt.id)}{again}", 303)


async def receipt_page(request: Request, api: AsyncHubClient) -> Response:
    reader, receipt_id = reader_of(request), request.path_params["receipt_id"]
    after = request.query_params.get("after", "")
    receipt, me = await gather(api.call(reader, contract.RECEIPT, receipt_id=receipt_id), api.call(reader, ME))
    paging = [("limit", ROWS)] + ([("after", after)] if after else [])
    rows = await api.call(reader, contract.ROWS, query=paging, receipt_id=receipt_id)
    base = f"/import/receipts/{segment(request, 'receipt_id')}"
    return page(
        request,
        "receipt.html",
        receipt=receipt,
        source=next((one.label for one in me.sources if one.id == receipt.source), receipt.source),
        states=[(state, count) for state, count in receipt.states.items() if count],
        rows=rows.rows,
        base=base,
        formats=REFUSED_FORMATS,
        replayed=request.query_params.get("replayed") == "1",
        next_href=f"{base}?after={rows.next}" if rows.next is not None else None,
    )


PAGES: Pages = {
    "GET /import": import_page,
    "POST /import": upload,
    "GET /import/receipts/{receipt_id}": receipt_page,
    "GET /import/receipts/{receipt_id}/refused.{form}": refused,
    "GET /import/templates/{kind}.{form}": template,
}
