"""The shipped sample: valid, linked, small, and without anybody's personal data."""

import json
import re
from functools import cache
from typing import Any

import pytest

from sample import FILES, SampleFile
from sample.build import write
from sample.projects import projects
from schemas.kind import kind_named
from schemas.validation import Valid, validate_python
from services.ingest.formats.ror import organisation

LIMIT_BYTES = 5 * 2**20


@cache
def fields(file: SampleFile) -> dict[str, dict[str, Any]]:
    """The validated fields of every row, by record id."""
    kind = kind_named(file.kind)
    found = {}
    for line in file.read().splitlines():
        row = json.loads(line)
        if file.format == "ror":
            own_id, raw = row["record"]["id"], organisation(row["record"])
        else:
            own_id, raw = row["_id"], {name: value for name, value in row.items() if not name.startswith("_")}
        result = validate_python(kind, raw)
        assert isinstance(result, Valid), (own_id, result)
        found[kind.id_of(result.fields, file.source, own_id)] = result.fields
    return found


def named(path: str) -> dict[str, dict[str, Any]]:
    return fields(next(file for file in FILES if file.path.startswith(path)))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.path)
def test_every_row_is_valid_and_a_record_of_its_own(file: SampleFile) -> None:
    assert len(fields(file)) == file.rows() > 0


def test_it_is_small() -> None:
    assert sum(len(file.read()) for file in FILES) < LIMIT_BYTES


def test_references_lead_somewhere() -> None:
    known = {kind: set(named(f"{kind}s")) | set(named("laboratories")) for kind in ("organisation", "expert")}
    identified = {kind: kind_named(kind).identified for kind in ("organisation", "expert", "laboratory")}
    for instrument in named("instruments").values():
        assert identified["organisation"](instrument["owner"]) in known["organisation"]
        assert identified["laboratory"](instrument["laboratory"]) in named("laboratories")
        assert instrument["place"]["division"].startswith("33")
    for project in named("projects").values():
        assert identified["organisation"](project["funder"]) in known["organisation"]
        assert "ror" not in project["lead"] or identified["organisation"](project["lead"]) in known["organisation"]
    led = {identified["expert"](project["leader"]) for project in named("projects").values()}
    assert set(named("experts")) <= led


def test_what_is_made_up_says_so() -> None:
    for path in ("instruments", "laboratories", "experts"):
        for record in named(path).values():
            told = record.get("description") or record["biography"]
            assert "示例" in told
            assert "ample data" in told
    for instrument in named("instruments").values():
        assert instrument["inventory_number"].startswith("SAMPLE-")


def test_there_is_something_to_book_either_way() -> None:
    offered = [
        record for record in named("instruments").values() if record["shared"] and record["status"] == "in_service"
    ]
    assert len(offered) > 100
    assert {record["booking_confirmation"] for record in offered} == {"automatic", "owner"}


def test_people_have_pseudonyms_and_nobody_can_be_called() -> None:
    for person in [*named("experts").values(), *(project["leader"] for project in named("projects").values())]:
        assert re.fullmatch(r"研究者 [0-9A-F]{4}", person["name_zh"])
        assert re.fullmatch(r"Researcher [0-9A-F]{4}", person["name_en"])
    for file in FILES:
        text = json.dumps(list(fields(file).values()))
        assert not re.search(r"[\w.]+@\w+\.\w|\b(?:tel|phone|fax)\b\s*[.:]|\(\d{3}\) \d{3}-\d{4}", text, re.IGNORECASE)
        assert not re.search(r"\b(?:Dr|Prof)\. [A-Z]|\bProfessor [A-Z]", text)


def test_awards_that_name_a_person_are_left_out(tmp_path: Any) -> None:
    award = {
        "award_id": 1,
        "program_prefix": "CAREER, RAPID",
        "title_clean": "Cold ions",
        "pi_first": "Ada",
        "pi_last": "Byron",
        "co_pi_names": None,
        "po_name": None,
        "institution": "Somewhere",
        "division": "PHY",
        "program_name": "AMO",
        "amount_usd": 1000,
        "start_date": "08/01/2026",
        "end_date": None,
        "abstract": "We cool ions. This award reflects NSF's statutory mission and so on.",
    }
    others = [
        award | {"award_id": 2},
        award | {"award_id": 3, "abstract": "Byron cools ions."},
        award | {"award_id": 4, "abstract": "With Dr. Euler we cool ions."},
    ]
    write(tmp_path / "awards.jsonl", [award, *others])
    found = projects(_Nobody(), tmp_path / "awards.jsonl")  # type: ignore[arg-type]
    assert [project["number"] for project in found] == ["1", "2"]
    assert found[0]["leader"] == found[1]["leader"]
    assert found[0]["name_en"] == "CAREER: RAPID: Cold ions"
    assert found[0]["abstract_en"] == "We cool ions."
    assert "Byron" not in json.dumps(found)


class _Nobody:
    def named(self, _: str) -> None:
        return None
