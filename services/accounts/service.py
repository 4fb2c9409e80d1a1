"""Accounts as other parts of the hub have them: one object for all that there is to do."""

from datetime import timedelta

from hub.auth.tokens import AccessFile
from hub.kernel.access import Principal, ProviderPerson, Role
from hub.ports.audit import AuditTrail
from hub.ports.clock import Clock
from hub.sql.statements import SqlDatabase
from hub.web.throttle import WrongTokens
from services.accounts.access import Access
from services.accounts.adapters.private import PrivateTexts
from services.accounts.adapters.sql_accounts import SqlAccounts
from services.accounts.adapters.sql_credentials import SqlCredentials
from services.accounts.adapters.sql_people import SqlPeople
from services.accounts.core.rights import LEGACY
from services.accounts.organisations import Organisations
from services.accounts.ports import Mailer
from services.accounts.sign_in import SignIns
from services.accounts.tokens import Tokens


class Accounts:
    """hub.kernel.access.AccountDirectory, and what people and operators do with accounts."""

    def __init__(
        self,
        database: SqlDatabase,
        private: PrivateTexts,
        legacy: AccessFile,
        clock: Clock,
        audit: AuditTrail,
        *,
        mailer: Mailer | None,
        key: bytes,
        good: timedelta,
        idle: timedelta,
    ) -> None:
        kept = SqlAccounts(database, private), SqlCredentials(database)
        self.people = SqlPeople(database, private)
        self.access = Access(*kept, legacy, clock, audit, idle=idle)
        self.sign_ins = SignIns(self.access, mailer, key, good, WrongTokens(audit, clock))
        self.organisations = Organisations(self.access, self.sign_ins)
        self.tokens = Tokens(self.access, self.organisations)

    def principal(self, token: str) -> Principal | None:
        return self.access.principal(token)

    def admit(self, person: ProviderPerson) -> Principal | None:
        return self.access.admit(person)

    def issue(
        self, name: str, roles: set[Role], sources: set[str] | tuple[str, ...], *, by: Principal | None = None
    ) -> str:
        """A token of a new machine with an organisation of its own."""
        return self.tokens.issue_for_machine(name, roles, sources, by=by).text

    def link_for(self, token: str, by: Principal | None = None) -> str | None:
        """The credential of a link for whoever holds the token; None where nobody does."""
        holder = self.principal(token)
        if holder is None:
            return None
        legacy = holder.credential if holder.credential.startswith(LEGACY) else ""
        return self.sign_ins.new_link("" if legacy else holder.account, legacy, by).text

    def close(self) -> None:
        """Nothing is held."""
