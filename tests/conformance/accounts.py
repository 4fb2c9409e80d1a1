"""What the accounts' tables must do on every database. An adapter's test supplies `database`."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from hub.ports.clock import SystemClock
from hub.sql.sqlite import StoreFiles
from hub.sql.statements import SqlDatabase
from hub.text.language import Bilingual
from services.accounts.adapters.private import PrivateTexts
from services.accounts.adapters.rows import row_of
from services.accounts.adapters.sql_accounts import CodeTaken, SqlAccounts
from services.accounts.adapters.sql_credentials import SqlCredentials
from services.accounts.adapters.sql_names import SqlNames
from services.accounts.adapters.sql_people import SqlPeople
from services.accounts.core.values import (
    Invitation,
)
from services.accounts.tables import accounts as accounts_table
from services.accounts.tables import identities, invitations, sign_ins
from services.privacy.adapters.sql_personal import SqlPersonalValues
from tests.conformance.accounts_values import CODE, account, at, code, member, session, tenancy, token
from tests.conformance.gaps import Conformance


class AccountsConformance(Conformance):
    suite = "accounts"

    @pytest.fixture
    def private(self, tmp_path: Path) -> Iterator[PrivateTexts]:
        files = StoreFiles(tmp_path / "keys")
        yield PrivateTexts(SqlPersonalValues(files.open("keys"), tmp_path, SystemClock()))
        files.close()

    @pytest.fixture
    def accounts(self, database: SqlDatabase, private: PrivateTexts) -> SqlAccounts:
        return SqlAccounts(database, private)

    @pytest.fixture
    def credentials(self, database: SqlDatabase, accounts: SqlAccounts) -> SqlCredentials:
        """With an account that belongs to an organisation."""
        accounts.add_account(account(1), [("email", "li@example.org")])
        accounts.add_tenancy(tenancy(1), member(1, 1, administrator=True))
        return SqlCredentials(database)

    def test_two_people_of_one_name_are_two(self, accounts: SqlAccounts) -> None:
        for number, address in ((1, "a@example.org"), (2, "b@example.org")):
            assert accounts.add_account(account(number), [("email", address)]).id == f"acc-{number}"
        second = accounts.account_of(("email", "b@example.org"))
        assert second
        assert (second.id, accounts.names([second])) == ("acc-2", {"acc-2": "张伟"})
        assert {known.id for known, _ in accounts.accounts(10)} == {"acc-1", "acc-2"}

    def test_an_identity_is_one_accounts_and_what_was_begun_for_another_is_undone(self, accounts: SqlAccounts) -> None:
        first = accounts.add_account(account(1), [("email", "a@example.org")])
        both = [("https://idp.example.org", "s"), ("email", "a@example.org")]
        assert accounts.add_account(account(2), both) == first
        assert accounts.account("acc-2") is None
        assert accounts.account_of(both[0]) is None
        assert accounts.claim(both[0], "acc-1", at(3))
        assert not accounts.claim(both[0], "acc-2", at(3))
        assert accounts.identities("acc-1") == [("email", "a@example.org"), both[0]]

    def test_many_at_once_become_one_account(self, accounts: SqlAccounts) -> None:
        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(lambda n: accounts.add_account(account(n), [("email", "a@example.org")]), range(16)))
        assert len({one.id for one in made}) == 1

    def test_an_organisation_comes_back_whole(self, accounts: SqlAccounts) -> None:
        accounts.add_tenancy(tenancy(1), member(1, 1))
        accounts.add_tenancy(tenancy(2, "verified", CODE))
        assert accounts.tenancy("org-2") == tenancy(2, "verified", CODE)
        assert accounts.tenancies("verified", 10) == [tenancy(2, "verified", CODE)]
        assert accounts.tenancies(None, 10, (at(1), "org-1")) == [tenancy(2, "verified", CODE)]
        assert accounts.organisations_of("acc-1") == [(member(1, 1), tenancy(1))]

    def test_a_credit_code_is_one_verified_organisations(self, accounts: SqlAccounts) -> None:
        for number in (1, 2):
            accounts.add_tenancy(tenancy(number, code=CODE))
        changed = accounts.change_tenancy("org-1", lambda kept: replace(kept, state="verified"))
        assert changed is not None
        assert changed.state == "verified"
        with pytest.raises(CodeTaken):
            accounts.change_tenancy("org-2", lambda kept: replace(kept, state="verified"))
        assert accounts.tenancy("org-2") == tenancy(2, code=CODE)
        assert accounts.change_tenancy("org-9", lambda kept: kept) is None

    def test_members_are_paged_and_who_goes_loses_tokens_and_sessions(
        self, accounts: SqlAccounts, credentials: SqlCredentials
    ) -> None:
        accounts.add_account(account(2))
        accounts.change_membership("org-1", "acc-2", lambda _: member(2, 1), at(2))
        assert [kept.account for kept, _ in accounts.members_of("org-1", 10)] == ["acc-1", "acc-2"]
        assert [kept.account for kept, _ in accounts.members_of("org-1", 10, (at(1), "acc-1"))] == ["acc-2"]
        credentials.add_token(token(1, account="acc-2"))
        credentials.add_session(session(1, account="acc-2"))
        accounts.change_membership("org-1", "acc-2", lambda _: None, at(30))
        held = credentials.holding("tok-1"), credentials.holding("ses-1")
        assert held[0] is not None
        assert held[0].token is not None
        assert held[0].token.revoked_at == at(30)
        assert held[1] is not None
        assert (held[1].tenancy, held[1].membership) == (None, None)

    def test_what_refuses_a_change_of_members_changes_nothing(self, accounts: SqlAccounts) -> None:
        accounts.add_tenancy(tenancy(1), member(1, 1))

        def refused(_: object) -> None:
            raise ValueError("no")

        with pytest.raises(ValueError, match="no"):
            accounts.change_membership("org-1", "acc-1", refused, at(2))
        assert accounts.membership("acc-1", "org-1") == member(1, 1)

    def test_an_invitation_is_answered_once_and_in_time(self, accounts: SqlAccounts) -> None:
        made = Invitation("inv-1", "f" * 64, "org-1", "", frozenset({"member"}), False, "acc-1", at(1), at(20))
        accounts.add_invitation(made)
        assert accounts.invitation("inv-1") == made
        assert not accounts.answer_invitation("inv-1", "accepted", "acc-2", at(20)), "it is over"
        with ThreadPoolExecutor(4) as pool:
            answered = list(
                pool.map(lambda n: accounts.answer_invitation("inv-1", "accepted", f"acc-{n}", at(2)), range(4))
            )
        assert answered.count(True) == 1
        assert [kept.state for kept in accounts.invitations_of("org-1", 10)] == ["accepted"]

    def test_a_credential_comes_with_whose_it_is_and_for_whom(self, credentials: SqlCredentials) -> None:
        credentials.add_token(token(1))
        credentials.add_session(session(1, parent="tok-1"))
        for name in ("tok-1", "ses-1"):
            held = credentials.holding(name)
            assert held is not None
            assert held.account
            assert (held.account.id, held.tenancy) == ("acc-1", tenancy(1))
            assert (held.membership, held.token) == (member(1, 1, administrator=True), token(1))
        assert credentials.holding("tok-2") is None
        assert credentials.holding("ses-2") is None

    def test_a_token_is_revoked_once_with_the_sessions_that_it_was_exchanged_for(
        self, credentials: SqlCredentials
    ) -> None:
        credentials.add_token(token(1))
        credentials.add_session(session(1, parent="tok-1"))
        credentials.add_session(session(2))
        assert credentials.revoke_token("tok-1", at(9))
        assert not credentials.revoke_token("tok-1", at(9))
        assert credentials.session("ses-1") is None
        assert credentials.session("ses-2") is not None
        assert credentials.tokens("acc-1", 10) == []

    def test_sessions_end_one_by_one_or_all_but_one(self, credentials: SqlCredentials) -> None:
        for number in range(4):
            credentials.add_session(session(number, account="acc-1" if number < 3 else "acc-2"))
        assert not credentials.end_sessions("acc-1", "ses-3"), "another's"
        assert credentials.end_sessions("acc-1", "ses-0") == 1
        assert credentials.end_sessions("acc-1", but="ses-2") == 1
        assert [kept.id for kept in credentials.sessions(None, at(10), "", 10)] == ["ses-3", "ses-2"]

    def test_sessions_that_are_over_or_idle_are_not_listed_and_forgotten_in_time(
        self, credentials: SqlCredentials
    ) -> None:
        credentials.add_session(session(1, expires_at=at(5)))
        credentials.add_session(session(2, used_at=at(2)))
        assert [kept.id for kept in credentials.sessions("acc-1", at(6), at(3), 10)] == []
        credentials.note_use("ses-2", at(4))
        assert [kept.id for kept in credentials.sessions("acc-1", at(6), at(3), 10)] == ["ses-2"]
        credentials.add_session(session(6))
        assert credentials.session("ses-1") is None

    def test_what_a_provider_granted_is_not_carried_to_another_organisation(self, credentials: SqlCredentials) -> None:
        credentials.add_session(session(1, roles=frozenset({"steward"}), sources=frozenset({"national"})))
        credentials.act_for("ses-1", "org-2")
        kept = credentials.session("ses-1")
        assert kept is not None
        assert (kept.tenancy, kept.roles, kept.sources) == ("org-2", frozenset(), frozenset())

    def test_a_code_is_good_once_in_time_and_for_a_few_tries(self, credentials: SqlCredentials) -> None:
        credentials.add_sign_in(code(1), at(0), 9)
        assert credentials.use_sign_in("sgn-1", "c" * 64, at(11), 3) is None, "too late"
        used = credentials.use_sign_in("sgn-1", "c" * 64, at(2), 3)
        assert used is not None
        assert used.email == "li@example.org"
        assert credentials.use_sign_in("sgn-1", "c" * 64, at(2), 3) is None, "used"
        credentials.add_sign_in(code(2), at(0), 9)
        assert [credentials.use_sign_in("sgn-2", "x" * 64, at(3), 3) for _ in range(3)] == [None] * 3
        assert credentials.use_sign_in("sgn-2", "c" * 64, at(3), 3) is None, "mistyped too often"

    def test_a_code_is_used_by_one_of_many_at_once(self, credentials: SqlCredentials) -> None:
        credentials.add_sign_in(code(1), at(0), 9)
        with ThreadPoolExecutor(8) as pool:
            used = list(pool.map(lambda _: credentials.use_sign_in("sgn-1", "c" * 64, at(2), 9), range(16)))
        assert sum(one is not None for one in used) == 1

    def test_codes_for_an_address_are_counted_here_and_anywhere(self, credentials: SqlCredentials) -> None:
        assert [credentials.add_sign_in(code(number), at(0), 2) for number in (1, 2, 3)] == [True, True, False]
        assert credentials.add_sign_in(code(4, address="there"), at(0), 2, 3)
        assert not credentials.add_sign_in(code(5, address="elsewhere"), at(0), 2, 3)
        assert credentials.add_sign_in(code(6, address="elsewhere"), at(0), 2), "its owner was here before"
        assert credentials.add_sign_in(code(7, email="wang@example.org"), at(0), 2, 3), "another's address"
        assert credentials.add_sign_in(code(30), at(20), 2), "an hour later"

    def test_where_an_account_has_signed_in_is_known(self, credentials: SqlCredentials) -> None:
        credentials.add_session(session(1))
        assert credentials.was_here("acc-1", "here")
        assert not credentials.was_here("acc-1", "there")
        assert not credentials.was_here("acc-2", "here")

    def test_nothing_is_known_under_a_name_that_cannot_be_stored(
        self, accounts: SqlAccounts, credentials: SqlCredentials
    ) -> None:
        assert accounts.account("\0") is None
        assert accounts.account_of(("email", "\0")) is None
        assert accounts.tenancy("\0") is None
        assert accounts.membership("\0", "\0") is None
        assert accounts.invitation("\0") is None
        assert credentials.token("\0") is None
        assert not credentials.revoke_token("\0", at(1))
        assert not credentials.end_sessions("acc-1", "\0")
        assert credentials.use_sign_in("\0", "c" * 64, at(1), 3) is None

    def test_accounts_and_organisations_are_called_by_their_names(
        self, database: SqlDatabase, accounts: SqlAccounts, private: PrivateTexts
    ) -> None:
        accounts.add_account(replace(account(1), kind="machine"))
        accounts.add_account(account(2, "李四"))
        accounts.add_tenancy(tenancy(7))
        names = SqlNames(database, private)
        assert names.of(["acc-1", "acc-2", "org-7", "org-8", "nul\0"]) == {
            "acc-1": Bilingual("张伟", "张伟"),
            "acc-2": Bilingual("李四", "李四"),
            "org-7": Bilingual("单位 7", "Organisation 7"),
        }
        assert names.of([]) == {}

    def test_nothing_of_a_person_is_in_clear(
        self, database: SqlDatabase, accounts: SqlAccounts, credentials: SqlCredentials
    ) -> None:
        accounts.add_invitation(_invited("li@example.org"))
        assert "li@example.org" not in _kept(database)
        assert "张伟" not in _kept(database)
        assert accounts.identities("acc-1") == [("email", "li@example.org")]
        assert [kept.email for kept in accounts.invitations_of("org-1", 10)] == ["li@example.org"]

    def test_what_an_earlier_release_kept_in_clear_is_sealed_and_found_as_before(
        self, database: SqlDatabase, accounts: SqlAccounts, private: PrivateTexts
    ) -> None:
        with database.writing() as sql:
            sql.execute(accounts_table.insert(), row_of(account(1)))
            known = {"scheme": "email", "value": "li@example.org", "account": "acc-1", "verified_at": at(1)}
            sql.execute(identities.insert(), known)
            sql.execute(invitations.insert(), row_of(_invited("li@example.org")))
            sql.execute(sign_ins.insert(), row_of(code(1)))
        people = SqlPeople(database, private)
        assert people.seal_clear() == 3
        assert people.seal_clear() == 0
        assert "li@example.org" not in _kept(database)
        assert "张伟" not in _kept(database)
        owner = accounts.account_of(("email", "li@example.org"))
        assert owner
        assert accounts.names([owner]) == {"acc-1": "张伟"}
        assert [kept.email for kept in accounts.invitations_of("org-1", 10)] == ["li@example.org"]

    def test_who_is_erased_leaves_an_id_and_nothing_else(
        self, database: SqlDatabase, accounts: SqlAccounts, credentials: SqlCredentials, private: PrivateTexts
    ) -> None:
        credentials.add_token(token(1))
        credentials.add_session(session(1))
        accounts.add_invitation(_invited("li@example.org"))
        accounts.add_account(account(2), [("email", "other@example.org")])
        people = SqlPeople(database, private)
        assert {subject.partition("-")[0] for subject in people.subjects("acc-1", {"li@example.org"})} == {
            "acc", "address",
        }  # fmt: skip
        people.erase("acc-1", {"li@example.org"}, at(9))
        kept = accounts.account("acc-1")
        assert kept
        assert (kept.name, kept.disabled_at) == ("", at(9))
        assert (credentials.holding("tok-1"), credentials.holding("ses-1")) == (None, None)
        assert (accounts.identities("acc-1"), accounts.organisations_of("acc-1")) == ([], [])
        assert accounts.invitations_of("org-1", 10) == []
        assert accounts.identities("acc-2") == [("email", "other@example.org")]


def _invited(email: str) -> Invitation:
    return Invitation("inv-1", "f" * 64, "org-1", email, frozenset({"member"}), False, "acc-1", at(1), at(20))


def _kept(database: SqlDatabase) -> str:
    """Every row of the tables that may have something of a person."""
    tables = accounts_table, identities, invitations, sign_ins
    with database.reading() as sql:
        return str([sql.execute(table.select()).all() for table in tables])
