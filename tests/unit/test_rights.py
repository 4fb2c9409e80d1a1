"""Who decides about an instrument, by the organisation that holds its record."""

from dataclasses import replace

import pytest

from hub.kernel.access import ALL, ANONYMOUS, Principal, Role, Scope
from hub.kernel.records import SourceRef
from schemas.rights import DECIDERS, REPORTERS, acts_for, holder_of, may_decide, may_settle, oversees, within_scope
from tests.unit.booking_records import LI, OPERATOR, OTHER, OWNER, record

pytestmark = pytest.mark.unit


def spoken_for(*speakers: tuple[str, str]) -> tuple[SourceRef, ...]:
    return tuple(SourceRef("owner", "1", 1, authority, "", organisation) for authority, organisation in speakers)  # type: ignore[arg-type]


def of_lab(*roles: Role, account: str = "acc-1") -> Principal:
    sources = frozenset({"owner"} if "submitter" in roles else ())
    return Principal("lab", frozenset(roles), sources, account, "org-lab")


@pytest.mark.parametrize(
    ("speakers", "holder"),
    [
        ((("owner", "org-lab"),), "org-lab"),
        ((("owner", "org-lab"), ("harvested", "org-web"), ("national", "")), "org-lab"),
        ((("owner", "org-lab"), ("owner", "org-lab")), "org-lab"),
        ((("owner", "org-lab"), ("owner", "org-other")), None),
        ((("owner", ""), ("owner", "org-other")), None),
        ((("owner", ""),), ""),
        ((("harvested", "org-web"),), None),
        ((), None),
    ],
)
def test_a_record_without_a_holder_is_the_one_owners_that_speaks_for_it(
    speakers: tuple[tuple[str, str], ...], holder: str | None
) -> None:
    known = replace(record(), sources=spoken_for(*speakers))
    assert holder_of(known) == holder
    assert holder_of(replace(known, holder="org-kept")) == "org-kept"
    assert holder_of(None) is None


def test_an_organisation_decides_about_its_own_instruments_and_no_others() -> None:
    known = record()
    assert [may_decide(who, known, ()) for who in (OWNER, OPERATOR, LI, OTHER, ANONYMOUS)] == [
        True, True, False, False, False,
    ]  # fmt: skip
    moved = replace(known, holder="org-other")
    assert [may_decide(who, moved, ()) for who in (OWNER, OTHER)] == [False, True]
    assert [may_decide(who, None, ()) for who in (OWNER, OPERATOR)] == [False, True]


def test_a_role_decides_and_not_the_right_to_send_records() -> None:
    known = record()
    deciding: tuple[Role, ...] = ("manager", "approver")
    assert [acts_for(of_lab(role), known, DECIDERS) for role in deciding] == [True, True]
    others: tuple[Role, ...] = ("member", "submitter", "steward", "agency", "auditor")
    assert not any(acts_for(of_lab(role), known, DECIDERS) for role in others)
    assert [acts_for(of_lab(role), known, REPORTERS) for role in ("manager", "submitter", "approver", "member")] == [
        True, True, False, False,
    ]  # fmt: skip


def test_whoever_names_anothers_instrument_as_its_owner_too_gets_no_say_over_it() -> None:
    claimed = replace(record(), sources=spoken_for(("owner", "org-lab"), ("owner", "org-other")), holder="org-lab")
    assert [may_decide(who, claimed, ()) for who in (OWNER, OTHER)] == [True, False]


def test_named_managers_decide_alone_within_the_holder() -> None:
    known, named = record(), frozenset({"acc-1", "acc-wang"})
    assert may_decide(of_lab("approver"), known, named)
    assert not may_decide(of_lab("approver", account="acc-2"), known, named)
    assert not may_decide(OTHER, known, named), "to be named gives nobody of another organisation a say"
    assert not may_decide(of_lab("member"), known, named)
    assert may_decide(OPERATOR, known, named)


def test_of_what_was_there_before_organisations_only_those_decide_that_speak_for_its_owner() -> None:
    before = replace(record(), sources=spoken_for(("owner", ""), ("harvested", "")))
    roles: frozenset[Role] = frozenset({"submitter", "approver"})
    lab = Principal("lab", roles, frozenset({"owner"}), "legacy-1", "")
    web = Principal("web", roles, frozenset({"harvest"}), "legacy-2", "")
    assert [may_decide(who, before, ()) for who in (lab, web, OWNER)] == [True, False, False]
    assert not may_decide(replace(lab, sources=frozenset({"owner"}), organisation="legacy-1"), before, ())


def agency(**scope: str) -> Principal:
    covered = Scope(**{name: frozenset({value}) for name, value in scope.items()})
    return Principal("agency", frozenset({"agency"}), account="acc-2", organisation="org-agency", scope=covered)


@pytest.mark.parametrize(
    ("fields", "division", "covered"),
    [
        ({"place": {"division": "330106"}}, "33", True),
        ({"place": {"division": "330106"}}, "44", False),
        ({"place": {"division": "330106"}, "owner": {"uscc": "91440300MA5EYXYW1B"}}, "44", False),
        ({"owner": {"uscc": "91440300MA5EYXYW1B"}}, "44", True),
        ({}, "44", False),
    ],
)
def test_an_agency_oversees_where_the_record_is_or_else_its_owner(
    fields: dict[str, object], division: str, covered: bool
) -> None:
    known = replace(record(), fields=fields)
    by = agency(divisions=division)
    assert (oversees(by, known), may_settle(by, known)) == (covered, covered)
    assert within_scope(by, known).roles == ({"agency"} if covered else {"member"})


def test_an_agency_of_everything_and_operators_oversee_everything_and_a_steward_what_its_organisation_holds() -> None:
    known = replace(record(), fields={}, holder="org-lab")
    assert [oversees(who, known) for who in (agency(divisions=ALL), OPERATOR, LI, ANONYMOUS)] == [
        True,
        True,
        False,
        False,
    ]
    assert not oversees(agency(kinds="expert"), known)
    assert may_settle(of_lab("steward"), known)
    assert not may_settle(of_lab("manager"), known)
    assert not may_settle(of_lab("steward"), replace(known, holder="org-other"))
    assert within_scope(OPERATOR, known) is OPERATOR


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        ({}, False),
        ({"divisions": "*"}, True),
        ({"kinds": "*"}, True),
        ({"levels": "*"}, True),
        ({"kinds": "*", "divisions": "44"}, False),
        ({"kinds": "*", "divisions": "33"}, True),
        ({"kinds": "expert", "divisions": "*"}, False),
    ],
)
def test_an_agency_oversees_what_somebody_said_and_all_only_where_that_was_said(
    scope: dict[str, str], covered: bool
) -> None:
    known = replace(record(), fields={"place": {"division": "330106"}})
    assert oversees(agency(**scope), known) == covered
