"""Searches as people make them, drawn at random from the words and places of the records themselves."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from random import Random

from schemas.codes import code_list

Parameters = list[tuple[str, str]]
"""Of GET /api/v1/search."""
Draw = Callable[[Random], Parameters]

PINYIN = (
    *("zhipu", "sepu", "dianzi", "zhejiang daxue", "hangzhou", "ningbo", "kexueyuan", "cailiao", "jisuanji", "shengwu"),
    *("huaxue", "guangyuan", "yiyuan", "shiyanshi", "nongye", "zjdx"),
)
BROAD = ("仪", "研究", "科学", "用", "实验室", "sample", "质谱", "university", "institute", "重点")


def subject(rng: Random) -> str:
    """The Chinese name of a discipline."""
    return code_list("nsfc_discipline").label(rng.choice(_codes("nsfc_discipline"))).zh


def english_subject(rng: Random) -> str:
    return code_list("nsfc_discipline").label(rng.choice(_codes("nsfc_discipline"))).en.lower()


def city(rng: Random) -> str:
    """The code of a prefecture (GB/T 2260)."""
    return rng.choice([code for code in _codes("division") if code.endswith("00") and not code.endswith("0000")])


def typed(rng: Random) -> str:
    """The first letters of something, for suggestions."""
    return rng.choice((subject(rng)[:2], rng.choice(PINYIN)[:4], english_subject(rng)[:4]))


def _around_hangzhou(rng: Random) -> Parameters:
    return [("near", f"{rng.gauss(30.2, 0.8):.4f},{rng.gauss(120.2, 0.8):.4f}"), ("within_km", "50")]


CLASSES: Mapping[str, Draw] = {
    "Chinese words": lambda rng: [("q", subject(rng))],
    "English words": lambda rng: [("q", english_subject(rng))],
    "pinyin": lambda rng: [("q", rng.choice(PINYIN))],
    "a broad term": lambda rng: [("q", rng.choice(BROAD))],
    "words, in a city": lambda rng: [("q", subject(rng)[:2]), ("f.place.division", city(rng))],
    "in a city, newest first": lambda rng: [("f.place.division", city(rng)), ("sort", "-updated")],
    "within 50 km": _around_hangzhou,
    "instruments by price": lambda rng: [("kind", "instrument"), ("sort", "hourly_rate.amount")],
    "all of a kind": lambda rng: [("kind", rng.choice(("instrument", "project", "expert")))],
}


@lru_cache(maxsize=8)
def _codes(name: str) -> list[str]:
    return sorted(code_list(name))
