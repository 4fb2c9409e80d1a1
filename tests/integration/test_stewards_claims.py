"""Claims over HTTP: shown with both sides to whom they concern, decided by whom they are on, and for nobody else."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.kernel.access import ALL, Principal, Role, Scope
from hub.kernel.cloudevents import CloudEvent
from hub.kernel.problems import Refusal
from hub.kernel.records import SUBMISSIONS, SUBMITTED, Submission
from hub.ports.clock import rfc3339
from hub.ports.names import NoNames
from schemas.http.claims import ClaimsQuery, NewClaimDecisions
from schemas.kind import kind_named
from services.curation.claims import Claims
from tests.integration.test_stewards import NOW, OPERATOR, ROR, Desk

pytestmark = pytest.mark.integration
RORS = [f"https://ror.org/{tail}" for tail in ("02mhbdp94", "013meh722", "05gq02987", "03vek6s52")]
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


def claim(desk: Desk, organisation: str, fields: dict[str, Any], version: int = 1, number: str = "1") -> None:
    record_id = kind_named("organisation").identified(fields)
    said = Submission(
        "organisation", "owner", number, version, "upsert", "owner", record_id, fields, rfc3339(NOW), organisation
    )
    event = CloudEvent(said.event_id(), "hub", SUBMITTED, said.subject(), rfc3339(NOW), said.to_bytes())
    desk.log.append(SUBMISSIONS, [event.as_entry()])


def claims_of(desk: Desk) -> Claims:
    return Claims(desk.written, desk.store, NoNames())


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
    assert [(field["value"], field["label"]) for field in shown["identifiers"]] == [(ROR, "ROR 标识")]
    assert [field["field"] for field in shown["alike"]] == ["ror"]
    answer = desk.post(f"/claims/{shown['id']}/decision", decision="accepted", reason="已核对")
    assert (answer["status"], answer["decision"], answer["record_id"]) == (202, "accepted", shown["record"]["id"])
    record = desk.record(shown["record"]["id"])
    assert (record.holder, record.fields["name_zh"]) == ("org-b", "抢占")
    assert desk.get("/claims")["claims"] == []
    (settled,) = desk.get("/claims", state="all")["claims"]
    assert (settled["decision"], settled["holder"], settled["reason"]) == ("accepted", "org-b", "已核对")
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
        (somebody("org-c", "agency", scope=Scope(kinds=frozenset({ALL}))), True, True),
        (somebody("org-c", "agency"), False, False),
        (somebody("org-c", "agency", scope=Scope(kinds=frozenset({"expert"}))), False, False),
        (OPERATOR, True, True),
    ],
)
def test_a_claim_concerns_its_two_sides_and_who_oversees_the_record(
    desk: Desk, principal: Principal, sees: bool, decides: bool
) -> None:
    claims = claims_of(desk)
    page = claims.page(principal, ClaimsQuery())
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


def nobodys(desk: Desk, number: int, *claimants: str) -> str:
    """A record from before organisations were told apart, which these claim."""
    fields = {"ror": RORS[number], "name_zh": f"旧记录{number}"}
    for organisation in ("", *claimants):
        claim(desk, organisation, fields, number=f"old-{number}")
        desk.settle()
    return kind_named("organisation").identified(fields) or ""


def many(desk: Desk, role: str = "operator", **body: Any) -> dict[str, str]:
    """The decision on each claim, or the code of why there is none."""
    answer = desk.post("/claims/decisions", role, **body)
    assert answer["status"] == 202, answer
    return {
        one["id"]: one["decided"]["decision"] if one["decided"] else one["problem"]["code"] for one in answer["claims"]
    }


def test_many_claims_on_records_that_nobody_holds_are_accepted_at_once(desk: Desk) -> None:
    records = [nobodys(desk, 0, "org-b"), nobodys(desk, 1, "org-b"), nobodys(desk, 2, "org-b", "org-c")]
    waiting = {
        (one["record"]["id"], one["claimant"]): one for one in desk.get("/claims", "operator", unheld=True)["claims"]
    }
    assert [(one["holder"], one["contested"]) for one in waiting.values() if one["record"]["id"] == records[0]] == [
        ("", False)
    ]
    (held,) = (one["id"] for one in desk.get("/claims", "operator")["claims"] if one["holder"] == "org-a")
    ids = [waiting[record, "org-b"]["id"] for record in records]
    assert many(desk, claims=[*ids, held, "nothing", ids[0]], decision="accepted") == dict(
        zip([*ids, held, "nothing"], ["accepted", "accepted", "contested", "held", "unknown-claim"], strict=True)
    )
    assert [desk.record(record).holder for record in records] == ["org-b", "org-b", ""]
    assert [event.subject for event in desk.trail.events] == records[:2], "each is noted, and what was refused is not"
    assert len(desk.get("/claims", "operator")["claims"]) == 3


def test_all_claims_of_one_organisation_are_decided_a_page_at_a_time(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.curation.claims.AT_ONCE", 1)
    records = [nobodys(desk, number, "org-b") for number in (0, 1)]
    other = nobodys(desk, 2, "org-c")
    first = desk.post("/claims/decisions", "operator", claimant="org-b", decision="accepted")
    second = desk.post("/claims/decisions", "operator", claimant="org-b", after=first["next"], decision="accepted")
    last = desk.post("/claims/decisions", "operator", claimant="org-b", after=second["next"], decision="accepted")
    assert [len(answer["claims"]) for answer in (first, second, last)] == [1, 1, 0]
    assert last["next"] is None
    assert {desk.record(record).holder for record in records} == {"org-b"}
    assert desk.record(other).holder == ""


@pytest.mark.parametrize("role", ["", "member"])
def test_only_overseers_decide_many_claims_at_once(desk: Desk, role: str) -> None:
    answer = desk.post("/claims/decisions", role, claims=["x"], decision="accepted")
    assert answer["status"] == (403 if role else 401)
    narrow = somebody("org-c", "agency", scope=Scope(kinds=frozenset({"expert"})))
    (claimed,) = desk.store.claims("", 9, None, True)
    orders = NewClaimDecisions(decision="accepted", claims=(claimed.id,))
    (outcome,) = claims_of(desk).decide_many(orders, narrow).claims.values()
    assert isinstance(outcome, Refusal)
    assert outcome.problems[0].code == "unknown-claim", "as if there were none, out of scope"
    assert desk.post("/claims/decisions", "operator", claims=["x"] * 201, decision="accepted")["status"] == 422


def test_what_is_decided_is_noted_with_who_and_what(desk: Desk) -> None:
    (claimed,) = desk.store.claims("", 9, None, True)
    decider = replace(somebody("org-a", "steward"), account="acc-1")
    claims_of(desk).decide(claimed.id, "refused", decider, "不是同一台")
    record_id = claimed.ownership.record_id
    campus, city = (desk.say(source, "7", ror=RORS[3], name_zh=source) for source in ("campus", "city"))
    assert campus == city
    twins = sorted(desk.say("campus", f"twin {number}", name_zh="同名所") for number in range(2))
    desk.settle()
    desk.post(f"/records/{campus}/preferences", field="name_zh", source="city", source_record_id="7")
    desk.post("/same-as", left=twins[0], right=twins[1], decision="joined")
    assert [event[1:] for event in desk.trail.told()] == [
        ("claim.decide", record_id, "refused org-b: 不是同一台"),
        ("steward.prefer", campus, "name_zh: city/7"),
        ("steward.same-as", twins[0], f"joined {twins[1]}"),
    ]
    first = desk.trail.events[0]
    assert (first.account, first.organisation) == ("acc-1", "org-a")
    assert all(event.account for event in desk.trail.events)


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
