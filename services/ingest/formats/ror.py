"""Organisations as the Research Organization Registry publishes them: documents of ROR schema v2.

https://ror.readme.io/docs/ror-data-structure. A document stands alone, as in ROR's data dump, or in a release stream as
`{"release": "v2.9", "record": {…}}`; a file holds one a line, or a JSON array of them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, BinaryIO

import orjson

from hub.kernel.problems import Problem, expecting, quoted
from hub.kernel.records import Operation
from hub.kernel.versions import source_version
from schemas.codes import code_list
from schemas.codes.divisions import division_path
from schemas.kind import Kind
from services.ingest.core.rows import Limits, Row
from services.ingest.formats.base import Format
from services.ingest.formats.jsonrows import read as read_json

OTHER_NAMES_LIMIT = 50
_RELEASE = re.compile(r"v?(\d{1,3})\.(\d{1,3})(?:\.\d{1,3})?")
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_KANA = re.compile(r"[\u3040-\u30ff]")
_HAN_WRITTEN_IN = frozenset({"CN", "HK", "MO", "TW"})

# ROR's types in the order in which one of several is chosen: what an organisation is, before what it also does.
_TYPES: Mapping[str, str] = {
    "education": "university",
    "healthcare": "hospital",
    "company": "company",
    "facility": "institute",
    "archive": "archive",
    "government": "government",
    "nonprofit": "nonprofit",
    "funder": "funder",
    "other": "other",
}

# Cities whose English name is no transcription of the Chinese one.
_OWN_NAMES: Mapping[str, str] = {
    "harbin": "230100",
    "hohhot": "150100",
    "kashgar": "653100",
    "lhasa": "540100",
    "ordos": "150600",
    "qiqihar": "230200",
    "urumqi": "650100",
}

Document = Mapping[str, Any]


def organisation(document: Document) -> dict[str, Any]:
    """The fields of an organisation that the document tells; KeyError or TypeError where it is no ROR document."""
    names = document["names"]
    label_zh, label_en = _chinese(names, _country(document)), _english(names)
    acronym = _first(name["value"] for name in names if "acronym" in name["types"])
    fields = {
        "ror": document["id"],
        "name_zh": label_zh,
        "name_en": label_en,
        "acronym": acronym,
        "other_names": _others(names, {label_zh, label_en, acronym}),
        "type": _first(ours for theirs, ours in _TYPES.items() if theirs in document["types"]),
        "fundref_id": _external(document, "fundref"),
        "isni": _external(document, "isni"),
        "part_of": _parent(document),
        "place": _place(document),
        "website": _first(link["value"] for link in document["links"] if link["type"] == "website"),
        "established": document["established"],
    }
    return {name: value for name, value in fields.items() if value}


def operation(document: Document) -> Operation:
    """ROR withdraws a record that should never have been; an inactive organisation has ceased, and stays on record."""
    return "withdraw" if document["status"] == "withdrawn" else "upsert"


def version(document: Document, release: str | None = None) -> int:
    """The source's version: the day of last modification in microseconds since 1970, to which the release is added.

    ROR states a day only, and two documents of one organisation may share it (two pairs of 45,974 documents in the
    releases v1.45 to v2.9 do); the number of the release, 2009 for v2.9, is far below a day and tells those apart.
    ValueError where the date or the release cannot be read.
    """
    day = source_version(document["admin"]["last_modified"]["date"])
    if release is None:
        return day
    found = _RELEASE.fullmatch(release)
    if found is None:
        raise ValueError("a release is called v2.9")
    return day + int(found[1]) * 1_000 + int(found[2])


def read(stream: BinaryIO, kind: Kind, limits: Limits) -> Iterator[Row]:
    """Rows of organisations; see services.ingest.formats.base.Read."""
    for row in read_json(stream, kind, limits):
        yield row if row.problems else _row(row)


def _row(row: Row) -> Row:
    try:
        content = orjson.loads(row.data) if isinstance(row.data, bytes) else row.data
        document = content.get("record", content)
        return row._replace(
            form="values",
            data=organisation(document),
            source_record_id=document["id"],
            version=version(document, content.get("release")),
            operation=operation(document),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return row._replace(problems=(_no_document(error),))


def _no_document(error: Exception) -> Problem:
    missing = quoted(error.args[0]) if isinstance(error, KeyError) else ""
    return expecting("no-ror-document", "ingest.no-ror-document", "", missing or None)


def _country(document: Document) -> str:
    locations = document["locations"]
    return locations[0]["geonames_details"]["country_code"] if locations else ""


def _chinese(names: Sequence[Document], country: str) -> str | None:
    """The Chinese label; a name that is marked Chinese may be a transcription, and an unmarked one may be Japanese."""
    candidates: list[tuple[bool, str]] = []
    for name in names:
        value, language = name["value"], name["lang"]
        written = _HAN.search(value) and not _KANA.search(value) and "acronym" not in name["types"]
        if written and (language == "zh" or (language is None and country in _HAN_WRITTEN_IN)):
            candidates.append(("label" not in name["types"], value))
    return min(candidates, key=lambda item: item[0])[1] if candidates else None


def _english(names: Sequence[Document]) -> str | None:
    """ROR's own choice among the English labels, an English label, or the name under which ROR shows the record."""
    labels = [name for name in names if "label" in name["types"] and name["lang"] == "en"]
    displayed = [name for name in names if "ror_display" in name["types"]]
    best = [name for name in labels if "ror_display" in name["types"]] or labels or displayed
    return next((str(name["value"]) for name in best if not _HAN.search(name["value"])), None)


