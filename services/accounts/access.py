"""Who holds a credential: the hub's access list, and the accounts of those whom a provider vouches for."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from hub.auth.tokens import AccessFile
from hub.kernel.access import Principal, ProviderPerson, Role, Scope
from hub.kernel.credentials import credential_id, is_same, new_id
from hub.kernel.problems import refusal
from hub.ports.audit import Action, AuditEvent, AuditTrail
from hub.ports.clock import Clock, rfc3339
from schemas import values
from services.accounts.adapters.sql_accounts import SqlAccounts
from services.accounts.adapters.sql_credentials import SqlCredentials
from services.accounts.core.codes import email_address
from services.accounts.core.rights import LEGACY, PROVIDER, SESSION, TOKEN, Holding, is_good, principal_of
from services.accounts.core.texts import plain
from services.accounts.core.values import Account, Membership, Session, Tenancy, Token
from services.accounts.refusals import refused

USE_NOTED = timedelta(minutes=10)
"""When a credential was last used is known to this, so that few requests write."""
NAME_CHARS = 200
_OWN = "个人", "Personal"
"""What an organisation is called that a provider's people have of their own: nobody's name."""


class Access:
    """hub.kernel.access.AccountDirectory, on the accounts' tables and the tokens of older releases."""

    def __init__(
        self,
        accounts: SqlAccounts,
        credentials: SqlCredentials,
        legacy: AccessFile,
        clock: Clock,
        audit: AuditTrail,
        *,
        idle: timedelta,
    ) -> None:
        self.accounts = accounts
        self.credentials = credentials
        self.legacy = legacy
        self._clock = clock
        self._audit = audit
        self._idle = idle

    @property
    def now(self) -> datetime:
        return self._clock.now()

    def idle_since(self) -> str:
        """Sessions that were last used before are over."""
        return rfc3339(self.now - self._idle)

    def principal(self, token: str) -> Principal | None:
        shown = credential_id(token)
        if shown is None:
            return self.legacy.principal(token)
        if not shown.startswith((TOKEN, SESSION)):
            return None
        holding = self.credentials.holding(shown)
        kept = (holding.session or holding.token) if holding else None
        if holding is None or kept is None or not is_same(kept.digest, token):
            return None
        if not is_good(holding, rfc3339(self.now), self.idle_since()):
            return None
        if kept.used_at is None or kept.used_at < rfc3339(self.now - USE_NOTED):
            self.credentials.note_use(kept.id, rfc3339(self.now))
        if holding.session and holding.session.parent.startswith(LEGACY):
            holder = self.legacy.by_credential(holding.session.parent)
            return replace(holder, credential=kept.id) if holder else None
        return self._with_former_name(holding, principal_of(holding))

    def admit(self, person: ProviderPerson) -> Principal | None:
        """See the port: known by the subject, else linked by the verified e-mail address, else new."""
        # Not by `lower` alone, which makes one of letters that look alike (U+212A): another's address is not theirs.
        person = replace(person, email=email_address(person.email) or "")
        account = self._known(person) or self._begun(person)
        if account.disabled_at:
            return None
        belongs = self.accounts.organisations_of(account.id)
        if person.roles:  # which are never for an organisation that the provider does not speak for
            own = [pair for pair in belongs if pair[1].verified_by == PROVIDER]
            belongs = own or [self._home(account, person.issuer)]
        membership, tenancy = belongs[0] if belongs else (None, None)
        session = _granted(account, tenancy, person)
        admitted = principal_of(Holding(account, tenancy, membership, session=session))
        # What is from before accounts had ids is the provider's subject's, unless a token of that name was issued too.
        return admitted if person.name in self.legacy.names() else replace(admitted, formerly=person.name)

    def note(self, action: Action, subject: str = "", *, by: Principal | None = None, detail: str = "") -> None:
        """Something that was done, into the audit trail."""
        acting = (by.account, by.organisation, by.credential) if by else ("", "", "")
        self._audit.note(AuditEvent(self.now, *acting, action, subject, "done", detail))

    def add_account(
        self, name: str, kind: str = "person", known_by: Iterable[tuple[str, str]] = (), *, by: Principal | None = None
    ) -> Account:
        """A new account, or the one that is known by one of these already."""
        made = Account(
            new_id("acc"), "machine" if kind == "machine" else "person", plain(name, NAME_CHARS), rfc3339(self.now)
        )
        account = self.accounts.add_account(made, known_by)
        if account.id == made.id:
            self.note("account.add", account.id, by=by, detail=kind)
        return account

    def add_tenancy(
        self,
        tenancy: Tenancy,
        account: str = "",
        roles: Iterable[Role] = (),
        *,
        administrator: bool = False,
        by: Principal | None = None,
    ) -> None:
        """A new organisation, with its first member."""
        first = Membership(account, tenancy.id, frozenset(roles), administrator, tenancy.created_at)
        self.accounts.add_tenancy(tenancy, first if account else None)
        self.note("organisation.add", tenancy.id, by=by, detail=tenancy.state)

    def token_behind(self, caller: Principal) -> Token | None:
        """The token that the caller shows, or that its session was exchanged for; None for people who signed in."""
        shown = caller.credential
        if shown.startswith(SESSION):
            session = self.credentials.session(shown)
            shown = session.parent if session else ""
        return self.credentials.token(shown) if shown.startswith(TOKEN) else None

    def own_account(self, caller: Principal) -> Account:
        """The caller's; Refusal (403) for the holder of a token of an older release, who has none."""
        account = self.accounts.account(caller.account)
        if account is None:
            raise refused("people-alone", 403)
        return account

    def rename(self, caller: Principal, name: str) -> None:
        """Have the caller's account go by another name; Refusal (422) for a blank one."""
        self.only_people(caller)
        if not (named := plain(name, NAME_CHARS)):
            raise refused("no-person", 422, "name")
        self.accounts.change_account(caller.account, name=named)
        self.note("account.rename", caller.account, by=caller)

    def only_people(self, caller: Principal) -> None:
        """Refusal for whoever has not signed in to an account of their own: 401 to the anonymous, 403 to tokens."""
        if not caller.account:
            raise refusal("sign-in", "hub.sign-in", "", "Authorization", 401)
        if self.token_behind(caller) or self.accounts.account(caller.account) is None:
            raise refused("people-alone", 403)

    def _with_former_name(self, holding: Holding, principal: Principal) -> Principal:
        sealed = holding.session.formerly if holding.session else None
        return replace(principal, formerly=self.accounts.private.open([sealed])[sealed]) if sealed else principal

    def _known(self, person: ProviderPerson) -> Account | None:
        account = self.accounts.account_of((person.issuer, person.subject))
        if account or not person.email:
            return account
        account = self.accounts.account_of(("email", person.email))
        if account and self.accounts.claim((person.issuer, person.subject), account.id, rfc3339(self.now)):
            self.note("account.link", account.id, detail=person.issuer)
        return account

    def _begun(self, person: ProviderPerson) -> Account:
        known_by = [(person.issuer, person.subject), *([("email", person.email)] if person.email else [])]
        return self.add_account(person.name, known_by=known_by)

    def _home(self, account: Account, issuer: str) -> tuple[Membership, Tenancy]:
        """An organisation of their own, for which they may what the provider says: nothing is shared by chance."""
        tenancy = new_tenancy(*_OWN, rfc3339(self.now), verified_by=PROVIDER, evidence=issuer)
        self.add_tenancy(tenancy, account.id)
        return Membership(account.id, tenancy.id, frozenset(), False, tenancy.created_at), tenancy


