"""Realistic bilingual records in any number, combined from the sample and the code lists; equal for equal seeds."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from random import Random
from typing import Any

import orjson

from hub.kernel.records import Record
from hub.ports.catalogue import Document
from sample import FILES
from schemas.codes import code_list
from services.catalog.core.projection import document

SHARES = (("instrument", 60), ("project", 20), ("organisation", 8), ("laboratory", 6), ("expert", 6))
"""Kinds and how many of a hundred records are of each."""
OWNERS = 3_000
_KINDS = tuple(kind for kind, share in SHARES for _ in range(share))
_FIRST_DAY = date(2010, 1, 1)


def records(count: int, seed: int = 0) -> Iterator[Record]:
    """`count` active records with ids `<kind>-<number>`, at version 1."""
    rng = Random(seed)
    for number in range(count):
        kind = _KINDS[number % len(_KINDS)]
        fields = _MAKERS[kind](rng, number)
        at = f"2026-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}T{rng.randrange(24):02}:00:00.{number:06}Z"
        yield Record(f"{kind}-{number:08}", kind, 1, "active", at, at, fields, {}, ())


def record(number: int, revision: int = 0) -> Record:
    """One record by its number, without those before it; each revision says something else of the same record."""
    rng = Random(number << 32 | revision)
    kind = _KINDS[number % len(_KINDS)]
    at = f"2026-01-01T00:00:00.{revision:06}Z"
    return Record(f"{kind}-{number:08}", kind, 1, "active", at, at, _MAKERS[kind](rng, number), {}, ())


def documents(count: int, seed: int = 0) -> Iterator[Document]:
    """The same records as the catalogue takes them."""
    return map(document, records(count, seed))


def _instrument(rng: Random, number: int) -> dict[str, Any]:
    fields = dict(rng.choice(_sample("instrument")))
    place, subject = rng.choice(_places()), _subject(rng)
    owner = _owners()[int(rng.random() ** 2 * OWNERS)]
    fields |= {
        "name_zh": f"{subject[0]}用{fields['name_zh'].removesuffix('（示例）')}",
        "name_en": f"{fields['name_en'].removesuffix(' (sample)')} for {subject[1].lower()}",
        "owner": {"name_zh": owner[0], "name_en": owner[1]},
        "inventory_number": f"B{number:08}",
        "category": f"{rng.randrange(1, 16):02}",
        "commissioned": _day(rng),
        "research_fields": [subject[0], _subject(rng)[0]],
        "status": rng.choice(("in_service", "in_service", "in_service", "idle", "maintenance")),
        "shared": rng.random() < 0.7,
        "place": {"division": place[2], "country": "CN", **_point(rng)},
        "hourly_rate": {"amount": str(rng.randrange(1, 200) * 10), "currency": "CNY"},
    }
    fields["category_code"] = f"{fields['category']}0101"
    return fields


def _project(rng: Random, number: int) -> dict[str, Any]:
    fields = dict(rng.choice(_sample("project")))
    one, other = _subject(rng), _subject(rng)
    start = _day(rng)
    return fields | {
        "number": f"P{number:08}",
        "name_zh": f"{one[0]}与{other[0]}的关键科学问题研究",
        "name_en": f"{one[1]} and {other[1].lower()}: {fields['name_en'].split(':')[-1].strip()}",
        "budget": {"amount": str(rng.randrange(10, 900) * 1000), "currency": "CNY"},
        "start_date": start,
        "keywords": [one[0], other[0]],
        "abstract_zh": f"本项目面向{one[0]}，研究{other[0]}中的共性问题，建立共享的实验方法与数据资源。",
    }


def _organisation(rng: Random, number: int) -> dict[str, Any]:
    place, subject = rng.choice(_places()), _subject(rng)
    return {
        "name_zh": f"{place[0]}{subject[0]}{rng.choice(_ENDINGS)[0]}",
        "name_en": f"{place[1]} Institute of {subject[1]} {number}",
        "place": {"division": place[2], "country": "CN", **_point(rng)},
    }


def _laboratory(rng: Random, number: int) -> dict[str, Any]:
    fields = dict(rng.choice(_sample("laboratory")))
    place, subject = rng.choice(_places()), _subject(rng)
    return fields | {
        "code": f"L{number:08}",
        "name_zh": f"{place[0]}{subject[0]}重点实验室",
        "name_en": f"{place[1]} Key Laboratory of {subject[1]}",
        "research_fields": [subject[0]],
        "place": {"division": place[2], "country": "CN", **_point(rng)},
    }


def _expert(rng: Random, number: int) -> dict[str, Any]:
    fields = dict(rng.choice(_sample("expert")))
    subject = _subject(rng)
    return fields | {
        "expert_number": f"E{number:08}",
        "name_zh": f"研究者{number:06}",
        "name_en": f"Researcher {number:06}",
        "research_fields": [subject[0], subject[1]],
    }


_MAKERS = {
    "instrument": _instrument,
    "project": _project,
    "organisation": _organisation,
    "laboratory": _laboratory,
    "expert": _expert,
}
_ENDINGS = (
    ("大学", "University"),
    ("科学院", "Academy of Sciences"),
    ("工业技术研究院", "Institute of Industrial Technology"),
    ("计量检测中心", "Metrology Centre"),
    ("人民医院", "People's Hospital"),
)


@lru_cache(maxsize=16)
def _sample(kind: str) -> list[dict[str, Any]]:
    found = [orjson.loads(line) for file in FILES if file.kind == kind for line in file.read().splitlines()]
    found = [{name: value for name, value in raw.items() if not name.startswith("_")} for raw in found]
    return [raw for raw in found if kind != "instrument" or ("name_zh" in raw and "name_en" in raw)]


@lru_cache(maxsize=1)
def _places() -> list[tuple[str, str, str]]:
    """Chinese name, English name and code of every county."""
    listed = code_list("division")
    labels = [(code, listed.label(code)) for code in listed if not code.endswith("00")]
    return [(label.zh, label.en, code) for code, label in labels]


@lru_cache(maxsize=1)
def _owners() -> list[tuple[str, str]]:
    """Organisations with instruments, those with most of them first."""
    rng = Random(0)
    pairs = [(rng.choice(_places()), rng.choice(_ENDINGS)) for _ in range(OWNERS)]
    return [(f"{place[0]}{ending[0]}", f"{place[1]} {ending[1]}") for place, ending in pairs]


def _subject(rng: Random) -> tuple[str, str]:
    """A discipline's names; low ones are as rare as they are."""
    listed = _subjects()
    return listed[int(rng.random() ** 2 * len(listed))]


@lru_cache(maxsize=1)
def _subjects() -> list[tuple[str, str]]:
    listed = code_list("nsfc_discipline")
    labels = [listed.label(code) for code in sorted(listed, key=lambda code: (len(code), code))]
    return [(label.zh, label.en) for label in labels]


def _point(rng: Random) -> dict[str, float]:
    """Most around Hangzhou, the others anywhere in the country."""
    if rng.random() < 0.5:
        return {"lat": round(rng.gauss(30.2, 0.8), 5), "lon": round(rng.gauss(120.2, 0.8), 5)}
    return {"lat": round(rng.uniform(20, 50), 5), "lon": round(rng.uniform(75, 130), 5)}


def _day(rng: Random) -> str:
    return (_FIRST_DAY + timedelta(days=rng.randrange(5_800))).isoformat()
