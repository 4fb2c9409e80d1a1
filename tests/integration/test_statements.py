"""What sources state over HTTP, part by part and version by version, and what becomes of decisions about it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.integration.labs import LAB, Site, running
from tests.waiting import wait_until

pytestmark = pytest.mark.integration
USCC = "12100000470095016Q"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running(tmp_path_factory.mktemp("statements")) as made:
        yield made


def test_a_row_that_says_no_name_again_keeps_what_it_said(site: Site) -> None:
    """A field is absent, has a value, or is stated to be empty."""
    lab, ministry = site.caller(*LAB), site.operator
    row = {"_id": "three", "number": "THREE-1", "name_zh": "甲", "abstract": "省里的话"}
    (first,) = lab.sent(row, kind="project")
    lab.sent({"_id": "three", "keywords": ["半导体"]}, kind="project")
    assert lab.record(first["record_id"])["fields"]["name_zh"] == "甲"
    ministry.sent({"_id": "m", "number": "THREE-1", "abstract": None}, kind="project", source="national")
    assert "abstract" not in lab.record(first["record_id"])["fields"]


@pytest.mark.parametrize(("number", "has_version", "added"), [
    ("ECHO-1", True, {}), ("ECHO-2", False, {}), ("ECHO-3", True, {"abstract": "部里的话"}),
])  # fmt: skip
def test_what_the_hub_exported_is_nobodys_statement_when_it_comes_back(
    site: Site, number: str, has_version: bool, added: dict[str, Any]
) -> None:
    lab, ministry = site.caller(*LAB), site.operator
    own = {"_id": "E1", "number": number}
    (first,) = lab.sent({**own, "name_zh": "单位写的", "_version": 1}, kind="project")
    record = lab.record(first["record_id"])
    exported = {"_id": record["id"], **record["fields"], **added}
    ministry.send(
        exported | ({"_version": record["version"]} if has_version else {}), kind="project", source="national"
    )
    lab.sent({**own, "_version": 2, "name_zh": "单位改正"}, kind="project")
    assert lab.record(first["record_id"])["fields"]["name_zh"] == "单位改正"
    lab.sent({"_id": "E1", "_version": 3, "_operation": "withdraw"}, kind="project")
    wait_until(lambda: lab.record(first["record_id"])["fields"] == added)


def test_two_organisations_of_one_source_may_use_one_id_and_withdraw_only_their_own(site: Site) -> None:
    first, second = site.caller(*LAB), site.caller(*LAB)
    (mine,) = first.sent({"_id": "A-1", "_version": 1, "name_zh": "甲"})
    second.sent({"_id": "A-1", "_version": 2, "_operation": "withdraw"})
    assert first.record(mine["record_id"])["status"] == "active"
    named = {"owner": {"uscc": USCC, "name_zh": "浙江大学"}, "inventory_number": "A-9"}
    (held,) = first.sent({"_id": "A-9", "name_zh": "乙", **named})
    second.sent({"_id": "theirs", "description": "占用", **named})
    assert "description" not in first.record(held["record_id"])["fields"]


@pytest.mark.parametrize("source", ["owner", "zhejiang"])
def test_a_withdrawal_that_names_no_own_id_finds_its_own_record_or_is_refused(site: Site, source: str) -> None:
    lab = site.caller(*LAB, source=source)
    number = f"RE-{source}"
    row = {"_id": "R2", "_version": 2, "number": number, "name_zh": "题"}
    (first,) = lab.sent(row, kind="project", source=source)
    gone = {"number": number, "_operation": "withdraw", "_version": 3}
    (answer,) = site.caller(*LAB, source="nsf").sent(gone, kind="project", source="nsf")
    assert answer["state"] == "dead", "it is no record of that source's"
    assert lab.record(first["record_id"])["status"] == "active"
    (answer,) = lab.sent(gone, kind="project", source=source)
    assert answer["state"] != "dead"
    assert lab.record(first["record_id"])["status"] == "withdrawn"


@pytest.mark.parametrize("ahead", ["2999-01-01T00:00:00Z", "29990101T000000Z", str(4 * 10**16)])
def test_a_version_of_the_days_to_come_is_put_aside_with_its_reason(site: Site, ahead: str) -> None:
    lab = site.caller(*LAB)
    today = datetime.now(UTC).isoformat()
    answer = lab.send({"_id": "future", "name_zh": "甲", "_version": ahead}).json()
    assert (answer["accepted"], answer["refused"]) == (0, 1)
    assert "future-version" in str(answer["problems"])
    (row,) = lab.sent({"_id": "future", "name_zh": "乙", "_version": today})
    assert lab.record(row["record_id"])["fields"]["name_zh"] == "乙"
    lab.sent({"_id": "future", "_operation": "withdraw", "_version": datetime.now(UTC).isoformat()})
    assert lab.record(row["record_id"])["status"] == "withdrawn"


@pytest.mark.parametrize("other", [7, "7", "20260102"])
def test_a_version_of_the_other_form_is_refused_and_not_passed_over(site: Site, other: object) -> None:
    lab = site.caller(*LAB)
    lab.sent({"_id": "form", "name_zh": "甲", "_version": "2026-01-01T00:00:00Z"})
    (row,) = lab.sent({"_id": "form", "name_zh": "乙", "_version": other})
    assert row["state"] == "dead"


def test_other_content_under_one_version_is_never_dropped_in_silence(site: Site) -> None:
    lab = site.caller(*LAB)
    numbers = range(20)
    lab.sent(*({"_id": f"w{n}", "name_zh": "错别字", "_version": 1} for n in numbers))
    rows = lab.sent(*({"_id": f"w{n}", "name_zh": "已更正", "_version": 1} for n in numbers))
    assert {row["state"] for row in rows} == {"dead"} or all(
        lab.record(row["record_id"])["fields"]["name_zh"] == "已更正" for row in rows
    )


NUMBERS = ["2022-YFB-1234567", "2022YFB1234567号", "国科2022YFB1234567", "2022YFBl234567", "2022YFВ1234567"]


def test_numbers_that_look_alike_are_offered_as_perhaps_one(site: Site) -> None:
    lab = site.caller(*LAB)
    rows = lab.sent({"_id": "n", "number": "2022YFB1234567", "name_zh": "甲题"}, kind="project")
    for place, number in enumerate(NUMBERS):
        rows += lab.sent({"_id": f"n{place}", "number": number, "name_zh": f"题{place}"}, kind="project")
    found = site.live(rows)
    first = rows[0]["record_id"]
    asked = {name for pair in site.offered(set(found)) for name in pair[1:] if first in pair}
    assert asked == set(found)


@pytest.mark.parametrize("inventory", [("INV-1", "2024-0001"), ("A1", "B2"), ("7", "")])
def test_one_serial_number_is_offered_whatever_the_inventory_numbers(site: Site, inventory: tuple[str, str]) -> None:
    lab = site.caller(*LAB)
    made = {
        "name_zh": "质谱仪", "model": "M1", "serial_number": f"SN{inventory[0]}", "manufacturer": {"name_zh": "厂"},
        "owner": {"uscc": USCC, "name_zh": "浙江大学"},
    }  # fmt: skip
    rows = [
        row
        for place, number in enumerate(inventory)
        for row in lab.sent(
            {"_id": f"{inventory[0]}-{place}", **({"inventory_number": number} if number else {}), **made}
        )
    ]
    assert len(site.offered(set(site.live(rows)))) == 1


def test_joined_and_separate_cannot_both_be_said(site: Site) -> None:
    rows = site.caller(*LAB).sent(*({"_id": f"tri-{n}", "name_zh": f"三{n}"} for n in "abc"))
    first, second, third = (str(row["record_id"]) for row in rows)
    for left, right in ((first, second), (second, third)):
        said = site.operator.post("same-as", {"left": left, "right": right, "decision": "joined"})
        assert said.status_code == 202
    wait_until(lambda: len(site.live(rows)) == 1)
    answer = site.operator.post("same-as", {"left": first, "right": third, "decision": "separate"})
    assert (answer.status_code, second in answer.text) == (409, True)


@pytest.mark.parametrize("stale", [(2,), (1, 2), (3,)])
def test_a_statement_older_than_its_withdrawal_makes_no_record(site: Site, stale: tuple[int, ...]) -> None:
    lab, pid = site.caller(*LAB), f"10.5072/phantom-{sum(stale)}-{len(stale)}"
    lab.sent({"_id": "phantom", "_version": 3, "_operation": "withdraw"})
    for version in stale:
        (row,) = lab.sent({"_id": "phantom", "_version": version, "name_zh": "影", "pid": pid})
        for path in ("", "/history", "/related"):
            assert not row["record_id"] or lab.get(f"records/{row['record_id']}{path}").status_code == 404
    (row,) = lab.sent({"_id": "phantom", "_version": 4, "name_zh": "实", "pid": pid})
    assert lab.record(row["record_id"])["fields"]["name_zh"] == "实"


def test_a_source_that_says_nothing_of_a_field_is_not_preferred_about_it(site: Site) -> None:
    lab, ministry = site.caller(*LAB), site.operator
    (row,) = lab.sent({"_id": "p1", "number": "PREF-1", "name_zh": "甲"}, kind="project")
    ministry.sent(
        {"_id": "p2", "number": "PREF-1", "name_zh": "乙", "abstract": "题"}, kind="project", source="national"
    )
    choice = {"field": "abstract", "source": "owner", "source_record_id": "p1"}
    assert ministry.post(f"records/{row['record_id']}/preferences", choice).status_code == 422


def test_a_preference_ends_with_the_values_that_it_was_made_on(site: Site) -> None:
    by = site.operator

    def said(source: str, name: str, version: int = 1) -> str:
        row = {"_id": source, "number": "CF-1", "name_zh": name, "_version": version}
        return str(by.sent(row, kind="project", source=source)[0]["record_id"])

    def disputed() -> list[str]:
        page = by.get("conflicts", limit="100").json()["conflicts"]
        return [field["field"] for one in page if one["id"] == record for field in one["fields"]]

    record, _ = said("ror", "甲说"), said("nsf", "乙说")
    assert disputed() == ["name_zh"]
    choice = {"field": "name_zh", "source": "nsf", "source_record_id": "nsf"}
    assert by.post(f"records/{record}/preferences", choice).status_code == 202
    wait_until(lambda: by.record(record)["fields"]["name_zh"] == "乙说" and not disputed())
    said("nsf", "乙改口", 2)
    assert disputed() == ["name_zh"]
    said("national", "国家说")
    assert by.record(record)["fields"]["name_zh"] == "国家说"