def checked_code(text: str) -> str:
    """A credit code with its check character verified, or nothing; Refusal (422) for any other text."""
    if not text.strip():
        return ""
    try:
        return values.credit_code(text)
    except ValueError:
        raise refused("no-credit-code", 422, "credit_code", found=text) from None


def new_tenancy(
    name_zh: str,
    name_en: str,
    at: str,
    *,
    credit_code: str = "",
    record_id: str = "",
    verified_by: str = "",
    evidence: str = "",
    sources: frozenset[str] = frozenset(),
    created_by: str = "",
) -> Tenancy:
    """Verified where somebody vouches for it."""
    state, since = ("verified", at) if verified_by else ("unverified", None)
    names = name_zh or name_en, name_en or name_zh
    return Tenancy(
        new_id("org"), *names, credit_code, record_id, state, verified_by, since, evidence, sources, Scope(),  # type: ignore[arg-type]
        created_by, at,
    )  # fmt: skip


def _granted(account: Account, tenancy: Tenancy | None, person: ProviderPerson) -> Session:
    """What the provider grants, as a session that is not kept."""
    acting = tenancy.id if tenancy else ""
    at = account.created_at
    return Session(PROVIDER, "", account.id, acting, "", person.roles, person.sources, "provider", "", "", at, at, at)
