"""For data stewards: fields on which sources disagree, and records that may be one thing."""

from asyncio import gather
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.portal.client import HubApi, Reader
from services.portal.core.addresses import local
from services.portal.guard import add_page, segment
from services.portal.rendering import page, reader_of

STEWARDS = {"agency", "operator"}
PAGE = "10"
CONFLICTS, DUPLICATES = "/steward", "/steward/duplicates"
Json = Mapping[str, Any]


def add(router: APIRouter, api: HubApi) -> None:
    async def conflicts(request: Request) -> Response:
        return await conflicts_page(request, api)

    async def duplicates(request: Request) -> Response:
        return await duplicates_page(request, api)

    async def prefer(request: Request) -> Response:
        return await preferred(request, api)

    async def same_as(request: Request) -> Response:
        return await paired(request, api)

    add_page(router, CONFLICTS, conflicts)
    add_page(router, DUPLICATES, duplicates)
    add_page(router, "/steward/records/{record_id}/preference", prefer, "POST")
    add_page(router, "/steward/same-as", same_as, "POST")


async def conflicts_page(request: Request, api: HubApi) -> Response:
    """Records with conflicts, at most PAGE of them, each value beside the button that chooses it."""
    reader = reader_of(request)
    asked = {name: request.query_params.get(name, "") for name in ("kind", "after")}
    params = [(name, value) for name, value in asked.items() if value]
    kinds, found = await gather(api.get(reader, "/kinds"), api.get(reader, "/conflicts", [*params, ("limit", PAGE)]))
    records, after = found["conflicts"], found["next"]
    return page(
        request,
        "steward_conflicts.html",
        kinds=kinds["kinds"],
        kind=asked["kind"],
        records=records,
        labels=await source_labels(reader, api, records),
        done=done(request, ("record", "field")),
        next_href=f"{CONFLICTS}?{urlencode({**({'kind': asked['kind']} if asked['kind'] else {}), 'after': after})}"
        if after
        else None,
    )


async def duplicates_page(request: Request, api: HubApi) -> Response:
    reader = reader_of(request)
    after = request.query_params.get("after", "")
    found = await api.get(reader, "/duplicates", [*([("after", after)] if after else []), ("limit", PAGE)])
    pairs, following = found["duplicates"], found["next"]
    return page(
        request,
        "steward_duplicates.html",
        pairs=pairs,
        labels=await source_labels(reader, api, [one for pair in pairs for one in (pair["left"], pair["right"])]),
        done=done(request, ("left", "right", "decision")),
        next_href=f"{DUPLICATES}?{urlencode({'after': following})}" if following else None,
    )


async def preferred(request: Request, api: HubApi) -> Response:
    """Believe the source that was chosen; without one, undo what was chosen before."""
    async with request.form(max_files=0, max_fields=10) as form:
        sent = {name: str(value) for name, value in form.items()}
    source, number = sent.get("source") or None, sent.get("source_record_id") or None
    record = str(request.path_params["record_id"])
    body = {"field": sent.get("field", ""), "source": source, "source_record_id": number}
    await api.post(reader_of(request), f"/records/{segment(request, 'record_id')}/preferences", body)
    told = {"record": record, "field": sent.get("field", "")} if source else {}
    return RedirectResponse(back_to(sent.get("next", ""), CONFLICTS, told), 303)


async def paired(request: Request, api: HubApi) -> Response:
    """Join two records, keep them apart, or undo either."""
    async with request.form(max_files=0, max_fields=10) as form:
        sent = {name: str(value) for name, value in form.items()}
    body = {name: sent.get(name, "") for name in ("left", "right", "decision")}
    await api.post(reader_of(request), "/same-as", body)
    told = {} if body["decision"] == "undone" else body
    return RedirectResponse(back_to(sent.get("next", ""), DUPLICATES, told), 303)


async def source_labels(reader: Reader, api: HubApi, records: Sequence[Json]) -> dict[str, str]:
    """What people call the sources that the records name, as the records' own pages tell it."""
    pages = await gather(*(api.get(reader, f"/records/{quote(str(one['id']), safe='')}") for one in records))
    told = (row["source"] for record in pages for row in record["rows"] if row["source"])
    values = (value["source"] for record in pages for one in record["conflicts"] for value in one["values"])
    return {source["id"]: source["label"] for source in (*told, *values)}


def done(request: Request, names: Sequence[str]) -> Json | None:
    """The decision just made, which can be undone at once."""
    told = {name: request.query_params.get(name, "") for name in names}
    return told if all(told.values()) else None


def back_to(target: str, default: str, told: Mapping[str, str]) -> str:
    """The page that a decision was made on, told of it; the queue where it was made there."""
    if target:
        return local(target)
    return f"{default}?{urlencode(told)}" if told else default
