"""Organisations: who registers, verifies and suspends them, who belongs to them, who is invited, and who leaves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from hub.kernel.access import Principal, Role, Scope
from hub.kernel.credentials import Credential, credential_id, is_same, new_credential
from hub.ports.audit import Action
from hub.ports.clock import rfc3339
from hub.text.language import Language
from hub.text.messages import sentence
from hub.web.throttle import Throttle, too_often
from schemas import rights
from services.accounts.access import NAME_CHARS, Access, checked_code, new_tenancy
from services.accounts.adapters.sql_accounts import CodeTaken
from services.accounts.core.codes import email_address
from services.accounts.core.rights import SESSION, VERIFIERS, may_verify
from services.accounts.core.texts import plain
from services.accounts.core.values import (
    ADMINISTER,
    Account,
    Invitation,
    InvitationState,
    Membership,
    Tenancy,
    TenancyState,
)
from services.accounts.memberships import among, keep_an_administrator, words_of
from services.accounts.ports import Mail
from services.accounts.refusals import refused
from services.accounts.sign_in import SignIns

INVITATION_GOOD = timedelta(days=7)
OWN_ORGANISATIONS = 20
"""That one account may register."""
INVITED_BY, INVITED_HERE = 60, 30
"""Invitations that are mailed in an hour: of one account, and to one address, whoever gives them."""
PAGE_LIMIT = 100
EVIDENCE_CHARS = 2_000
_GIVEN = frozenset(rights.GIVEN_BY_ADMINISTRATORS)


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation, and the credential in its link."""

    invitation: Invitation
    credential: Credential


