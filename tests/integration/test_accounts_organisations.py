"""Organisations over HTTP: registering, inviting, administering, leaving, verifying; tokens of one's own."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.cli.noting import OPERATOR
from hub.kernel.access import Scope
from services.accounts.organisations import INVITED_BY, INVITED_HERE
from tests.integration.accounts_site import Person, Site, opened

pytestmark = pytest.mark.integration
CODE, SHANGHAI = "91330000142928410C", "913100001322601796"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with opened(tmp_path) as made:
        yield made


def test_a_company_registers_itself_and_can_book_unverified(site: Site) -> None:
    person, organisation = site.company("li@example.org", "杭州某公司", CODE)
    me = person.me
    assert (me["name"], me["roles"], me["organisation"]) == ("张伟", ["member"], organisation)
    own = person.call(f"GET /organisations/{organisation}").json()
    assert (own["state"], own["credit_code"], own["name_zh"]) == ("unverified", CODE, "杭州某公司")
    wrong = person.call("POST /organisations", {"name_zh": "x", "credit_code": CODE[:-1] + "X"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "credit_code")
    assert person.call("POST /organisations", {"name_zh": " \u200b "}).status_code == 422
    assert site.nobody.call("POST /organisations", {"name_zh": "x"}).status_code == 401


def test_two_people_of_one_name_share_nothing(site: Site) -> None:
    first, one = site.company("a@example.org")
    second, other = site.company("b@example.org")
    assert first.me["name"] == second.me["name"] == "张伟"
    assert first.me["account"] != second.me["account"]
    assert one != other
    for path in ("", "/members", "/invitations"):
        assert second.call(f"GET /organisations/{one}{path}").status_code == 404


def test_a_blank_is_no_name_of_a_person_or_a_token(site: Site) -> None:
    person, _ = site.company("a@example.org")
    for path, body in (("/account", {}), ("/tokens", {"scopes": ["member"]})):
        refused = person.call(f"POST {path}", body | {"name": " \u200b\u3000"})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "name")
    assert person.call("POST /account", {"name": " 李娜 "}).json()["name"] == "李娜"
    assert person.call("GET /tokens").json()["tokens"] == []


def test_an_invitation_is_for_its_address_and_good_once(site: Site) -> None:
    admin, organisation = site.company("admin@example.org")
    body = {"email": "wang@example.org", "roles": ["member", "approver"]}
    given = admin.call(f"POST /organisations/{organisation}/invitations", body).json()
    assert (given["sent"], given["link"].startswith("http://localhost/invitation#hub_inv-")) == (True, True)
    mail = site.nobody.call("GET /mailbox").json()["mails"][0]
    assert (mail["to"], given["link"] in mail["text"]) == ("wang@example.org", True)
    credential = given["link"].partition("#")[2]
    offered = site.nobody.call("POST /invitations/look", {"invitation": credential}).json()
    assert (offered["organisation"]["id"], offered["roles"]) == (organisation, ["approver", "member"])
    answer = {"invitation": credential, "accept": True}
    assert site.nobody.call("POST /invitations/answer", answer).status_code == 401
    assert site.person("other@example.org").call("POST /invitations/answer", answer).status_code == 403
    wang = site.person("wang@example.org")
    assert wang.call("POST /invitations/answer", answer).json()["id"] == organisation
    assert (wang.me["organisation"], wang.me["roles"]) == (organisation, ["member"]), "unverified, so a member alone"
    assert wang.call("POST /invitations/answer", answer).status_code == 404
    again = admin.call(f"POST /organisations/{organisation}/invitations", body)
    assert (again.status_code, again.json()["errors"][0]["code"]) == (422, "already-member")


def test_an_invitation_is_declined_taken_back_and_ends(site: Site) -> None:
    admin, organisation = site.company("admin@example.org")
    path, person = f"/organisations/{organisation}/invitations", site.person("wang@example.org")

    def invite() -> dict[str, str]:
        given = admin.call(f"POST {path}", {}).json()
        return {"id": given["id"], "invitation": given["link"].partition("#")[2]}

    declined, revoked, late = invite(), invite(), invite()
    answer = {"invitation": declined["invitation"], "accept": False}
    assert person.call("POST /invitations/answer", answer).status_code == 200
    assert person.me["organisation"] == ""
    assert admin.call(f"DELETE {path}/{revoked['id']}").status_code == 204
    assert admin.call(f"DELETE {path}/{revoked['id']}").status_code == 404
    site.clock.advance(timedelta(days=6, hours=23))
    assert site.nobody.call("POST /invitations/look", {"invitation": late["invitation"]}).status_code == 200
    site.clock.advance(timedelta(hours=1))
    for gone in (declined, revoked, late):
        assert site.nobody.call("POST /invitations/look", {"invitation": gone["invitation"]}).status_code == 404
    admin = site.person("admin@example.org")
    states = [kept["state"] for kept in admin.call(f"GET {path}").json()["invitations"]]
    assert sorted(states) == ["declined", "open", "revoked"]


def test_administrators_alone_invite_and_set_roles_within_the_organisation(site: Site) -> None:
    own = site.company("admin@example.org")
    admin, organisation = own
    wang, stranger = site.member(own, "wang@example.org"), site.company("x@example.org")[0]
    members, theirs = f"/organisations/{organisation}/members", wang.me["account"]
    for person, status in ((wang, 403), (stranger, 404), (site.nobody, 401)):
        assert person.call(f"POST /organisations/{organisation}/invitations", {}).status_code == status
        assert person.call(f"POST {members}/{theirs}", {"roles": ["steward"]}).status_code == status
    for beyond in ("operator", "agency", "auditor"):
        assert admin.call(f"POST {members}/{theirs}", {"roles": [beyond]}).status_code == 403
        assert admin.call(f"POST /organisations/{organisation}/invitations", {"roles": [beyond]}).status_code == 403
    assert admin.call(f"POST {members}/acc-nobody", {"roles": ["member"]}).status_code == 404
    assert admin.call(f"POST {members}/{theirs}", {"roles": ["approver"], "administrator": True}).status_code == 204
    listed = {view["account"]: view for view in wang.call(f"GET {members}").json()["members"]}
    assert (listed[theirs]["roles"], listed[theirs]["administrator"]) == (["approver"], True)
    assert wang.call(f"POST /organisations/{organisation}/invitations", {}).status_code == 201, "delegated"


def test_the_last_administrator_may_not_leave_and_who_leaves_loses_all(site: Site) -> None:
    own = site.company("admin@example.org")
    admin, organisation = own
    wang = site.member(own, "wang@example.org")
    mine, theirs = (f"/organisations/{organisation}/members/{person.me['account']}" for person in (admin, wang))
    assert admin.call(f"DELETE {mine}").status_code == 409
    assert admin.call(f"POST {mine}", {"roles": ["member"]}).status_code == 409, "nor cease to be one"
    token = wang.call("POST /tokens", {"name": "sync", "scopes": ["member"]}).json()["token"]
    assert Person(site, token).me["roles"] == ["member"]
    assert wang.call(f"DELETE {theirs}").status_code == 204
    assert Person(site, token).call("GET /me").status_code == 401
    assert (wang.me["roles"], wang.me["organisation"]) == ([], "")
    assert admin.call(f"DELETE {mine}").status_code == 204, "nobody is left to need one"


def test_who_was_let_go_may_do_nothing_for_the_organisation(site: Site) -> None:
    own = site.company("admin@example.org")
    admin, organisation = own
    wang = site.member(own, "wang@example.org", administrator=True)
    assert admin.call(f"DELETE /organisations/{organisation}/members/{wang.me['account']}").status_code == 204
    for name in ("GET /organisations/{}", "GET /organisations/{}/members", "POST /organisations/{}/invitations"):
        assert wang.call(name.format(organisation), {}).status_code == 404


def test_somebody_in_two_organisations_chooses_for_which_they_act(site: Site) -> None:
    own = site.company("admin@example.org", "甲")
    wang, second = site.company("wang@example.org", "乙")
    site.clock.advance(timedelta(seconds=1))
    wang = site.member(own, "wang@example.org", "member")
    organisations = [view["organisation"]["id"] for view in wang.call("GET /account").json()["organisations"]]
    assert organisations == [second, own[1]]
    assert wang.me["organisation"] == second
    assert wang.call("POST /sessions/current/organisation", {"organisation": own[1]}).status_code == 200
    assert wang.me["organisation"] == own[1]
    stranger = site.company("x@example.org")[1]
    assert wang.call("POST /sessions/current/organisation", {"organisation": stranger}).status_code == 403


def test_a_token_of_ones_own_gives_no_more_than_one_has(site: Site) -> None:
    own = site.company("admin@example.org")
    admin, organisation = own
    site.accounts.organisations.verify(OPERATOR, organisation, "licence")
    wang = site.member(own, "wang@example.org", "member", "submitter")
    issue = {"name": "sync", "scopes": ["submitter"], "sources": ["owner"], "days": 30}
    assert wang.call("POST /tokens", issue | {"scopes": ["steward"]}).status_code == 403
    assert wang.call("POST /tokens", issue | {"scopes": []}).status_code == 403
    assert wang.call("POST /tokens", issue | {"sources": ["national"]}).status_code == 403
    assert wang.call("POST /tokens", issue | {"scopes": ["administer"]}).status_code == 403
    issued = wang.call("POST /tokens", issue).json()
    program = Person(site, issued["token"])
    assert (program.me["roles"], program.me["organisation"]) == (["submitter"], organisation)
    assert [source["id"] for source in program.me["sources"]] == ["owner"]
    assert program.call("POST /tokens", issue).status_code == 403, "a token makes no token"
    assert program.call("POST /organisations", {"name_zh": "x"}).status_code == 403
    listed = wang.call("GET /tokens").json()["tokens"]
    assert [(view["id"], view["scopes"]) for view in listed] == [(issued["id"], ["submitter"])]
    assert listed[0]["used_at"]
    assert admin.call(f"DELETE /tokens/{issued['id']}").status_code == 404, "another's"
    site.clock.advance(timedelta(days=30))
    assert program.call("GET /me").status_code == 401, "over"


def test_a_token_administers_where_that_is_among_its_scopes(site: Site) -> None:
    admin, organisation = site.company("admin@example.org")
    tokens = [
        admin.call("POST /tokens", {"name": "a", "scopes": scopes}).json()["token"]
        for scopes in (["member"], ["member", "administer"])
    ]
    invite = f"POST /organisations/{organisation}/invitations"
    assert [Person(site, token).call(invite, {}).status_code for token in tokens] == [403, 201]
    session = Person(site, Person(site, tokens[0]).call("POST /sessions", {}).json()["token"])
    assert session.call(invite, {}).status_code == 403, "nor does a session in the token's place"


def test_an_agency_verifies_within_its_scope_and_the_evidence_is_kept(site: Site) -> None:
    within, beyond, codeless = (
        site.company(f"{name}@example.org", name, code)[1]
        for name, code in (("zj", CODE), ("sh", SHANGHAI), ("none", ""))
    )
    issued = site.accounts.tokens.issue_for_machine("浙江省科技厅", ["agency"], ())
    site.accounts.organisations.grant(OPERATOR, issued.token.tenancy, frozenset(), Scope(divisions=frozenset({"33"})))
    agency = Person(site, issued.text)
    assert agency.call("POST /organisations/org-none/verify", {"evidence": "x"}).status_code == 404
    stranger = site.company("stranger@example.org")[0]
    for organisation in (within, "org-none"):
        told = stranger.call(f"POST /organisations/{organisation}/suspend", {"reason": "x"})
        assert told.status_code == 403, "whether it is there or not"
    queue = [view["id"] for view in agency.call("GET /verifications").json()["organisations"]]
    assert queue == [within]
    everything = site.operator.call("GET /verifications").json()["organisations"]
    assert {view["id"] for view in everything} >= {within, beyond, codeless}
    evidence = {"evidence": "营业执照 2026-11"}
    assert agency.call(f"POST /organisations/{beyond}/verify", evidence).status_code == 404
    assert agency.call(f"POST /organisations/{codeless}/verify", evidence | {"credit_code": CODE}).status_code == 404
    assert agency.call(f"POST /organisations/{within}/verify", {"evidence": " "}).status_code == 422
    verified = agency.call(f"POST /organisations/{within}/verify", evidence).json()
    assert (verified["state"], bool(verified["verified_at"])) == ("verified", True)
    kept = site.accounts.access.accounts.tenancy(within)
    assert kept is not None
    assert (kept.evidence, kept.verified_by) == (evidence["evidence"], agency.me["account"])
    (seen,) = agency.call("GET /verifications?state=verified").json()["organisations"]
    assert (seen["id"], seen["evidence"]) == (within, evidence["evidence"])
    assert "evidence" not in agency.call(f"GET /organisations/{within}").json(), "for those who verify alone"
    twin = site.company("twin@example.org", "冒名", CODE)[1]
    assert site.operator.call(f"POST /organisations/{twin}/verify", evidence).status_code == 409
    assert site.company("y@example.org")[0].call("GET /verifications").status_code == 403
    assert site.nobody.call("GET /verifications").status_code == 401


def test_an_agency_vouches_for_no_credit_code_beyond_its_scope(site: Site) -> None:
    """Else it could make anybody the owner of what another province's institutes hold."""
    organisation = site.company("zj@example.org", "zj", CODE)[1]
    issued = site.accounts.tokens.issue_for_machine("浙江省科技厅", ["agency"], ())
    site.accounts.organisations.grant(OPERATOR, issued.token.tenancy, frozenset(), Scope(divisions=frozenset({"33"})))
    agency, verify = Person(site, issued.text), f"POST /organisations/{organisation}/verify"
    refused = agency.call(verify, {"evidence": "x", "credit_code": SHANGHAI})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (403, "credit_code")
    kept = agency.call(f"GET /organisations/{organisation}").json()
    assert (kept["state"], kept["credit_code"]) == ("unverified", CODE)
    assert site.operator.call(verify, {"evidence": "x", "credit_code": SHANGHAI}).json()["credit_code"] == SHANGHAI


