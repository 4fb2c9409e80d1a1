"""Whose a booking is and who decides about it: accounts of one name, two organisations, managers that were named."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from schemas.events.bookings import Booking
from tests.integration.booking_desk import MICROSCOPE, PEOPLE, Desk

pytestmark = pytest.mark.integration
QUERY = {"scope": "instrument", "instrument": "instrument-1"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.close()


def managers(desk: Desk, who: str, instrument: str = "instrument-1") -> Any:
    return desk.get(f"/instruments/{instrument}/managers", who)


def name(desk: Desk, who: str, *accounts: Any, instrument: str = "instrument-1") -> Any:
    return desk.post(f"/instruments/{instrument}/managers", {"accounts": list(accounts)}, who)


def test_two_people_of_one_name_share_nothing(desk: Desk) -> None:
    key = {"Idempotency-Key": "k"}
    mine = desk.book("01T09:00", "01T10:00", **key).json()
    other = desk.book("01T10:00", "01T11:00", "li2", **key)
    assert (other.status_code, other.json()["booked_by"]) == (201, mine["booked_by"])
    assert [mine["booked_by_account"], other.json()["booked_by_account"]] == ["acc-li", "acc-li2"]
    assert other.headers["idempotency-replayed"] == "false"
    assert [one["id"] for one in desk.get("/bookings").json()["bookings"]] == [mine["id"]]
    assert [one["id"] for one in desk.get("/bookings", "li2").json()["bookings"]] == [other.json()["id"]]
    assert desk.get(f"/bookings/{mine['id']}", "li2").status_code == 404
    assert desk.post(f"/bookings/{mine['id']}/cancel", who="li2").status_code == 404
    assert desk.post(f"/bookings/{mine['id']}/cancel").json()["status"] == "cancelled"


def test_what_others_did_is_not_taken_for_the_callers_own_doing(desk: Desk) -> None:
    booking = desk.book("01T09:00", "01T10:00").json()["id"]
    assert desk.post(f"/bookings/{booking}/confirm", who="lab").json()["changed_by"] == "lab"
    assert desk.post(f"/bookings/{booking}/confirm", who="lab").status_code == 200
    assert desk.post(f"/bookings/{booking}/confirm", who="chief").status_code == 409


@pytest.mark.parametrize("who", ["foreign", "sender", "wang"])
def test_no_other_organisation_and_no_other_role_decides(desk: Desk, who: str) -> None:
    booking = desk.book("01T09:00", "01T10:00").json()["id"]
    assert desk.get(f"/bookings/{booking}", who).status_code == 404
    for action in ("confirm", "decline", "cancel"):
        assert desk.post(f"/bookings/{booking}/{action}", who=who).status_code == 404
    assert desk.get("/bookings", who, **QUERY).status_code == 403
    queue = desk.get("/bookings", who, scope="owned")
    assert queue.status_code == 403 or queue.json()["bookings"] == []
    assert desk.get(f"/bookings/{booking}").json()["status"] == "requested"


@pytest.mark.parametrize("who", ["lab", "chief", "op"])
def test_the_holders_approvers_and_managers_and_operators_decide(desk: Desk, who: str) -> None:
    booking = desk.book("01T09:00", "01T10:00").json()["id"]
    assert desk.get(f"/bookings/{booking}", who).json()["purpose"] == "合金断口"
    assert [one["id"] for one in desk.get("/bookings", who, **QUERY).json()["bookings"]] == [booking]
    assert [one["id"] for one in desk.inbox(who)] == [booking]
    assert desk.post(f"/bookings/{booking}/confirm", who=who).json()["status"] == "confirmed"


def test_a_claim_on_a_record_gives_the_claimant_no_bookings(desk: Desk) -> None:
    booking = desk.book("01T09:00", "01T10:00").json()["id"]
    (owner,) = MICROSCOPE.sources
    claimed = replace(MICROSCOPE, sources=(owner, replace(owner, organisation="org-foreign")))
    desk.records.put(replace(claimed, holder="org-lab"))
    assert desk.get(f"/bookings/{booking}", "foreign").status_code == 404
    assert desk.get(f"/bookings/{booking}", "lab").status_code == 200
    desk.records.put(claimed)  # not settled yet: neither is taken at its word
    assert [desk.get(f"/bookings/{booking}", who).status_code for who in ("foreign", "lab", "op")] == [404, 404, 200]
    desk.records.put(replace(claimed, holder="org-foreign"))
    assert [desk.get(f"/bookings/{booking}", who).status_code for who in ("foreign", "lab")] == [200, 404]


NOBODY = {"instrument": "instrument-1", "holder": "org-lab", "accounts": [], "everywhere": []}


def test_managers_that_the_holder_names_decide_alone(desk: Desk) -> None:
    booking = desk.book("01T09:00", "01T10:00").json()["id"]
    assert managers(desk, "chief").json() == NOBODY
    named = name(desk, "chief", "acc-chief", "acc-foreign")
    assert (named.status_code, named.json()["accounts"]) == (200, ["acc-chief", "acc-foreign"])
    assert [desk.get(f"/bookings/{booking}", who).status_code for who in ("chief", "lab", "foreign", "op")] == [
        200, 404, 404, 200,
    ]  # fmt: skip
    assert (desk.inbox("lab"), [one["id"] for one in desk.inbox("chief")]) == ([], [booking])
    assert desk.get("/bookings", "lab", **QUERY).status_code == 403
    assert desk.post(f"/bookings/{booking}/confirm", who="lab").status_code == 404
    assert name(desk, "chief", "acc-lab", instrument="*").json()["everywhere"] == ["acc-lab"]
    assert managers(desk, "chief").json()["everywhere"] == ["acc-lab"]
    assert desk.post(f"/bookings/{booking}/confirm", who="lab").status_code == 200
    assert name(desk, "chief").json()["accounts"] == []
    assert desk.get(f"/bookings/{booking}", "chief").status_code == 404, "of all that the holder has, one is named"
    assert name(desk, "chief", instrument="*").json() == NOBODY | {"instrument": "*"}
    assert desk.get(f"/bookings/{booking}", "chief").status_code == 200


def test_who_names_managers_is_noted_with_whom_they_name(desk: Desk) -> None:
    assert name(desk, "lab", "acc-lab").status_code == 403
    name(desk, "chief", "acc-lab", "acc-chief")
    name(desk, "chief")
    name(desk, "chief", "acc-lab", instrument="*")
    assert desk.trail.told() == [
        ("acc-chief", "managers.name", "instrument-1", "acc-chief acc-lab"),
        ("acc-chief", "managers.name", "instrument-1", "nobody"),
        ("acc-chief", "managers.name", "org-lab", "acc-lab"),
    ]


def test_managers_of_a_record_that_was_joined_go_on_managing(desk: Desk) -> None:
    name(desk, "chief", "acc-lab", instrument="instrument-1")
    assert managers(desk, "chief", "instrument-new").json()["accounts"] == ["acc-lab"]
    assert name(desk, "chief", "acc-chief", instrument="instrument-new").json()["accounts"] == ["acc-chief"]
    assert managers(desk, "chief").json()["accounts"] == []


@pytest.mark.parametrize(
    ("who", "instrument", "status"),
    [
        ("", "instrument-1", 401), ("li", "instrument-1", 403), ("lab", "instrument-1", 403),
        ("sender", "instrument-1", 403), ("foreign", "instrument-1", 403), ("chief", "instrument-1", 200),
        ("op", "instrument-1", 200), ("chief", "nobody", 404), ("chief", "instrument-foreign", 403),
        ("foreign", "instrument-foreign", 200), ("chief", "*", 200), ("lab", "*", 403), ("op", "*", 403),
    ],
)  # fmt: skip
def test_a_manager_of_the_holder_names_them_and_nobody_else(desk: Desk, who: str, instrument: str, status: int) -> None:
    assert managers(desk, who, instrument).status_code == status
    assert name(desk, who, "acc-1", instrument=instrument).status_code == status


def test_an_instrument_that_nobody_holds_has_no_managers(desk: Desk) -> None:
    desk.records.put(replace(MICROSCOPE, sources=()))
    assert managers(desk, "op").status_code == 409
    assert managers(desk, "chief").status_code == 403


@pytest.mark.parametrize("accounts", [None, "acc-1", [""], [1], ["x" * 201], ["x"] * 101])
def test_what_is_no_list_of_accounts_is_refused(desk: Desk, accounts: Any) -> None:
    refused = desk.post("/instruments/instrument-1/managers", {"accounts": accounts}, "chief")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "bad-accounts")


def test_bookings_from_before_accounts_are_of_the_one_that_had_the_name(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    booking = desk.book("01T09:00", "01T10:00", **{"Idempotency-Key": "k"}).json()["id"]
    with sqlite3.connect(tmp_path / "bookings.db") as sql:
        ((body,),) = sql.execute("SELECT body FROM bookings").fetchall()
        before = replace(Booking.from_bytes(body), booked_by="li", booker_name=None, changed_by="li", changer_name=None)
        sql.execute("UPDATE bookings SET booked_by = 'li', body = ?", (before.to_bytes(),))
    assert [desk.get(f"/bookings/{booking}", who).status_code for who in ("li", "li2", "wang", "op")] == [
        404, 404, 404, 200,
    ]  # fmt: skip
    monkeypatch.setitem(PEOPLE, "li", replace(PEOPLE["li"], formerly="li"))
    assert [one["booked_by"] for one in desk.get("/bookings").json()["bookings"]] == ["li"]
    assert desk.get("/bookings", "li2").json()["bookings"] == []
    again = desk.book("01T09:00", "01T10:00", **{"Idempotency-Key": "k"})
    assert (again.json()["id"], again.headers["idempotency-replayed"]) == (booking, "true")
    assert desk.get(f"/bookings/{booking}", "lab").json()["booked_by_account"] == ""
    cancelled = desk.post(f"/bookings/{booking}/cancel").json()
    assert (cancelled["status"], cancelled["booked_by"], cancelled["changed_by"]) == ("cancelled", "li", "li")
