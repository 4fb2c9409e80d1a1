"""Instruments and laboratories of the sample: real models in real organisations, in combinations that are illustrative.

Nobody stated that one of these organisations owns one of these models, so every record says that it is a sample.
"""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from sample.families import VENDORS, analyser_of, definition_of, inlet_of, vendor_of
from sample.organisations import shuffled
from schemas.codes.divisions import division_path
from services.ingest.formats.ror import organisation

INSTRUMENTS = 200
RICHEST = "https://ror.org/00a2xv884"  # Zhejiang University: the largest park gets the largest part
# Organisations of Zhejiang that do experiments, with the division of GB/T 2260 that each has its seat in.
HOSTS: Mapping[str, str] = {
    "Zhejiang University": "330100",
    "Zhejiang University of Technology": "330100",
    "Westlake University": "330100",
    "Hangzhou Normal University": "330100",
    "Hangzhou Dianzi University": "330100",
    "Zhejiang Sci-Tech University": "330100",
    "Zhejiang Gongshang University": "330100",
    "Zhejiang A & F University": "330112",
    "Tianmushan Laboratory": "330100",
    "Ningbo University": "330200",
    "University of Nottingham Ningbo China": "330200",
    "Ningbo University of Technology": "330200",
    "Ningbo No. 2 Hospital": "330200",
    "Wenzhou University": "330300",
    "Wenzhou Medical University": "330300",
    "Zhejiang Institute of Subtropical Crops": "330300",
    "Shaoxing University": "330600",
    "Zhejiang Normal University": "330700",
    "Zhejiang Ocean University": "330900",
    "Taizhou University": "331000",
    "Lishui University": "331100",
}
WEEK = ["MO", "TU", "WE", "TH", "FR"]
HOURS = (
    ((WEEK, "08:30", "17:30"),),
    ((WEEK, "09:00", "12:00"), (WEEK, "13:30", "17:30")),
    ((WEEK, "08:00", "20:00"), (["SA"], "09:00", "17:00")),
    (([*WEEK, "SA", "SU"], "08:00", "22:00"),),
)
CLOSURE = {"start": "2027-02-05T00:00:00+08:00", "end": "2027-02-13T00:00:00+08:00", "reason": "春节停机（示例）"}
ABOUT_ZH = (
    "示例数据：型号取自 PSI-MS 受控词表，安放单位、开放时间、预约方式与价格均为演示用途，不代表该单位的实际仪器。"
)
ABOUT_EN = (
    "Sample data: the model is from the PSI-MS vocabulary; where it stands, its opening hours, booking and price are "
    "illustrative and do not describe the organisation's real equipment."
)
LABORATORIES = (
    ("质谱分析平台（示例）", "Mass Spectrometry Platform (sample)", ("B05",), ("质谱分析", "代谢组学")),
    ("大型仪器共享中心（示例）", "Shared Instrument Centre (sample)", ("B05", "E02"), ("分析测试", "材料科学")),
)
LABORATORY_ZH = "示例数据：为演示而设的实验室，不代表该单位的实际机构。"
LABORATORY_EN = "Sample data: a laboratory made up to demonstrate the hub; the organisation has not registered it."

Fields = dict[str, Any]


def laboratories(documents: Sequence[Mapping[str, Any]]) -> list[Fields]:
    """One or two laboratories of each host."""
    return [_laboratory(host, number) for host in _hosts(documents) for number in range(_laboratories_of(host))]


def instruments(documents: Sequence[Mapping[str, Any]], path: Path) -> list[Fields]:
    """INSTRUMENTS models, each placed at one of the hosts."""
    terms = {term["id"]: term for term in map(json.loads, path.read_text("utf-8").splitlines())}
    fit = [key for key, term in terms.items() if term["leaf"] and not term["obsolete"] and _is_told(term)]
    hosts = _hosts(documents)
    places = [*hosts, *(host for host in hosts if host["ror"] == RICHEST for _ in range(4))]
    chosen = shuffled(fit)[:INSTRUMENTS]
    return [_instrument(terms[key], places[at % len(places)], at + 1) for at, key in enumerate(chosen)]


def _is_told(term: Mapping[str, Any]) -> bool:
    return analyser_of(term) is not None and vendor_of(term) is not None


