"""Claims over HTTP: shown with both sides to whom they concern, decided by whom they are on, and for nobody else."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.kernel.access import Principal, Role, Scope
from hub.kernel.cloudevents import CloudEvent
from hub.kernel.problems import Refusal
from hub.kernel.records import SUBMISSIONS, SUBMITTED, Submission
from hub.ports.clock import rfc3339
from schemas.kind import kind_named
from services.curation.claims import Claims
from tests.integration.test_stewards import NOW, OPERATOR, ROR, Desk

pytestmark = pytest.mark.integration
FIELDS = {"ror": ROR, "name_zh": "浙江大学"}


def somebody(organisation: str, *roles: Role, scope: Scope | None = None) -> Principal:
    return Principal("某人", frozenset(roles), organisation=organisation, scope=scope or Scope())


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    for organisation, fields in (("org-a", FIELDS), ("org-b", FIELDS | {"name_zh": "抢占", "established": 2020})):
        claim(desk, organisation, fields)
    desk.settle()
    yield desk
    desk.close()


def claim(desk: Desk, organisation: str, fields: dict[str, Any], version: int = 1) -> None:
    record_id = kind_named("organisation").identified(fields)
    said = Submission(
        "organisation", "owner", "1", version, "upsert", "owner", record_id, fields, rfc3339(NOW), organisation
    )
    event = CloudEvent(said.event_id(), "hub", SUBMITTED, said.subject(), rfc3339(NOW), said.to_bytes())
    desk.log.append(SUBMISSIONS, [event.as_entry()])


def claims_of(desk: Desk) -> Claims:
    return Claims(desk.log, desk.store, desk.clock, "hub")


def test_a_claim_is_shown_with_both_sides_and_decided_over_http(desk: Desk) -> None:
    page = desk.get("/claims")
    (shown,) = page["claims"]
    assert (shown["claimant"], shown["holder"], shown["may_decide"], shown["decision"]) == (
        "org-b",
        "org-a",
        True,
        None,
    )
    assert (shown["record"]["title"], shown["source"]["organisation"]) == ("浙江大学", "org-b")
    assert [(field["field"], field["recorded"], field["claimed"]) for field in shown["fields"]] == [
        ("name_zh", "浙江大学", "抢占"),
        ("established", "", "2020"),
    ]
    answer = desk.post(f"/claims/{shown['id']}/decision", decision="accepted")
    assert (answer["status"], answer["decision"], answer["record_id"]) == (202, "accepted", shown["record"]["id"])
    record = desk.record(shown["record"]["id"])
    assert (record.holder, record.fields["name_zh"]) == ("org-b", "抢占")
    assert desk.get("/claims")["claims"] == []
    (settled,) = desk.get("/claims", state="all")["claims"]
    assert (settled["decision"], settled["holder"]) == ("accepted", "org-b")
    assert desk.post("/claims/nothing/decision", decision="refused")["status"] == 404
    assert desk.get("/claims", role="")["status"] == 401
    assert desk.get("/claims", role="member")["status"] == 403


@pytest.mark.parametrize(
    ("principal", "sees", "decides"),
    [
        (somebody("org-a", "approver"), True, True),
        (somebody("org-a", "submitter"), True, False),
        (somebody("org-b", "steward"), True, False),
        (somebody("org-c", "steward"), False, False),
        (somebody("org-c", "agency"), True, True),
        (somebody("org-c", "agency", scope=Scope(kinds=frozenset({"expert"}))), False, False),
        (OPERATOR, True, True),
    ],
)
def test_a_claim_concerns_its_two_sides_and_who_oversees_the_record(
    desk: Desk, principal: Principal, sees: bool, decides: bool
) -> None:
    claims = claims_of(desk)
    page = claims.page(principal)
    assert [seen.may_decide for seen in page.claims] == ([decides] if sees else [])
    (claimed,) = desk.store.claims("", 9, None, True)
    if decides:
        assert claims.decide(claimed.id, "accepted", principal).decision == "accepted"
    else:
        with pytest.raises(Refusal) as refused:
            claims.decide(claimed.id, "accepted", principal)
        assert refused.value.status == (403 if sees else 404)


def test_a_claimant_may_give_its_claim_up(desk: Desk) -> None:
    (claimed,) = desk.store.claims("", 9, None, True)
    claims_of(desk).decide(claimed.id, "refused", somebody("org-b", "steward"))
    desk.settle()
    assert list(desk.store.claims("", 9, None, True)) == []
    claim(desk, "org-b", FIELDS | {"name_zh": "又来"}, 2)
    desk.settle()
    assert list(desk.store.claims("", 9, None, True)) == []
    assert desk.record(claimed.ownership.record_id).holder == "org-a"


def test_what_is_joined_by_others_cannot_be_told_apart_and_the_reverse(desk: Desk) -> None:
    a, b, c = sorted(desk.say("campus", str(number), name_zh=f"所{number}") for number in range(3))
    desk.settle()
    for left, right in ((a, b), (b, c)):
        assert desk.post("/same-as", left=left, right=right, decision="joined")["status"] == 202
    refused = desk.post("/same-as", left=a, right=c, decision="separate")
    assert refused["status"] == 409
    assert f"{a} – {b} – {c}" in refused["errors"][0]["expected"]
    assert desk.post("/same-as", left=b, right=c, decision="separate")["status"] == 202
    refused = desk.post("/same-as", left=a, right=c, decision="joined")
    assert (refused["status"], refused["errors"][0]["code"]) == (409, "decided-otherwise")


def test_a_source_that_says_nothing_of_a_field_cannot_be_preferred_about_it(desk: Desk) -> None:
    record_id = desk.say("campus", "7", name_zh="甲", acronym="J")
    desk.settle()
    body = {"field": "website", "source": "campus", "source_record_id": "7"}
    refused = desk.post(f"/records/{record_id}/preferences", **body)
    assert (refused["status"], refused["errors"][0]["code"]) == (422, "no-such-value")


def test_a_decision_is_shown_as_out_of_force_once_sources_say_something_else(desk: Desk) -> None:
    ror = "https://ror.org/02mhbdp94"
    record_id = desk.say("campus", "1", ror=ror, name_zh="甲说")
    desk.say("city", "9", ror=ror, name_zh="乙说")
    desk.settle()
    path = f"/records/{record_id}"
    desk.post(f"{path}/preferences", field="name_zh", source="city", source_record_id="9")
    assert [one["in_force"] for one in desk.get(f"{path}/decisions")["preferences"]] == [True]
    desk.say("national", "n", "national", ror=ror, name_zh="国家说")
    desk.settle()
    assert desk.record(record_id).fields["name_zh"] == "国家说"
    assert [one["in_force"] for one in desk.get(f"{path}/decisions")["preferences"]] == [False]