def test_who_administers_no_more_leaves_no_way_back(site: Site) -> None:
    """An invitation stands for whoever gave it: it ends when they leave, are let go, or administer no more."""
    own = admin, organisation = site.company("admin@example.org")
    invitations = f"/organisations/{organisation}/invitations"
    kept = admin.call(f"POST {invitations}", {"email": "kept@example.org"}).json()["id"]
    for way in ("let go", "leaves", "demoted", "disabled", "erased"):
        email = f"{way.replace(' ', '')}@example.org"
        other = site.member(own, email, administrator=True)
        link = other.call(f"POST {invitations}", {"administrator": True}).json()["link"].partition("#")[2]
        account = other.me["account"]
        member = f"/organisations/{organisation}/members/{account}"
        if way == "demoted":
            assert admin.call(f"POST {member}", {"roles": ["member"], "administrator": False}).status_code == 204
        elif way == "disabled":
            assert site.accounts.access.accounts.change_account(account, disabled_at="2026-12-01T08:00:00Z")
        elif way == "erased":
            site.accounts.people.erase(account, {email}, "2026-12-01T08:00:00Z")
        else:
            assert (admin if way == "let go" else other).call(f"DELETE {member}").status_code == 204
        friend = site.person(f"friend-{email}")
        answer = friend.call("POST /invitations/answer", {"invitation": link, "accept": True})
        assert answer.status_code == 404, way
    states = {one["id"]: one["state"] for one in admin.call(f"GET {invitations}").json()["invitations"]}
    assert states.pop(kept) == "open"
    assert "open" not in states.values()