def _hosts(documents: Sequence[Mapping[str, Any]]) -> list[Fields]:
    """The organisations of HOSTS; ValueError where the register does not tell one in both languages."""
    known = {host.get("name_en"): host for host in map(organisation, documents)}
    hosts = []
    for name, division in HOSTS.items():
        host = known.get(name, {})
        if not host.get("name_zh") or "lat" not in host.get("place", {}):
            raise ValueError(f"{name}: no Chinese name, or no coordinates")
        address = "".join(part.zh for part in division_path(division))
        hosts.append(host | {"place": host["place"] | {"address": address, "division": division}})
    return hosts


def _laboratories_of(host: Fields) -> int:
    return 2 if _draw(host["ror"], "laboratories") < 0.4 or host["ror"] == RICHEST else 1


def _laboratory(host: Fields, number: int) -> Fields:
    zh, en, disciplines, fields = LABORATORIES[number]
    name_zh, name_en = f"{host['name_zh']}{zh}", f"{host['name_en']} {en}"
    return {
        "_id": f"SAMPLE-LAB-{host['ror'].rpartition('/')[2]}-{number + 1}",
        "_version": 1,
        "name_zh": name_zh,
        "name_en": name_en,
        "level": "institutional",
        "host": _reference(host),
        "disciplines": list(disciplines),
        "research_fields": list(fields),
        "description": f"{LABORATORY_ZH}\n{LABORATORY_EN}",
        "status": "operating",
        "open_to_public": True,
        "place": host["place"],
    }


def _instrument(term: Mapping[str, Any], host: Fields, number: int) -> Fields:
    analyser, inlet, vendor = analyser_of(term), inlet_of(term), vendor_of(term)
    if analyser is None or vendor is None:
        raise ValueError(f"{term['id']} has no analyser or vendor that we can name")
    key, model = term["id"], term["name"]
    laboratory = _laboratory(host, number % _laboratories_of(host))
    return {
        "_id": f"SAMPLE-{number:04}",
        "_version": 1,
        "name_zh": f"{inlet.zh}{analyser.zh} {model}（示例）",
        "name_en": f"{inlet.en}{analyser.en} {model} (sample)",
        "owner": _reference(host),
        "inventory_number": f"SAMPLE-{number:04}",
        "category_code": "0102",
        "instrument_types": [
            {"name": analyser.zh, "identifier": key, "identifier_type": "PSI-MS"},
        ],
        "resource_type": "equipment",
        "description": f"{ABOUT_ZH}\n{ABOUT_EN}\n{definition_of(term)}",
        "model": model,
        "model_identifier": key,
        "manufacturer": dict(zip(("name_zh", "name_en"), VENDORS[vendor], strict=True)),
        "research_fields": list(inlet.fields),
        "techniques": list(inlet.techniques),
        "applications": inlet.uses,
        "laboratory": {"name_zh": laboratory["name_zh"], "name_en": laboratory["name_en"], "host": _reference(host)},
        "place": host["place"],
        "shared": _draw(key, "shared") < 0.94,
        "status": _status(_draw(key, "status")),
        **_booking(key, analyser.hourly),
    }


def _booking(key: str, hourly: int) -> Fields:
    """Opening hours, slots and price: drawn, but always the same for the same model."""
    hours = HOURS[int(_draw(key, "hours") * len(HOURS))]
    price = round(hourly * (0.8 + 0.4 * _draw(key, "price")), -1)
    booking: Fields = {
        "opening_hours": [{"days": days, "opens": opens, "closes": closes} for days, opens, closes in hours],
        "time_zone": "Asia/Shanghai",
        "slot_minutes": (30, 60, 60, 120)[int(_draw(key, "slot") * 4)],
        "booking_confirmation": "automatic" if _draw(key, "confirmation") < 0.6 else "owner",
        "min_notice_hours": (0, 2, 24)[int(_draw(key, "notice") * 3)],
        "max_advance_days": (30, 60, 90)[int(_draw(key, "advance") * 3)],
        "hourly_rate": {"amount": f"{price:.2f}", "currency": "CNY"},
        "charges": f"示例价格 {price:.0f} 元/小时",
    }
    if _draw(key, "closure") < 0.1:
        booking["closures"] = [CLOSURE]
    return booking


def _status(drawn: float) -> str:
    return "in_service" if drawn < 0.88 else "maintenance" if drawn < 0.94 else "idle"


def _reference(host: Fields) -> Fields:
    return {name: host[name] for name in ("ror", "name_zh", "name_en")}


def _draw(key: str, what: str) -> float:
    """A number from 0 to below 1 that looks random and is always the same."""
    return int.from_bytes(sha256(f"{what} of {key}".encode()).digest()[:6]) / 2**48
