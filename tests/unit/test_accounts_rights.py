"""What an account may do for an organisation: by state, roles, token and how it came in."""

from dataclasses import replace

import pytest

from hub.kernel.access import Principal, Scope
from hub.kernel.credentials import credential_id, is_same, new_credential
from services.accounts.core.codes import CODE_DIGITS, email_address, keyed, new_code, typed_code
from services.accounts.core.rights import Holding, is_good, may_leave, may_verify, principal_of
from services.accounts.core.texts import plain
from services.accounts.core.values import Membership
from tests.conformance.accounts_values import account, at, member, session, tenancy, token

pytestmark = pytest.mark.unit
WHOLE = Holding(account(1), tenancy(1, "verified"), member(1, 1))


def test_roles_count_for_a_verified_organisation_alone() -> None:
    assert principal_of(WHOLE).roles == {"member", "submitter"}
    assert principal_of(replace(WHOLE, tenancy=tenancy(1))).roles == {"member"}
    assert principal_of(replace(WHOLE, tenancy=tenancy(1, "suspended"))).roles == set()
    assert principal_of(replace(WHOLE, membership=None)).roles == set()
    nobody = principal_of(replace(WHOLE, tenancy=None, membership=None))
    assert (nobody.roles, nobody.organisation, nobody.account) == (set(), "", "acc-1")


def test_a_submitter_speaks_for_what_is_its_own_and_what_was_granted() -> None:
    assert principal_of(WHOLE).sources == {"owner", "zhejiang"}
    assert principal_of(replace(WHOLE, tenancy=tenancy(1))).sources == set(), "not while it is unverified"
    narrow = principal_of(replace(WHOLE, token=token(1, sources=frozenset({"owner", "national"}))))
    assert narrow.sources == {"owner"}, "a token widens nothing"
    operator = replace(member(1, 1), roles=frozenset({"operator"}))
    assert principal_of(replace(WHOLE, membership=operator)).may_submit_for("national")


def test_a_token_gives_at_most_its_scopes_and_a_session_in_its_place_no_more() -> None:
    held = token(1, scopes=frozenset({"member", "steward"}))
    for session_of in (None, session(1, parent="tok-1")):
        principal = principal_of(replace(WHOLE, token=held, session=session_of))
        assert principal.roles == {"member"}
        assert principal.credential == ("ses-1" if session_of else "tok-1")


def test_an_agencys_scope_goes_with_it() -> None:
    assert principal_of(WHOLE).scope == Scope(divisions=frozenset({"33"}))


@pytest.mark.parametrize(
    ("holding", "good"),
    [
        (replace(WHOLE, token=token(1)), True),
        (replace(WHOLE, token=token(1, expires_at=at(31))), True),
        (replace(WHOLE, token=token(1, expires_at=at(30))), False),
        (replace(WHOLE, token=token(1, revoked_at=at(2))), False),
        (replace(WHOLE, session=session(1, used_at=at(21))), True),
        (replace(WHOLE, session=session(1, used_at=at(20))), False),
        (replace(WHOLE, session=session(1, used_at=at(29), expires_at=at(30))), False),
        (replace(WHOLE, session=session(1, used_at=at(29), parent="tok-1")), False),
        (replace(WHOLE, session=session(1, used_at=at(29), parent="tok-1"), token=token(1)), True),
        (replace(WHOLE, account=replace(account(1), disabled_at=at(1)), token=token(1)), False),
    ],
)
def test_what_is_over_idle_revoked_or_of_a_disabled_account_lets_nobody_in(holding: Holding, good: bool) -> None:
    assert is_good(holding, at(30), at(20)) is good


@pytest.mark.parametrize(
    ("administrators", "leaving", "may"),
    [({1}, 1, False), ({1, 2}, 1, True), ({1}, 2, True), (set(), 1, True), ({1, 2}, 2, True)],
)
def test_the_last_administrator_stays_while_others_are_there(administrators: set[int], leaving: int, may: bool) -> None:
    members: list[Membership] = [member(n, 1, administrator=n in administrators) for n in (1, 2, 3)]
    assert may_leave(members[leaving - 1], members) is may
    assert may_leave(members[leaving - 1], [members[leaving - 1]]), "who is alone may always go"


@pytest.mark.parametrize(
    ("division", "kinds", "code", "may"),
    [
        ("33", (), "91330000142928410C", True),
        ("330000", ("organisation",), "91330000142928410C", True),
        ("3302", (), "91330000142928410C", False),
        ("11", (), "91330000142928410C", False),
        ("33", ("instrument",), "91330000142928410C", False),
        ("33", (), "", False),
    ],
)
def test_an_agency_verifies_what_its_scope_covers(division: str, kinds: tuple[str, ...], code: str, may: bool) -> None:
    scope = Scope(kinds=frozenset(kinds), divisions=frozenset({division}), levels=frozenset({"provincial"}))
    agency = Principal("a", frozenset({"agency"}), account="acc-9", scope=scope)
    assert may_verify(agency, tenancy(1, code=code)) is may
    assert not may_verify(replace(agency, roles=frozenset({"member"})), tenancy(1, code=code))
    assert may_verify(replace(agency, roles=frozenset({"operator"})), tenancy(1, code=code))
    assert not may_verify(replace(agency, scope=Scope(levels=scope.levels)), tenancy(1, code=code)), "none has a level"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (" Li.Hua+lab@Mail.ZJU.edu.cn ", "li.hua+lab@mail.zju.edu.cn"),
        ("a@b.cn", "a@b.cn"),
        ("a@localhost", None),
        ("a@b..cn", None),
        ("a b@c.cn", None),
        ("a@b.cn\nBcc: c@d.cn", None),
        ("a@b.cn\0", None),
        ("李@例子.中国", None),
        ("x" * 65 + "@b.cn", None),
        ("", None),
    ],
)
def test_addresses(text: str, address: str | None) -> None:
    assert email_address(text) == address


def test_codes_are_digits_however_they_are_typed() -> None:
    codes = {new_code() for _ in range(200)}
    assert len(codes) > 190
    assert all(len(code) == CODE_DIGITS and code.isascii() and code.isdecimal() for code in codes)
    assert typed_code(" 1234-5678\n") == typed_code("１２３４ ５６７８") == "12345678"
    assert typed_code("123456789") != "12345678", "one digit too many is another code"
    assert keyed(b"a", "code", "t", "1") != keyed(b"b", "code", "t", "1")
    assert keyed(b"a", "ab", "c") != keyed(b"a", "a", "bc")


def test_a_credential_names_its_id_and_is_known_by_its_digest() -> None:
    made = new_credential("tok")
    assert credential_id(made.text) == made.id
    assert is_same(made.digest, made.text)
    assert not is_same(made.digest, made.text[:-1] + ("a" if made.text[-1] != "a" else "b"))
    assert not is_same(made.digest, "\udc80")
    for text in ("", "hub_", made.text + "x", made.text[:-1], f" {made.text}", made.id, "token"):
        assert credential_id(text) is None


def test_texts_are_one_line_without_hidden_characters() -> None:
    assert plain("  张\u200b伟\u202e \n\t\0 工程师 ", 50) == "张伟 工程师"
    assert plain("x" * 10, 3) == "xxx"
    assert plain(" vau\u200blt: vault:abc=def", 50) == "abc=def", "nothing that is typed is opened as if it were sealed"