def test_a_token_neither_leaves_nor_ends_what_is_not_its_own(site: Site) -> None:
    own = site.company("admin@example.org")
    wang = site.member(own, "wang@example.org")
    issued = [wang.call("POST /tokens", {"name": name, "scopes": ["member"]}).json() for name in ("leaked", "other")]
    leaked, other = (Person(site, one["token"]) for one in issued)
    account = wang.me["account"]
    assert leaked.call(f"DELETE /organisations/{own[1]}/members/{account}").status_code == 403
    assert leaked.call(f"DELETE /tokens/{issued[1]['id']}").status_code == 404
    (session,) = wang.call("GET /sessions").json()["sessions"]
    assert leaked.call(f"DELETE /sessions/{session['id']}").status_code == 404
    assert leaked.call("DELETE /sessions").json() == {"ended": 0}
    exchanged, twin = (Person(site, leaked.call("POST /sessions", {}).json()["token"]) for _ in range(2))
    assert exchanged.call(f"DELETE /sessions/{session['id']}").status_code == 404
    assert exchanged.call("DELETE /sessions").json() == {"ended": 1}
    assert twin.call("GET /me").status_code == 401
    assert exchanged.call("DELETE /sessions/current").status_code == 204
    assert exchanged.call("GET /me").status_code == 401
    assert wang.me["account"] == other.me["account"] == account, "each is as it was"
    assert leaked.call(f"DELETE /tokens/{issued[0]['id']}").status_code == 204, "it may give itself up"
    assert leaked.call("GET /me").status_code == 401


