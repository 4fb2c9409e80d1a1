"""Projects from the awards of the US National Science Foundation, and pseudonymous experts from their leaders.

The names of people are personal data and leave neither of the two: a leader is called by a pseudonym that is made from
an award number, never from the name, and awards whose abstract names a person are left out.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from sample.organisations import Register, shuffled
from sample.subjects import subject_of

PROJECTS = 400
EXPERTS = 160
FUNDER = {
    "ror": "https://ror.org/021nxhr62",
    "name_zh": "美国国家科学基金会",
    "name_en": "U.S. National Science Foundation",
}
CLOSING = "This award reflects NSF's statutory mission"
_TITLED = re.compile(r"\b(?:Drs?|Profs?|Professors?|PIs?|Mr|Ms|Mrs)\b\.?,? (?:[A-Z]\.? ?)?[A-Z][a-z]")
_LED_BY = re.compile(r"\b(?:led by|headed by|collaborat\w+ with|Investigators?) [A-Z][a-z]+ (?:[A-Z]\. )?[A-Z][a-z]+")

Award = Mapping[str, Any]
Fields = dict[str, Any]


def projects(register: Register, path: Path) -> list[Fields]:
    """PROJECTS awards, each as the fields of a project with its source's id and version."""
    awards = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    pseudonyms = _pseudonyms(awards)
    fit = {str(award["award_id"]): award for award in awards if award["abstract"] and not _names_people(award)}
    chosen = sorted(shuffled(fit)[:PROJECTS])
    return [_project(fit[number], register, pseudonyms[_person(fit[number])]) for number in chosen]


def experts(awards: list[Fields]) -> list[Fields]:
    """The leaders of EXPERTS of the projects, told by their pseudonyms and by what their projects are about."""
    by_code: dict[str, list[Fields]] = {}
    for award in awards:
        by_code.setdefault(award["leader"]["expert_number"], []).append(award)
    return [_expert(by_code[code]) for code in sorted(shuffled(by_code)[:EXPERTS])]


def _project(award: Award, register: Register, code: str) -> Fields:
    subject = subject_of(award["division"])
    prefix = (award["program_prefix"] or "").replace(", ", ": ")
    fields = {
        "_id": str(award["award_id"]),
        "_version": 1,
        "number": str(award["award_id"]),
        "name_en": ": ".join(part for part in (prefix, award["title_clean"].strip()) if part),
        "level": "national",
        "programme": " ".join(award["program_name"].split()),
        "start_date": _day(award["start_date"]),
        "end_date": _day(award["end_date"]),
        "funder": FUNDER,
        "budget": {"amount": str(award["amount_usd"]), "currency": "USD"},
        "lead": _organisation(award["institution"], register),
        "leader": _leader(code),
        "disciplines": list(subject.disciplines),
        "keywords": [subject.zh, subject.en],
        "abstract_en": award["abstract"].split(CLOSING)[0].strip(),
    }
    return {name: value for name, value in fields.items() if value}


def _expert(awards: list[Fields]) -> Fields:
    latest = awards[-1]
    leader = latest["leader"]
    numbers = ", ".join(award["number"] for award in awards)
    return {
        "_id": leader["expert_number"],
        "_version": 1,
        **leader,
        "organisation": latest["lead"],
        "disciplines": sorted({code for award in awards for code in award.get("disciplines", ())}),
        "research_fields": list(dict.fromkeys(word for award in awards for word in award["keywords"])),
        "biography": (
            f"示例数据：姓名已作假名处理，此人是公开资助项目 {numbers} 的负责人。\n"
            f"Sample data under a pseudonym: the leader of the publicly funded project {numbers}."
        ),
    }


def _leader(code: str) -> Fields:
    return {"expert_number": f"SAMPLE-{code}", "name_zh": f"研究者 {code}", "name_en": f"Researcher {code}"}


def _organisation(name: str, register: Register) -> Fields:
    ror = register.named(name)
    return {"ror": ror, "name_en": name} if ror else {"name_en": name}


def _person(award: Award) -> tuple[str, str, str]:
    return (award["pi_first"] or "", award["pi_last"] or "", award["institution"])


def _pseudonyms(awards: list[Award]) -> dict[tuple[str, str, str], str]:
    """A code for each person: from the first award alone, so that nobody can test a name against it."""
    first: dict[tuple[str, str, str], int] = {}
    for award in awards:
        person = _person(award)
        first[person] = min(award["award_id"], first.get(person, award["award_id"]))
    codes: dict[tuple[str, str, str], str] = {}
    taken: set[str] = set()
    for person, number in sorted(first.items(), key=lambda item: item[1]):
        digest = sha256(f"leader of {number}".encode()).hexdigest().upper()
        code = next(digest[at : at + 4] for at in range(60) if digest[at : at + 4] not in taken)
        taken.add(code)
        codes[person] = code
    return codes


def _names_people(award: Award) -> bool:
    text = f"{award['title_clean']} {award['abstract']}"
    known = [award["pi_first"], award["pi_last"], award["po_name"], *(award["co_pi_names"] or "").split(",")]
    words = {word for name in known for word in re.findall(r"[^\W\d]{3,}", (name or "").replace("(Former)", ""))}
    told = any(re.search(rf"\b{re.escape(word)}\b", text) for word in words)
    return told or bool(_TITLED.search(text) or _LED_BY.search(text))


def _day(text: str | None) -> str | None:
    return datetime.strptime(text, "%m/%d/%Y").date().isoformat() if text else None  # noqa: DTZ007 - a day, no instant
