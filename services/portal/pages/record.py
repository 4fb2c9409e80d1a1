"""The page of one record."""

from asyncio import gather
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.web.safety import site_of
from schemas.fields import by_path
from schemas.kind import kinds
from services.portal.client import HubApi, Reader
from services.portal.core.linked_data import linked_data
from services.portal.guard import add_page, segment
from services.portal.pages.bookings import DECIDERS
from services.portal.pages.stewarding import STEWARDS
from services.portal.rendering import page, reader_of

FACTS = 9
SHORT = 80
"""Characters of a value that still reads as a fact; longer ones are told as text."""
RELATED = 24
TERMS = ("status", "opening_hours", "hourly_rate", "charges")
"""What a visitor asks first, where a record has it."""
TELLING = ("facet", "geo", "number", "date")
"""Search roles of fields that tell at a glance what a record is."""
Json = Mapping[str, Any]


def add(router: APIRouter, api: HubApi) -> None:
    async def record(request: Request) -> Response:
        return await record_page(request, api, segment(request, "record_id"))

    add_page(router, "/records/{record_id}", record)


async def record_page(request: Request, api: HubApi, record_id: str) -> Response:
    reader = reader_of(request)
    path = f"/records/{record_id}"
    record, related, history, roles = await gather(
        api.get(reader, path),
        api.get(reader, f"{path}/related"),
        api.get(reader, f"{path}/history"),
        roles_of(reader, api),
    )
    decisions = await api.get(reader, f"{path}/decisions") if roles & STEWARDS else None
    facts, texts = told_first(record)
    address = f"{site_of(request)}{request.url.path}"
    return page(
        request,
        "record.html",
        410 if record["status"] == "withdrawn" else 200,
        record=record,
        facts=facts,
        texts=texts,
        related=[(f"record.{way}", groups(related[way])) for way in ("refers_to", "referred_by")],
        versions=history["versions"],
        bookable=record["bookable"],
        owner=bool(roles & DECIDERS),
        steward=bool(roles & STEWARDS),
        decisions=labelled(record, decisions) if decisions else [],
        json_ld=linked_data(record, address) if record["status"] != "withdrawn" else "",
    )


async def roles_of(reader: Reader, api: HubApi) -> set[str]:
    """What to point the reader to; the API decides about it again."""
    return set((await api.get(reader, "/me"))["roles"]) if reader.token else set()


def labelled(record: Json, decisions: Json) -> list[Json]:
    """The stewards' decisions in force, as lines that can be undone each."""
    labels = {row["path"].partition(".")[0]: row["label"] for row in record["rows"]}
    sources = {row["source"]["id"]: row["source"]["label"] for row in record["rows"] if row["source"]}
    preferences = [
        {**one, "label": labels.get(one["field"], one["field"]), "told": sources.get(one["source"], one["source"])}
        for one in decisions["preferences"]
    ]
    return [*preferences, *decisions["same_as"]]


def told_first(record: Json) -> tuple[list[Json], list[Json]]:
    """The rows that tell at a glance what the record is, and those that are read as text."""
    kind = kinds().get(record["kind"])
    specs = by_path(kind) if kind else {}
    names = kind.title if kind else ()
    rows = [row for row in record["rows"] if row["path"] not in names]
    texts = [row for row in rows if len(row["shown"]) > SHORT and row["path"] in specs]
    short = [row for row in rows if row not in texts]
    terms = [row for row in short if row["path"] in TERMS]
    telling = [row for row in short if (spec := specs.get(row["path"])) and _tells(spec.meta.search, spec.meta.refers)]
    return [*terms, *(row for row in telling if row not in terms)][:FACTS], texts


def _tells(search: str, refers: str) -> bool:
    return search in TELLING or bool(refers)


def groups(related: Sequence[Json]) -> list[Json]:
    """Related records by the field that relates them, at most RELATED in all."""
    found: dict[str, list[Json]] = {}
    for item in related[:RELATED]:
        found.setdefault(item["label"], []).append({**item["hit"], "href": item["hit"]["url"]})
    return [{"label": label, "hits": hits} for label, hits in found.items()]