def test_nobody_floods_others_with_invitations(site: Site) -> None:
    admin, organisation = site.company("admin@example.org")
    path = f"POST /organisations/{organisation}/invitations"
    told = [admin.call(path, {"email": "victim@example.org"}).status_code for _ in range(INVITED_HERE + 1)]
    assert told == [201] * INVITED_HERE + [429]
    answer = admin.call(path, {"email": "VICTIM@example.org"})
    assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (429, True)
    told = [admin.call(path, {"email": f"v{n}@example.org"}).status_code for n in range(INVITED_BY)]
    assert (told[0], told[-1], told.count(201) + INVITED_HERE) == (201, 429, INVITED_BY)
    assert admin.call(path, {}).status_code == 201, "a link that is handed on sends no mail"


def test_nobody_acts_for_a_suspended_organisation(site: Site) -> None:
    admin, organisation = site.company("admin@example.org")
    assert site.operator.call(f"POST /organisations/{organisation}/suspend", {"reason": "冒名"}).status_code == 200
    assert admin.me["roles"] == []
    assert admin.call(f"POST /organisations/{organisation}/invitations", {}).status_code == 403
    noted = [event for event in site.trail.events if event.action == "organisation.suspend"]
    assert [(event.subject, event.detail) for event in noted] == [(organisation, "冒名")]


def test_what_changes_rights_is_noted_with_who_did_it(site: Site) -> None:
    own = site.company("admin@example.org")
    wang = site.member(own, "wang@example.org")
    account = own[0].me["account"]
    actions = {event.action for event in site.trail.events if event.account == account}
    assert actions >= {"session.begin", "invitation.give"}
    assert {event.action for event in site.trail.events if event.account == wang.me["account"]} >= {"invitation.accept"}
    own[0].call(f"POST /organisations/{own[1]}/members/{account}", {"roles": ["operator"]})
    denied = [event for event in site.trail.events if event.action == "access"]
    assert [(event.account, event.outcome) for event in denied] == [(account, "refused")]
