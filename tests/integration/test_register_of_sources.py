"""A changed register of sources takes effect on what was said before; authority ends where jurisdiction does."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.integration.labs import LAB, Caller, running
from tests.waiting import wait_until

pytestmark = pytest.mark.integration
JILIN, LISHUI = "122200004127532004", "12331100471660085J"


def register(folder: Path, **authorities: str) -> Path:
    """A register of these sources: `authority`, or `authority was EARLIER-ID`."""
    entries = []
    for name, text in authorities.items():
        authority, _, was = text.partition(" was ")
        entries.append(f"{name}: {{zh: {name}, en: {name}, authority: {authority}, was: [{was}]}}")
    path = folder / "sources.yaml"
    path.write_text("\n".join(entries), "utf-8")
    return path


def project(number: str, version: int, **fields: Any) -> dict[str, Any]:
    return {"_id": number, "_version": version, "number": number, **fields}


def speakers(record: dict[str, Any]) -> set[str]:
    """The sources whose word the record has."""
    return {row["source"]["id"] for row in record["rows"] if row["source"]}


@pytest.mark.parametrize("chain", [("zhejiang", "zj"), ("b", "a"), ("a", "b")])
def test_a_renamed_source_goes_on_with_what_it_said_under_its_old_name(tmp_path: Path, chain: tuple[str, str]) -> None:
    old, new = chain
    with running(tmp_path, sources=register(tmp_path, **{old: "provincial"})) as site:
        by = site.operator
        (row,) = by.sent(project("MB", 8, name_zh="旧", abstract="旧文"), kind="project", source=old)
        system = site.caller(*LAB, source=old)
        system.sent(project("MC", 8, name_zh="丙"), kind="project", source=old)
    with running(tmp_path, sources=register(tmp_path, **{new: f"provincial was {old}"})) as site:
        wait_until(lambda: speakers(site.operator.record(row["record_id"])) == {new})
        site.operator.sent(project("MB", 9, name_zh="新", abstract="新文"), kind="project", source=new)
        found = site.operator.record(row["record_id"])
        assert (found["fields"]["name_zh"], found["fields"]["abstract"]) == ("新", "新文")
        assert speakers(found) == {new}
        assert site.operator.get("conflicts").json()["conflicts"] == []
        system = Caller(site.client, system.token)  # which was given the word under the old name
        assert [one["id"] for one in system.get("me").json()["sources"]] == [new]
        for number, name in (("MB", old), ("MC", new)):
            gone = {"_id": number, "_version": 10, "_operation": "withdraw"}
            (told,) = system.sent(gone, kind="project", source=name)
            assert system.record(told["record_id"])["status"] == "withdrawn"


@pytest.mark.parametrize(
    ("before", "after", "first", "then"),
    [
        ("harvested", "national", "省", "甲"),
        ("harvested", "provincial", "省", "甲"),
        ("national", "harvested", "甲", "省"),
    ],
)
def test_another_authority_of_a_source_counts_for_what_it_said_before(
    tmp_path: Path, before: str, after: str, first: str, then: str
) -> None:
    said = project("AU-1", 1, name_zh="甲"), project("AU-1", 1, name_zh="省")
    with running(tmp_path, sources=register(tmp_path, au=before, zj="provincial")) as site:
        for row, source in zip(said, ("au", "zj"), strict=True):
            (told,) = site.operator.sent(row, kind="project", source=source)
        record = told["record_id"]
        assert site.operator.record(record)["fields"]["name_zh"] == first
    with running(tmp_path, sources=register(tmp_path, au=after, zj="provincial")) as site:
        wait_until(lambda: site.operator.record(record)["fields"]["name_zh"] == then)
        site.operator.sent(said[0], kind="project", source="au")
        assert site.operator.record(record)["fields"]["name_zh"] == then


@pytest.mark.parametrize(
    ("kind", "identifier", "place"),
    [
        ("organisation", {"uscc": JILIN}, {"place": {"division": "220104"}}),
        ("project", {"number": "JL-1"}, {"lead": {"uscc": JILIN, "name_zh": "吉林大学"}}),
        ("instrument", {"pid": "10.5072/jilin"}, {"place": {"division": "220104"}, "owner": {"uscc": LISHUI}}),
    ],
)
def test_a_province_that_speaks_of_anothers_record_counts_as_harvested(
    tmp_path: Path, kind: str, identifier: dict[str, Any], place: dict[str, Any]
) -> None:
    with running(tmp_path) as site:
        lab = site.caller(*LAB)
        lab.sent({"_id": "j", "name_zh": "吉林", **identifier, **place}, kind=kind)
        lab.sent({"_id": "z", "name_zh": "浙江", "uscc": LISHUI}, kind="organisation")
        own_word = {} if kind == "project" else {"place": {"division": "330106"}}
        claims = {"_id": "p", "name_zh": "浙江说", **own_word, **identifier}
        (row,) = site.operator.sent(claims, kind=kind, source="zhejiang")
        found = lab.record(row["record_id"])
        assert found["fields"]["name_zh"] == "吉林"
        assert speakers(found) == {"owner"}
        (row,) = site.operator.sent(
            {"_id": "o", "name_zh": "丽水", "uscc": LISHUI}, kind="organisation", source="zhejiang"
        )
        assert lab.record(row["record_id"])["fields"]["name_zh"] == "丽水", "its own province's"


def test_a_source_that_states_the_form_of_its_versions_has_rows_of_the_other_refused(tmp_path: Path) -> None:
    sources = tmp_path / "sources.yaml"
    sources.write_text(
        "t: {zh: 时, en: times, authority: owner, versions: time}\n"
        "c: {zh: 数, en: counts, authority: owner, versions: count}\n"
    )
    today = datetime.now(UTC)
    with running(tmp_path, sources=sources) as site:
        for source, versions in (
            ("t", {7: False, today.isoformat(): True, f"{today:%Y%m%d}": True, int(today.timestamp() * 1e6): True}),
            ("c", {7: True, "20260102": True, today.isoformat(): False, int(today.timestamp() * 1e6): False}),
        ):
            for place, (version, taken) in enumerate(versions.items()):
                row = {"_id": f"{source}{place}", "name_zh": "甲", "_version": version}
                answer = site.operator.send(row, source=source).json()
                assert (answer["accepted"], answer["refused"]) == (int(taken), int(not taken)), (source, version)
                assert taken or "bad-version" in str(answer["problems"])
