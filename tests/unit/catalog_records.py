"""Records that the catalogue's tests share: valid by their kinds, private fields included."""

from dataclasses import replace
from typing import Any

from hub.kernel.records import Conflict, Record, SourceRef
from schemas.kind import kind_named
from schemas.validation import Valid, validate_python

AT = "2026-01-01T00:00:00.000000Z"
TOKEN = "vault:0123456789abcdef"
ZJU = {"ror": "https://ror.org/00a2xv884", "name_zh": "浙江大学", "name_en": "Zhejiang University"}

INSTRUMENT: dict[str, Any] = {
    "name_zh": "场发射透射电子显微镜",
    "name_en": "Field emission transmission electron microscope",
    "owner": ZJU,
    "inventory_number": "20180321",
    "category_code": "010101",
    "model": "JEM-2100F",
    "manufacturer": {"name_zh": "日本电子"},
    "instrument_types": [{"name": "透射电子显微镜"}],
    "research_fields": ["材料科学", "生命科学"],
    "laboratory": {"name_zh": "电子显微镜中心"},
    "shared": True,
    "status": "in_service",
    "original_value": {"amount": "4860000.50", "currency": "CNY"},
    "commissioned": "2018-03-21",
    "external_hours": "1620",
    "opening_hours": [{"days": ["MO", "TU", "WE", "TH", "FR"], "opens": "08:30", "closes": "17:30"}],
    "place": {"address": "余杭塘路866号", "division": "330106", "country": "CN", "lat": 30.2635, "lon": 120.1236},
    "contact": {"name": "李四", "email": "lab@example.edu.cn", "url": "https://lab.example.edu.cn"},
}
ORGANISATION: dict[str, Any] = {**ZJU, "type": "university", "other_names": ["浙大"]}
LABORATORY: dict[str, Any] = {"name_zh": "电子显微镜中心", "host": ZJU, "level": "provincial"}
EXPERT: dict[str, Any] = {
    "name_zh": "王五",
    "organisation": {"name_zh": "浙江大学"},
    "gender": "female",
    "birth_date": "1980-05-01",
    "position": "教授",
}
PROJECT: dict[str, Any] = {
    "number": "LZ23F020001",
    "name_zh": "显微成像方法研究",
    "lead": ZJU,
    "funder": {"name_zh": "浙江省自然科学基金委员会"},
    "people": [{"name_zh": "王五", "role": "principal_investigator"}],
    "start_date": "2023-01-01",
}


def fields_of(kind: str, raw: dict[str, Any]) -> dict[str, Any]:
    """As ingest hands them on."""
    valid = validate_python(kind_named(kind), raw)
    assert isinstance(valid, Valid), valid
    return valid.fields


def record(kind: str, raw: dict[str, Any], version: int = 1, **secret: Any) -> Record:
    """A record of one source; `secret` members are put beside the contact's, as tokens are by ingest."""
    fields = fields_of(kind, raw)
    if secret:
        fields["contact"] = {**fields["contact"], **secret}
    source = SourceRef("owner", "1", 1, "owner", AT)
    record_id = kind_named(kind).id_of(fields, "owner", str(raw.get("name_zh")))
    return Record(record_id, kind, version, "active", AT, AT, fields, dict.fromkeys(fields, 0), (source,))


def disputed(one: Record, field: str, other: Any) -> Record:
    """The record with a second source that disagrees on a field."""
    second = SourceRef("zhejiang", "9", 1, "owner", AT)
    conflict = Conflict(field, ((0, one.fields[field]), (1, other)))
    return replace(one, sources=(*one.sources, second), conflicts=(conflict,))
