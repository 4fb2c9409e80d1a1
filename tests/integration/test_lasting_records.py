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
    assert len(site.live(rows)) == 1


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
    assert {record["fields"]["name_en"] for record in site.live(rows).values()} == {f"thing {one}" for one in pair}


@pytest.mark.parametrize("pair", [("é", "e\u0301"), ("A\u200bB", "AB"), ("ガ", "カ\u3099")])
def test_a_sources_own_ids_are_one_in_every_composition(site: Site, pair: tuple[str, str]) -> None:
    lab = site.caller(*LAB)
    rows = [row for number in pair for row in lab.sent({"_id": number, "name_en": "composed"})]
    assert len(site.live(rows)) == 1


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
    assert len(site.live(rows)) == 1
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
    assert len(site.live(rows)) == 1 or site.offered(set(site.live(rows)))


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
    (found,) = site.live(rows)
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
