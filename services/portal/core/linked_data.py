"""A record as schema.org JSON-LD, by the crosswalk that its kind's fields carry."""

import orjson
from pydantic import JsonValue

from schemas.fields import fields_of
from schemas.http.records import Record
from schemas.kind import kinds, value_at


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
