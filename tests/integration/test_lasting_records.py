"""What sources say of identifiers and versions over HTTP, and that bookings, usage and links outlive both."""

import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.ports.clock import ManualClock
from tests.integration.labs import LAB, Site, running
from tests.integration.moving_hub import OPEN, tomorrow
from tests.waiting import wait_until

pytestmark = pytest.mark.integration
USCC = ("12100000470095016Q", "91330000142919654P", "123300004700091527")
ROR = ("https://ror.org/00a2xv884", "https://ror.org/014v1mr15", "https://ror.org/03et85d35")
ORCID = "0000-0002-1825-0097"
LONG = 20_000
RUN = {"started_at": "2026-01-05T08:00:00+08:00", "ended_at": "2026-01-05T09:00:00+08:00", "user_kind": "internal"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running(tmp_path_factory.mktemp("lasting")) as made:
        yield made


def bookable(number: str, **more: Any) -> dict[str, Any]:
    automatic = {"booking_confirmation": "automatic", "slot_minutes": 60}
    return {"_id": number, "name_en": number, "opening_hours": OPEN, "shared": True, **automatic, **more}


def slot(instrument: str, first: int = 9, last: int = 10) -> dict[str, Any]:
    return {"instrument": instrument, "start": tomorrow(first), "end": tomorrow(last), "purpose": "合金断口"}


def live(site: Site, rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The active records that the rows are about now, by their ids."""
    found = [site.operator.record(row["record_id"]) for row in rows if row["record_id"]]
    return {record["id"]: record for record in found if record["status"] == "active"}


def offered(site: Site, wanted: set[str]) -> set[tuple[str, str, str]]:
    """The pairs of these records that stewards are asked about."""
    after, pairs = "", []
    while after is not None:
        page = site.operator.get("duplicates", limit="100", **({"after": after} if after else {})).json()
        pairs += page["duplicates"]
        after = page["next"]
    named = [(pair["sign"], *sorted((pair["left"]["id"], pair["right"]["id"]))) for pair in pairs]
    return {name for name in named if set(name[1:]) <= wanted}


@pytest.mark.parametrize(
    ("number", "gained"),
    [
        ("mv1", {"pid": "10.5072/mv1"}),
        ("mv2", {"national_number": "MV 2"}),
        ("mv3", {"owner": {"uscc": USCC[0], "name_zh": "浙江大学"}, "inventory_number": "MV-3"}),
    ],
)
def test_bookings_usage_and_links_outlive_what_identifies_an_instrument(
    site: Site, number: str, gained: dict[str, Any]
) -> None:
    lab, company = site.caller(*LAB), site.caller("member")
    first = lab.registered(bookable(number))
    made = company.post("bookings", slot(first))
    assert made.status_code == 201, made.text
    assert lab.post(f"instruments/{first}/telemetry", RUN).status_code == 202
    then = str(lab.sent(bookable(number, **gained))[0]["record_id"])
    assert lab.record(first)["id"] == lab.record(then)["id"]
    for instrument in {first, then}:
        assert company.post("bookings", slot(instrument)).status_code in (409, 410), "its time is sold once"
    assert lab.get(f"bookings/{made.json()['id']}").status_code == 200
    now = lab.record(first)["id"]
    (kept,) = lab.get("bookings", scope="instrument", instrument=now).json()["bookings"]
    assert kept["id"] == made.json()["id"]
    usage = {"scope": "instrument", "id": now, "from": "2026-01", "to": "2026-01"}
    wait_until(
        lambda: "3600" in lab.get("usage", **usage).text or '"effective_hours":1' in lab.get("usage", **usage).text
    )


OWN, LAB_HOST = {"uscc": USCC[1]}, {"uscc": USCC[1], "ror": ROR[1]}
THINGS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "instrument": [
        ("owner", {"pid": "10.5072/r2", "national_number": "R 2", "inventory_number": "R2", "owner": OWN}),
        ("national", {"pid": "10.5072/R2"}),
        ("nsf", {"national_number": "r2"}),
    ],
    "organisation": [
        ("owner", {"uscc": USCC[0], "ror": ROR[0]}),
        ("national", {"uscc": USCC[0]}),
        ("ror", {"ror": ROR[0]}),
    ],
    "laboratory": [
        ("owner", {"name_zh": "硅实验室", "name_en": "Silicon lab", "host": LAB_HOST, "code": "L 1"}),
        ("national", {"name_zh": "硅实验室", "code": "l1"}),
        ("nsf", {"name_en": "Silicon Lab", "host": {"ror": ROR[1]}}),
    ],
}


@pytest.mark.parametrize("kind", THINGS)
def test_identifiers_spread_over_sources_lead_to_one_record(site: Site, kind: str) -> None:
    lab, rows = site.caller(*LAB), []
    for source, fields in THINGS[kind][::-1]:
        caller = lab if source == "owner" else site.operator
        rows += caller.sent({"_id": f"spread-{kind}", "name_en": kind, **fields}, kind=kind, source=source)
    assert len(live(site, rows)) == 1


@pytest.mark.parametrize(
    "identifier",
    [
        {"pid": "10.5072/victim"},
        {"national_number": "VICTIM-1"},
        {"owner": {"uscc": USCC[2], "name_zh": "杭州师范大学"}, "inventory_number": "V-1"},
    ],
)
def test_another_source_that_names_ones_instrument_neither_retires_it_nor_reads_its_bookings(
    site: Site, identifier: dict[str, Any]
) -> None:
    lab, company, thief = site.caller(*LAB), site.caller("member"), site.caller(*LAB, source="sample")
    instrument = lab.registered(bookable(f"victim-{sorted(identifier)[0]}", status="in_service", **identifier))
    booking = company.post("bookings", slot(instrument)).json()["id"]
    (row,) = thief.sent({"_id": "mine", "name_en": "mine", "status": "retired", **identifier}, source="sample")
    assert lab.record(instrument)["fields"]["status"] == "in_service"
    assert thief.get(f"bookings/{booking}").status_code == 404
    assert thief.post(f"bookings/{booking}/cancel").status_code == 404
    assert lab.get(f"bookings/{booking}").json()["purpose"] == "合金断口"
    assert row["record_id"] == instrument, "which the row claims"


@pytest.mark.parametrize("pair", [("AB 1", "AB1"), ("straße", "STRASSE"), ("ＡＢ２", "ab2")])
def test_a_sources_own_ids_tell_things_apart_exactly(site: Site, pair: tuple[str, str]) -> None:
    rows = site.caller(*LAB).sent(*({"_id": number, "name_en": f"thing {number}"} for number in pair))
    assert {record["fields"]["name_en"] for record in live(site, rows).values()} == {f"thing {one}" for one in pair}


@pytest.mark.parametrize("hidden", ["\ufeff", "\u200b", "\u00ad", "\u202e", "\u2060", "\U000e0041"])
def test_characters_that_nobody_sees_make_no_further_record(site: Site, hidden: str) -> None:
    number = f"2022YFC{ord(hidden):07}"
    plain = {"_id": "p", "name_zh": "甲", "number": number}
    unseen = {"_id": "h", "name_zh": "甲", "number": f"{number[:4]}{hidden}{number[4:]}"}
    rows = [row for fields in (plain, unseen) for row in site.caller(*LAB).sent(fields, kind="project", source="owner")]
    assert len({row["record_id"] for row in rows}) == 1
    doi = f"10.5072/hidden-{ord(hidden)}"
    lab = site.caller(*LAB)
    rows = [*lab.sent({"_id": "d", "pid": doi}), *lab.sent({"_id": "d2", "pid": doi.replace("/", f"/{hidden}")})]
    assert len(live(site, rows)) == 1
    assert lab.send({"_id": "n", "name_zh": hidden}).json()["refused"] == 1


@pytest.mark.parametrize("word", ["Müller-Matrix", "Ångström", "がん"])
def test_one_word_in_two_compositions_is_one_entry_of_a_facet(site: Site, word: str) -> None:
    lab = site.caller(*LAB)
    for form in ("NFC", "NFD"):
        lab.registered(
            {"_id": form + word, "name_en": f"facet {word}", "techniques": [unicodedata.normalize(form, word)]}
        )
    page = lab.get("search", q=f"facet {word}", kind="instrument", facets="techniques").json()
    assert [(one["value"], one["count"]) for one in page["facets"][0]["values"]] == [
        (unicodedata.normalize("NFC", word), 2)
    ]


def test_a_row_that_says_no_name_again_keeps_what_it_said(site: Site) -> None:
    """A field is absent, has a value, or is stated to be empty."""
    lab, ministry = site.caller(*LAB), site.operator
    row = {"_id": "three", "number": "THREE-1", "name_zh": "甲", "abstract": "省里的话"}
    (first,) = lab.sent(row, kind="project")
    lab.sent({"_id": "three", "keywords": ["半导体"]}, kind="project")
    assert lab.record(first["record_id"])["fields"]["name_zh"] == "甲"
    ministry.sent({"_id": "m", "number": "THREE-1", "abstract": None}, kind="project", source="national")
    assert "abstract" not in lab.record(first["record_id"])["fields"]


def test_what_the_hub_exported_is_nobodys_statement_when_it_comes_back(site: Site) -> None:
    lab, ministry = site.caller(*LAB), site.operator
    (first,) = lab.sent({"number": "ECHO-1", "name_zh": "单位写的", "_id": "E1", "_version": 1}, kind="project")
    record = lab.record(first["record_id"])
    exported = {"_id": record["id"], "_version": record["version"], **record["fields"]}
    ministry.send(exported, kind="project", source="national")
    lab.sent({"_id": "E1", "_version": 2, "number": "ECHO-1", "name_zh": "单位改正"}, kind="project")
    assert lab.record(first["record_id"])["fields"]["name_zh"] == "单位改正"
    lab.sent({"_id": "E1", "_version": 3, "_operation": "withdraw"}, kind="project")
    assert lab.record(first["record_id"])["status"] == "withdrawn"


def test_two_organisations_of_one_source_may_use_one_id_and_withdraw_only_their_own(site: Site) -> None:
    first, second = site.caller(*LAB), site.caller(*LAB)
    (mine,) = first.sent({"_id": "A-1", "_version": 1, "name_zh": "甲"})
    second.sent({"_id": "A-1", "_version": 2, "_operation": "withdraw"})
    assert first.record(mine["record_id"])["status"] == "active"
    named = {"owner": {"uscc": USCC[0], "name_zh": "浙江大学"}, "inventory_number": "A-9"}
    (held,) = first.sent({"_id": "A-9", "name_zh": "乙", **named})
    second.sent({"_id": "theirs", "description": "占用", **named})
    assert "description" not in first.record(held["record_id"])["fields"]


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("organisation", {"name_zh": "丽水测试所"}, {"name_zh": "丽水测试所", "uscc": "12331100471660085J"}),
        ("laboratory", {"name_zh": "竹实验室", "host": {"name_zh": "丽水所"}},
         {"name_zh": "竹实验室", "host": {"name_zh": "丽水所", "uscc": USCC[1]}}),
        ("expert", {"name_zh": "王芳"}, {"name_zh": "王芳", "orcid": "0000-0001-5109-3700"}),
    ],
)  # fmt: skip
def test_an_old_id_leads_on_when_a_record_gains_an_identifier(
    site: Site, kind: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    lab = site.caller(*LAB)
    (first,) = lab.sent({"_id": "ORG1", "_version": 1, **before}, kind=kind)
    (then,) = lab.sent({"_id": "ORG1", "_version": 2, **after}, kind=kind)
    assert then["state"] != "refused", then
    found = lab.record(first["record_id"])
    assert (found["status"], found["id"]) == ("active", lab.record(then["record_id"])["id"])


def test_a_shared_identifier_that_comes_later_joins_two_records(site: Site) -> None:
    province, register = site.operator, site.operator
    rows = province.sent(
        {"_id": "z1", "_version": 1, "name_zh": "宁大", "uscc": USCC[1]}, kind="organisation", source="zhejiang"
    )
    rows += register.sent({"_id": "r1", "name_en": "NBU", "ror": ROR[2]}, kind="organisation", source="ror")
    both = {"_id": "z1", "_version": 2, "name_zh": "宁大", "uscc": USCC[1], "ror": ROR[2]}
    rows += province.sent(both, kind="organisation", source="zhejiang")
    assert len(live(site, rows)) == 1 or offered(site, set(live(site, rows)))


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
    found = live(site, rows)
    first = rows[0]["record_id"]
    asked = {name for pair in offered(site, set(found)) for name in pair[1:] if first in pair}
    assert asked == set(found)


@pytest.mark.parametrize("inventory", [("INV-1", "2024-0001"), ("A1", "B2"), ("7", "")])
def test_one_serial_number_is_offered_whatever_the_inventory_numbers(site: Site, inventory: tuple[str, str]) -> None:
    lab = site.caller(*LAB)
    made = {
        "name_zh": "质谱仪", "model": "M1", "serial_number": f"SN{inventory[0]}", "manufacturer": {"name_zh": "厂"},
        "owner": {"uscc": USCC[0], "name_zh": "浙江大学"},
    }  # fmt: skip
    rows = [
        row
        for place, number in enumerate(inventory)
        for row in lab.sent(
            {"_id": f"{inventory[0]}-{place}", **({"inventory_number": number} if number else {}), **made}
        )
    ]
    assert len(offered(site, set(live(site, rows)))) == 1


def test_joined_and_separate_cannot_both_be_said(site: Site) -> None:
    rows = site.caller(*LAB).sent(*({"_id": f"tri-{n}", "name_zh": f"三{n}"} for n in "abc"))
    first, second, third = (str(row["record_id"]) for row in rows)
    for left, right in ((first, second), (second, third)):
        said = site.operator.post("same-as", {"left": left, "right": right, "decision": "joined"})
        assert said.status_code == 202
    wait_until(lambda: len(live(site, rows)) == 1)
    answer = site.operator.post("same-as", {"left": first, "right": third, "decision": "separate"})
    assert (answer.status_code, second in answer.text) == (409, True)


def test_a_statement_older_than_its_withdrawal_makes_no_record(site: Site) -> None:
    lab = site.caller(*LAB)
    lab.sent({"_id": "phantom", "_version": 3, "_operation": "withdraw"})
    (row,) = lab.sent({"_id": "phantom", "_version": 2, "name_zh": "影", "pid": "10.5072/phantom"})
    assert not row["record_id"] or lab.get(f"records/{row['record_id']}").status_code == 404


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


@pytest.mark.parametrize(
    ("kind", "field", "identifier"),
    [("expert", "biography", {"orcid": ORCID}), ("organisation", "description", {"ror": ROR[1]}),
     ("project", "abstract", {"number": "LONG-1"})],
)  # fmt: skip
def test_a_record_that_grows_without_end_holds_up_nobody(
    site: Site, kind: str, field: str, identifier: dict[str, Any]
) -> None:
    lab = site.caller(*LAB)
    texts = [chr(0x20000 + number) * LONG for number in range(16)]
    rows = []
    for place, text in enumerate(texts):
        rows += lab.sent({"_id": f"long{place}", "name_zh": "长", field: text, **identifier}, kind=kind)
    other = lab.registered({"_id": f"after-{kind}", "name_en": "after"})
    assert lab.record(other)["status"] == "active"
    (found,) = live(site, rows)
    assert site.operator.record(found)["fields"][field]
    assert {row["state"] for row in rows} >= {"dead"}, "beyond a bound, and told so"
    assert site.readiness()["checks"]["store event_log"]["dead_letters"]


def started(folder: Path, at: datetime, sources: Path | None = None) -> Any:
    return running(folder, ManualClock(at), sources)


@pytest.mark.parametrize("fast", [timedelta(minutes=2), timedelta(hours=2), timedelta(days=3)])
def test_what_is_sent_after_a_clock_was_set_back_still_counts(tmp_path: Path, fast: timedelta) -> None:
    now = datetime.now(UTC)
    with started(tmp_path, now + fast) as site:
        lab, company = site.caller(*LAB), site.caller("member")
        instrument = lab.registered(bookable("clock", pid="10.5072/clock"))
        made = company.post("bookings", slot(instrument, 21, 22))
    with started(tmp_path, now) as site:
        again = site.caller(*LAB)
        lab, company = (type(again)(site.client, one.token) for one in (lab, company))
        for name in ("改", "再改"):
            (row,) = lab.sent(bookable("clock", name_zh=name))
            assert row["state"] != "stale"
            assert lab.record(instrument)["fields"]["name_zh"] == name
        if made.status_code == 201:
            assert lab.get(f"bookings/{made.json()['id']}").status_code == 200
            assert company.post("bookings", slot(instrument, 21, 22)).status_code == 409
        lab.sent({"_id": "clock", "_operation": "withdraw"})
        assert lab.record(instrument)["status"] == "withdrawn"