def _others(names: Sequence[Document], used: set[str | None]) -> list[str]:
    others = dict.fromkeys(name["value"] for name in names)
    return [name for name in others if name not in used][:OTHER_NAMES_LIMIT]


def _external(document: Document, scheme: str) -> str | None:
    for identifier in document["external_ids"]:
        if identifier["type"] == scheme:
            found: str | None = identifier["preferred"] or _first(identifier["all"])
            return found
    return None


def _parent(document: Document) -> dict[str, str] | None:
    """The first of the parents: most have one."""
    for relation in document["relationships"]:
        if relation["type"] == "parent":
            name = "name_zh" if _HAN.search(relation["label"]) else "name_en"
            return {"ror": relation["id"], name: relation["label"]}
    return None


def _place(document: Document) -> dict[str, Any] | None:
    """The first place, which is the organisation's main one."""
    if not document["locations"]:
        return None
    details = document["locations"][0]["geonames_details"]
    city, region = details["name"], details.get("country_subdivision_name")
    country = details["country_code"]
    place = {
        "address": city if region in (None, city) else f"{city}, {region}",
        "division": division_of(city, region) if country == "CN" else None,
        "country": country if country in code_list("country") else None,
        "lat": details["lat"],
        "lon": details["lng"],
    }
    return {name: value for name, value in place.items() if value is not None}


@lru_cache(maxsize=4_096)
def division_of(city: str, region: str | None) -> str | None:
    """The GB/T 2260 code of a Chinese city by its names at GeoNames, where just one division is called so.

    A prefecture goes before a county; the region (province) tells namesakes apart where it is given, and without it
    counties are left alone, since villages share their names.
    """
    wanted = _plain(city)
    if wanted in _OWN_NAMES:
        return _OWN_NAMES[wanted]
    for ending in ("0000", "00") if region is None else ("0000", "00", ""):
        codes = [code for code in _by_name().get(wanted, ()) if code.endswith(ending)]
        if region is not None:
            codes = [code for code in codes if _plain(division_path(code)[0].en) == _plain(region)]
        if codes:
            return codes[0] if len(codes) == 1 else None
    return None


@lru_cache(maxsize=1)
def _by_name() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    divisions = code_list("division")
    for code in divisions:
        name = re.sub(r" (City|District|County|Prefecture)$", "", divisions.label(code).en)
        found.setdefault(_plain(name), []).append(code)
    return {name: tuple(codes) for name, codes in found.items()}


def _plain(name: str) -> str:
    """Names without marks, blanks and the words for a city or county."""
    letters = re.sub(r"(?i)( shi| xian| qu| city)$", "", name.strip()).casefold().replace("ü", "u")
    return re.sub(r"[^a-z]", "", letters)


def _first(values: Iterable[Any]) -> Any:
    return next(iter(values), None)


def _sniffed(start: bytes) -> bool:
    head = start.lstrip(b"\xef\xbb\xbf \r\n\t[")
    return head.startswith(b"{") and b'"https://ror.org/0' in head and b'"last_modified"' in head


FORMAT = Format(
    name="ror",
    media_types=("application/vnd.ror.v2+json",),
    suffixes=(),
    read=read,
    sniff=_sniffed,
    dialect=True,
    applies=lambda kind: kind.name == "organisation",
)
"""There is no registered media type; this one is the hub's own. Files are recognised by their content."""
