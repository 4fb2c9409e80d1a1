"""Two labs of one source on the embedded hub, with tokens that an operator issued: each has what is its own alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.labs import LAB, Site, running
from tests.integration.moving_hub import OPEN, tomorrow
from tests.waiting import wait_until

pytestmark = pytest.mark.integration


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with running(tmp_path) as made:
        yield made


def microscope(number: int, **more: Any) -> dict[str, Any]:
    return {
        "_id": f"T-{number}", "name_zh": f"归属电镜{number}", "shared": True, "status": "in_service",
        "opening_hours": OPEN, "slot_minutes": 60, **more,
    }  # fmt: skip


def test_a_lab_registers_an_instrument_and_confirms_a_booking_of_it(site: Site) -> None:
    lab, rival, company, namesake = site.caller(*LAB), site.caller(*LAB), site.caller("member"), site.caller("member")
    instrument = lab.registered(microscope(1))
    wanted = {"instrument": instrument, "start": tomorrow(9), "end": tomorrow(10), "purpose": "合金断口"}
    booking = company.post("bookings", wanted, **{"Idempotency-Key": "k"}).json()
    assert booking["status"] == "requested"
    for stranger in (rival, namesake):
        assert stranger.get(f"bookings/{booking['id']}").status_code == 404
        assert stranger.post(f"bookings/{booking['id']}/cancel").status_code == 404
        assert stranger.post(f"bookings/{booking['id']}/confirm").status_code == 404
        assert stranger.get("bookings").json()["bookings"] == []
        assert stranger.get("bookings", scope="instrument", instrument=instrument).status_code == 403
        assert stranger.get(f"instruments/{instrument}/managers").status_code == 403
    assert rival.get("bookings", scope="owned").json()["bookings"] == []
    assert [one["id"] for one in lab.get("bookings", scope="owned").json()["bookings"]] == [booking["id"]]
    assert lab.post(f"bookings/{booking['id']}/confirm").json()["status"] == "confirmed"
    assert company.get(f"bookings/{booking['id']}").json()["status"] == "confirmed"
    run = {"started_at": "2026-01-05T08:00:00+08:00", "ended_at": "2026-01-05T09:00:00+08:00", "user_kind": "internal"}
    reports = [caller.post(f"instruments/{instrument}/telemetry", run).status_code for caller in (lab, rival, company)]
    assert reports == [202, 403, 403]


def test_what_one_lab_sent_is_nothing_to_the_other(site: Site) -> None:
    lab, rival = site.caller(*LAB), site.caller(*LAB)
    rows = microscope(2), {"_id": "bad", "name_zh": "", "contact": {"phone": "0571-87951111"}}
    sent = lab.send(*rows, **{"Idempotency-Key": "k"}).json()
    assert (sent["accepted"], sent["refused"]) == (1, 1)
    for path in ("", "/rows", "/refused"):
        answers = [caller.get(f"receipts/{sent['id']}{path}") for caller in (lab, site.operator, rival)]
        assert [answer.status_code for answer in answers] == [200, 200, 404], path
        assert "87951111" not in answers[2].text
    assert rival.get("receipts").json() == {"receipts": []}
    other = rival.send(microscope(3), **{"Idempotency-Key": "k"}).json()
    assert (other["id"] != sent["id"], other["replayed"]) == (True, False)
    assert lab.send(*rows, **{"Idempotency-Key": "k"}).json()["id"] == sent["id"]


def test_a_row_that_names_anothers_instrument_gets_no_say_over_it(site: Site) -> None:
    lab, rival, company = site.caller(*LAB), site.caller(*LAB), site.caller("member")
    pid = {"pid": "10.5072/belonging-4"}
    instrument = lab.registered(microscope(4, **pid))
    wanted = {"instrument": instrument, "start": tomorrow(9), "end": tomorrow(10), "purpose": "合金断口"}
    booking = company.post("bookings", wanted).json()["id"]
    for row in ({"_id": "mine", **pid, "name_zh": "别名", "status": "retired"}, microscope(4, status="retired")):
        receipt = rival.send(row).json()["id"]
        wait_until(lambda receipt=receipt: not rival.get(f"receipts/{receipt}").json()["states"]["received"])
    assert rival.get(f"bookings/{booking}").status_code == 404
    assert rival.post(f"bookings/{booking}/decline").status_code == 404
    assert lab.get(f"bookings/{booking}").json()["purpose"] == "合金断口"
    assert lab.get(f"records/{instrument}").json()["fields"]["status"] == "in_service"
    assert lab.post(f"bookings/{booking}/confirm").json()["status"] == "confirmed"


def test_a_claim_shows_nobody_what_is_sealed_of_a_person(site: Site) -> None:
    lab, rival, agency = site.caller(*LAB), site.caller(*LAB), site.operator
    row = {"_id": "E-1", "orcid": "0000-0002-1825-0097", "name_zh": "王某"}
    lab.sent(row | {"email": "wang@lab.example.org", "phone": "13700000000"}, kind="expert")
    rival.sent(row | {"email": "wang@rival.example.org", "phone": "13900000000"}, kind="expert")
    for reader in (lab, rival, agency):
        claims = reader.get("claims").json()
        assert [claim["record"]["title"] for claim in claims["claims"]] == ["王某"]
        assert not any(private in str(claims) for private in ("vault:", "example.org", "13700000000"))