class Organisations:
    """What people do for and with organisations; each method raises Refusal where its caller may not."""

    def __init__(self, access: Access, sign_ins: SignIns) -> None:
        self._access = access
        self._accounts = access.accounts
        self._sign_ins = sign_ins
        self._mailing, self._mailed = Throttle(INVITED_BY, 3_600), Throttle(INVITED_HERE, 3_600)

    def register(self, caller: Principal, person: str, name_zh: str, name_en: str, credit_code: str) -> Tenancy:
        """A new organisation, which nobody has verified yet; the caller is its first member and administrator."""
        self._access.only_people(caller)
        if len(self._accounts.organisations_of(caller.account)) >= OWN_ORGANISATIONS:
            raise refused("too-many-organisations", 409, most=OWN_ORGANISATIONS)
        names = plain(name_zh, NAME_CHARS), plain(name_en, NAME_CHARS)
        if not any(names):
            raise refused("no-name", 422, "name_zh")
        code = checked_code(credit_code)
        tenancy = new_tenancy(*names, self._now(), credit_code=code, created_by=caller.account)
        self._access.add_tenancy(tenancy, caller.account, {"member"}, administrator=True, by=caller)
        if named := plain(person, NAME_CHARS):
            self._accounts.change_account(caller.account, name=named)
        if caller.credential.startswith(SESSION):  # a provider's token acts for the first
            self._sign_ins.act_for(caller, tenancy.id)
        return tenancy

    def of(self, caller: Principal) -> Sequence[tuple[Membership, Tenancy]]:
        """Those that the caller belongs to, the oldest membership first."""
        return self._accounts.organisations_of(caller.account)

    def organisation(self, caller: Principal, tenancy_id: str) -> Tenancy:
        """One that the caller belongs to, or may verify."""
        tenancy = self._accounts.tenancy(tenancy_id)
        if tenancy and (self._accounts.membership(caller.account, tenancy_id) or may_verify(caller, tenancy)):
            return tenancy
        raise refused("no-organisation", 404 if caller.account else 401)

    def members(self, caller: Principal, tenancy_id: str, after: tuple[str, str]) -> list[tuple[Membership, Account]]:
        """A page of those who belong to it, for those who do, and for operators."""
        if "operator" not in caller.roles and not self._accounts.membership(caller.account, tenancy_id):
            raise refused("no-organisation", 404 if caller.account else 401)
        return self._accounts.members_of(self._existing(tenancy_id).id, PAGE_LIMIT, after)

    def names(self, members: Sequence[tuple[Membership, Account]]) -> Mapping[str, str]:
        """What the members are called, by their accounts."""
        return self._accounts.names([account for _, account in members])

    def change_member(
        self, caller: Principal, tenancy_id: str, account: str, roles: frozenset[Role], administrator: bool
    ) -> None:
        """Give a member these roles; those that an administrator does not give stay as they are."""
        self.administer(caller, tenancy_id)
        self._givable(caller, roles)

        def changed(members: Sequence[Membership]) -> Membership:
            member = among(members, account)
            beyond = frozenset() if "operator" in caller.roles else member.roles - _GIVEN
            if not administrator:
                keep_an_administrator(member, members)
            return replace(member, roles=roles | beyond, administrator=administrator)

        self._accounts.change_membership(tenancy_id, account, changed, self._now())
        self._access.note(
            "membership.change", f"{account} {tenancy_id}", by=caller, detail=words_of(roles, administrator)
        )

    def remove_member(self, caller: Principal, tenancy_id: str, account: str) -> None:
        """Let somebody go, or leave; not the last administrator while others are there."""
        if account == caller.account:
            self._access.only_people(caller)
        else:
            self.administer(caller, tenancy_id)
        self._existing(tenancy_id)

        def gone(members: Sequence[Membership]) -> None:
            keep_an_administrator(among(members, account), members)

        self._accounts.change_membership(tenancy_id, account, gone, self._now())
        self._access.note("membership.end", f"{account} {tenancy_id}", by=caller)

    def add_member(
        self, caller: Principal, tenancy_id: str, account: str, roles: frozenset[Role], administrator: bool
    ) -> None:
        """Add an account that is there; for operators. What it had in the organisation is replaced."""
        tenancy = self._existing(tenancy_id)
        made = Membership(account, tenancy.id, roles, administrator, self._now())
        self._accounts.change_membership(tenancy.id, account, lambda _: made, self._now())
        self._access.note("membership.add", f"{account} {tenancy.id}", by=caller, detail=words_of(roles, administrator))

    def invite(
        self, caller: Principal, tenancy_id: str, email: str, roles: frozenset[Role], administrator: bool
    ) -> Invited:
        """A link to join by, good once; with an e-mail address, for whoever has that alone."""
        self.administer(caller, tenancy_id)
        self._givable(caller, roles)
        address = email_address(email) if email.strip() else ""
        if address is None:
            raise refused("no-email", 422, "email")
        if self._has_member(tenancy_id, address):
            raise refused("already-member", 422, "email", address)
        if wait := address and (self._mailed.spend(address)[0] or self._mailing.spend(caller.account)[0]):
            raise too_often(wait)
        given, now = new_credential("inv"), self._access.now
        ends = rfc3339(now + INVITATION_GOOD)
        invitation = Invitation(
            given.id, given.digest, tenancy_id, address, roles, administrator, caller.account, rfc3339(now), ends
        )
        self._accounts.add_invitation(invitation)
        self._access.note("invitation.give", given.id, by=caller, detail=words_of(roles, administrator))
        return Invited(invitation, given)

    def send_invitation(self, invited: Invited, link: str, language: Language) -> bool:
        """Send the link to the invitation's address, where it has one and the hub sends mail."""
        tenancy = self._existing(invited.invitation.tenancy)
        if not invited.invitation.email or self._sign_ins.mailer is None:
            return False
        names = {"organisation": tenancy.name_zh if language == "zh" else tenancy.name_en, "link": link}
        subject = sentence("accounts.mail.invitation.subject", language, **names)
        text = sentence("accounts.mail.invitation.text", language, days=INVITATION_GOOD.days, **names)
        self._sign_ins.send(Mail(invited.invitation.email, subject, text))
        return True

    def invitations(self, caller: Principal, tenancy_id: str) -> list[Invitation]:
        """The newest first; for its administrators."""
        self.administer(caller, tenancy_id)
        return self._accounts.invitations_of(tenancy_id, PAGE_LIMIT)

    def revoke_invitation(self, caller: Principal, tenancy_id: str, invitation_id: str) -> None:
        """Nobody can join by it any more; 404 where it is not an open one of the organisation's."""
        self.administer(caller, tenancy_id)
        invitation = self._accounts.invitation(invitation_id)
        of_it = invitation is not None and invitation.tenancy == tenancy_id
        if not of_it or not self._accounts.answer_invitation(invitation_id, "revoked", caller.account, self._now()):
            raise refused("no-invitation", 404)
        self._access.note("invitation.revoke", invitation_id, by=caller)

    def invitation(self, text: str) -> tuple[Invitation, Tenancy]:
        """What somebody with the link is invited to; 404 where it is not good any more."""
        invitation = self._accounts.invitation(credential_id(text) or "")
        if invitation is None or not is_same(invitation.digest, text):
            raise refused("no-invitation", 404)
        if invitation.state != "open" or invitation.expires_at <= self._now():
            raise refused("no-invitation", 404)
        return invitation, self._existing(invitation.tenancy)

    def answer(self, caller: Principal, text: str, accept: bool) -> Tenancy:
        """Join, or decline. An invitation for an address is for the account that has it."""
        self._access.only_people(caller)
        invitation, tenancy = self.invitation(text)
        if invitation.email and ("email", invitation.email) not in self._accounts.identities(caller.account):
            raise refused("other-address", 403)
        state: InvitationState = "accepted" if accept else "declined"
        if not self._accounts.answer_invitation(invitation.id, state, caller.account, self._now()):
            raise refused("no-invitation", 404)
        if accept:
            self._join(caller, invitation)
        self._access.note("invitation.accept" if accept else "invitation.decline", invitation.id, by=caller)
        return tenancy

    def queue(self, caller: Principal, state: TenancyState, after: tuple[str, str]) -> list[Tenancy]:
        """A page of those in the state that the caller may verify, the oldest first."""
        if not caller.roles & VERIFIERS:
            raise refused("no-verifier", 403 if caller.account else 401)
        page: list[Tenancy] = []
        while len(page) < PAGE_LIMIT:
            read = self._accounts.tenancies(state, PAGE_LIMIT, after)
            page += [tenancy for tenancy in read if may_verify(caller, tenancy)]
            if len(read) < PAGE_LIMIT:
                break
            after = (read[-1].created_at, read[-1].id)
        return page[:PAGE_LIMIT]

    def verify(
        self, caller: Principal, tenancy_id: str, evidence: str, credit_code: str = "", record_id: str = ""
    ) -> Tenancy:
        """Vouch for it by the evidence, which is kept; 409 where its credit code is another verified one's."""

        def verified(tenancy: Tenancy) -> Tenancy:
            code = checked_code(credit_code) or tenancy.credit_code
            made = replace(tenancy, state="verified", verified_by=caller.account, verified_at=self._now())
            record = plain(record_id, NAME_CHARS) or tenancy.record_id
            return replace(made, evidence=plain(evidence, EVIDENCE_CHARS), credit_code=code, record_id=record)

        if not plain(evidence, EVIDENCE_CHARS):
            raise refused("no-evidence", 422, "evidence")
        return self._changed(caller, tenancy_id, verified, "organisation.verify", evidence)

    def suspend(self, caller: Principal, tenancy_id: str, reason: str) -> Tenancy:
        """From now on nobody may do anything for it."""
        return self._changed(
            caller, tenancy_id, lambda tenancy: replace(tenancy, state="suspended"), "organisation.suspend", reason
        )

    def grant(self, caller: Principal, tenancy_id: str, sources: frozenset[str], scope: Scope | None = None) -> Tenancy:
        """Let it speak for further sources; give an agency its scope. For operators."""

        def granted(tenancy: Tenancy) -> Tenancy:
            return replace(tenancy, sources=tenancy.sources | sources, scope=scope or tenancy.scope)

        return self._changed(caller, tenancy_id, granted, "organisation.grant", " ".join(sorted(sources)))

    def administer(self, caller: Principal, tenancy_id: str) -> None:
        """Refusal where the caller is neither an administrator of the organisation nor an operator, or by its token."""
        if "operator" in caller.roles:
            return
        membership = self._accounts.membership(caller.account, tenancy_id) if caller.account else None
        if membership is None:
            raise refused("no-organisation", 404 if caller.account else 401)
        token = self._access.token_behind(caller)
        acting = token is None or (ADMINISTER in token.scopes and token.tenancy == tenancy_id)
        if not membership.administrator or not acting or self._existing(tenancy_id).state == "suspended":
            raise refused("no-administrator", 403)

    def _changed(
        self, caller: Principal, tenancy_id: str, change: Callable[[Tenancy], Tenancy], action: Action, detail: str
    ) -> Tenancy:
        if not caller.roles & VERIFIERS:
            raise refused("no-verifier", 403 if caller.account else 401)
        before = self._existing(tenancy_id)
        if not may_verify(caller, before):
            # To who is not of it, one beyond the scope is no other than one that is not there.
            own = self._accounts.membership(caller.account, tenancy_id)
            raise refused("no-verifier", 403) if own else refused("no-organisation", 404)

        def within(tenancy: Tenancy) -> Tenancy:
            changed = change(tenancy)
            if not may_verify(caller, changed):  # nor may anybody vouch for a code beyond their scope
                raise refused("no-verifier", 403, "credit_code", changed.credit_code)
            return changed

        try:
            tenancy = self._accounts.change_tenancy(tenancy_id, within)
        except CodeTaken as taken:
            raise refused("code-taken", 409, "credit_code", found=str(taken)) from None
        if tenancy is None:
            raise refused("no-organisation", 404)
        self._access.note(action, tenancy_id, by=caller, detail=plain(detail, EVIDENCE_CHARS))
        return tenancy

    def _join(self, caller: Principal, invitation: Invitation) -> None:
        def joined(members: Sequence[Membership]) -> Membership:
            before = next((member for member in members if member.account == caller.account), None)
            roles, since = (before.roles, before.since) if before else (frozenset(), self._now())
            administrator = invitation.administrator or bool(before and before.administrator)
            return Membership(caller.account, invitation.tenancy, roles | invitation.roles, administrator, since)

        self._accounts.change_membership(invitation.tenancy, caller.account, joined, self._now())
        if not caller.organisation and caller.credential.startswith(SESSION):
            self._sign_ins.act_for(caller, invitation.tenancy)

    def _has_member(self, tenancy_id: str, address: str) -> bool:
        account = self._accounts.account_of(("email", address)) if address else None
        return bool(account and self._accounts.membership(account.id, tenancy_id))

    def _givable(self, caller: Principal, roles: frozenset[Role]) -> None:
        if "operator" not in caller.roles and not roles <= _GIVEN:
            raise refused("roles-beyond", 403, "roles", found=", ".join(sorted(roles - _GIVEN)))

    def _existing(self, tenancy_id: str) -> Tenancy:
        tenancy = self._accounts.tenancy(tenancy_id)
        if tenancy is None:
            raise refused("no-organisation", 404)
        return tenancy

    def _now(self) -> str:
        return rfc3339(self._access.now)
