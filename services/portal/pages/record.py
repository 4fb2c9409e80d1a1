"""The page of one record."""

from asyncio import gather
from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import Response

from hub.kernel.access import Role
from hub.web.client import ApiProblem, AsyncHubClient, Reader
from hub.web.safety import site_of
from schemas.fields import by_path, fields_of
from schemas.http.access import ME
from schemas.http.catalog import Hit
from schemas.http.curation import DECISIONS, Decisions, SameAsDecided
from schemas.http.records import HISTORY, RECORD, RELATED, Record, RecordRow, RelatedRecord
from schemas.kind import kinds, value_at
from services.portal.guard import Pages
from services.portal.pages.bookings import DECIDERS
from services.portal.pages.stewarding import STEWARDS
from services.portal.rendering import page, reader_of


def linked_data(record: Record, address: str) -> str:
    """JSON-LD for a <script> element of the record's page.

    Only what the API returned to this reader; `<`, `>` and `&` are escaped, so that no value can end the element.
    """
    kind = kinds().get(record.kind)
    data: dict[str, JsonValue] = {"@context": "https://schema.org", "@type": "Thing"}
    data |= {"@id": address, "url": address, "identifier": record.id, "name": record.title}
    if kind is not None:
        data["@type"] = kind.crosswalk.get("schema_org") or "Thing"
        for spec in fields_of(kind):
            name = spec.meta.crosswalk.schema_org
            value = value_at(record.fields, spec.path)
            own = "." not in spec.path and name.isidentifier() and name not in data
            if own and isinstance(value, str | int | float):
                data[name] = value
    if record.geo:
        latitude, longitude = record.geo
        geo: dict[str, JsonValue] = {"@type": "GeoCoordinates", "latitude": latitude, "longitude": longitude}
        data["location"] = {"@type": "Place", "geo": geo}
    text = orjson.dumps(data).decode()
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


FACTS = 9
SHORT = 80
"""Characters of a value that still reads as a fact; longer ones are told as text."""
RELATED_LIMIT = 24
TERMS = ("status", "opening_hours", "hourly_rate", "charges")
"""What a visitor asks first, where a record has it."""
TELLING = ("facet", "geo", "number", "date")
"""Search roles of fields that tell at a glance what a record is."""


@dataclass(frozen=True, slots=True)
class PreferenceLine:
    """A decision on a field, by what people call the field and the source."""

    field: str
    label: str
    source: str
    decided_by: str
    decided_at: str


@dataclass(frozen=True, slots=True)
class Relation:
    """Records that one field relates to the record."""

    label: str
    hits: tuple[Hit, ...]


async def record_page(request: Request, api: AsyncHubClient) -> Response:
    reader, record_id = reader_of(request), request.path_params["record_id"]
    record, related, history, roles = await gather(
        api.call(reader, RECORD, record_id=record_id),
        api.call(reader, RELATED, record_id=record_id),
        api.call(reader, HISTORY, record_id=record_id),
        roles_of(reader, api),
    )
    decisions = await decisions_on(record, reader, api) if roles & STEWARDS else None
    facts, texts = told_first(record)
    address = f"{site_of(request)}{request.url.path}"
    return page(
        request,
        "record.html",
        410 if record.status == "withdrawn" else 200,
        record=record,
        facts=facts,
        texts=texts,
        related=[
            ("record.refers_to", groups(related.refers_to)),
            ("record.referred_by", groups(related.referred_by)),
        ],
        versions=history.versions,
        bookable=record.bookable,
        owner=bool(roles & DECIDERS),
        steward=decisions is not None,
        decisions=labelled(record, decisions) if decisions else [],
        json_ld=linked_data(record, address) if record.status != "withdrawn" else "",
    )


async def roles_of(reader: Reader, api: AsyncHubClient) -> set[Role]:
    """What to point the reader to; the API decides about it again."""
    return set((await api.call(reader, ME)).roles) if reader.token else set()


async def decisions_on(record: Record, reader: Reader, api: AsyncHubClient) -> Decisions | None:
    """None where the record is for other stewards to settle."""
    try:
        return await api.call(reader, DECISIONS, record_id=record.id)
    except ApiProblem as problem:
        if problem.status != 403:
            raise
        return None


def labelled(record: Record, decisions: Decisions) -> list[PreferenceLine | SameAsDecided]:
    """The stewards' decisions in force, as lines that can be undone each."""
    labels = {row.path.partition(".")[0]: row.label for row in record.rows}
    sources = {row.source.id: row.source.label for row in record.rows if row.source}
    preferences = [
        PreferenceLine(
            field=preference.field,
            label=labels.get(preference.field, preference.field),
            source=sources.get(preference.source or "", preference.source or ""),
            decided_by=preference.decided_by,
            decided_at=preference.decided_at,
        )
        for preference in decisions.preferences
    ]
    return [*preferences, *decisions.same_as]


def told_first(record: Record) -> tuple[list[RecordRow], list[RecordRow]]:
    """The rows that tell at a glance what the record is, and those that are read as text."""
    kind = kinds().get(record.kind)
    specs = by_path(kind) if kind else {}
    names = kind.title if kind else ()
    rows = [row for row in record.rows if row.path not in names]
    texts = [row for row in rows if len(row.shown) > SHORT and row.path in specs]
    short = [row for row in rows if row not in texts]
    terms = [row for row in short if row.path in TERMS]
    metas = ((row, specs[row.path].meta) for row in short if row.path in specs)
    telling = [row for row, meta in metas if meta.search in TELLING or meta.refers]
    return [*terms, *(row for row in telling if row not in terms)][:FACTS], texts


def groups(related: Sequence[RelatedRecord]) -> list[Relation]:
    """Related records by the field that relates them, at most RELATED_LIMIT in all."""
    found: dict[str, list[Hit]] = {}
    for item in related[:RELATED_LIMIT]:
        found.setdefault(item.label, []).append(item.hit)
    return [Relation(label, tuple(hits)) for label, hits in found.items()]


PAGES: Pages = {"GET /records/{record_id}": record_page}
