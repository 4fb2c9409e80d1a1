"""Tokens of people and of machines: at most what their account may do, for a time, until revoked."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from hub.kernel.access import Principal, Role
from hub.kernel.credentials import new_credential
from hub.ports.clock import rfc3339
from services.accounts.access import NAME_CHARS, Access, new_tenancy
from services.accounts.core.rights import ANY_SOURCE, LEGACY, OWN_SOURCE
from services.accounts.core.texts import plain
from services.accounts.core.values import ADMINISTER, Token
from services.accounts.organisations import Organisations
from services.accounts.refusals import refused

TOKENS_LIMIT = 100
"""That one account may have at a time."""
OPERATORS_EVIDENCE = "operator, command line"


@dataclass(frozen=True, slots=True)
class Issued:
    """A token, and its text, which is told this once."""

    token: Token
    text: str


class Tokens:
    """Issues, lists and revokes them."""

    def __init__(self, access: Access, organisations: Organisations) -> None:
        self._access = access
        self._organisations = organisations

    def issue_own(
        self, caller: Principal, name: str, scopes: Collection[str], sources: Collection[str], days: int
    ) -> Issued:
        """A token of the caller's own account and organisation; for people who signed in, not for other tokens."""
        self._access.only_people(caller)
        if len(self._access.credentials.tokens(caller.account, TOKENS_LIMIT)) >= TOKENS_LIMIT:
            raise refused("too-many-tokens", 409, most=TOKENS_LIMIT)
        if not plain(name, NAME_CHARS):
            raise refused("no-token-name", 422, "name")
        beyond = set(scopes) - caller.roles - {ADMINISTER}
        if beyond or not scopes:
            raise refused("scopes-beyond", 403, "scopes", ", ".join(sorted(beyond)))
        if ADMINISTER in scopes:
            self._organisations.administer(caller, caller.organisation)
        foreign = set() if ANY_SOURCE in caller.sources else set(sources) - caller.sources
        if foreign:
            raise refused("sources-beyond", 403, "sources", ", ".join(sorted(foreign)))
        return self._issue(
            caller.account, caller.organisation, name, scopes=scopes, sources=sources, days=days, by=caller
        )

    def issue_for_machine(
        self,
        name: str,
        roles: Collection[Role],
        sources: Collection[str],
        organisation: str = "",
        days: int = 0,
        *,
        by: Principal | None = None,
    ) -> Issued:
        """A token of a new machine account, by an operator: for the organisation, else for one of the machine's own.

        Refusal (404) where there is no such organisation, 403 where it may not speak for one of the sources.
        """
        access = self._access
        tenancy = access.accounts.tenancy(organisation) if organisation else None
        if organisation and tenancy is None:
            raise refused("no-organisation", 404)
        if tenancy and not set(sources) <= tenancy.sources | {OWN_SOURCE}:
            raise refused("sources-beyond", 403, "source", ", ".join(sorted(set(sources) - tenancy.sources)))
        account = access.add_account(name, "machine", by=by)
        if tenancy is None:
            made = new_tenancy(
                name, name, rfc3339(access.now), verified_by="operator", evidence=OPERATORS_EVIDENCE,
                sources=frozenset(sources),
            )  # fmt: skip
            access.add_tenancy(made, account.id, roles, by=by)
            organisation = made.id
        else:
            operator = by or Principal("operator", frozenset({"operator"}))
            self._organisations.add_member(operator, organisation, account.id, frozenset(roles), administrator=False)
        return self._issue(account.id, organisation, name, scopes=roles, sources=sources, days=days, by=by)

    def of(self, caller: Principal) -> Sequence[Token]:
        """The caller's, the newest first; those revoked are left out."""
        return self._access.credentials.tokens(caller.account, TOKENS_LIMIT)

    def revoke(self, token_id: str, caller: Principal | None = None, by: Principal | None = None) -> None:
        """A token of the caller's own account; without a caller (an operator's command), any, legacy ones too.

        Who shows a token may give up that one alone.

        Sessions that it was exchanged for end with it. 404 where there is none.
        """
        access = self._access
        token = access.credentials.token(token_id)
        shown = access.token_behind(caller) if caller else None
        own = caller is None or (token is not None and token.account == caller.account and shown in {None, token})
        if token_id.startswith(LEGACY) and caller is None:
            done = access.legacy.revoke(token_id)
        else:
            done = own and access.credentials.revoke_token(token_id, rfc3339(access.now))
        if not done:
            raise refused("no-such-token", 404)
        access.note("token.revoke", token_id, by=caller or by)

    def _issue(
        self, account: str, organisation: str, name: str, *, scopes: Collection[str], sources: Collection[str],
        days: int, by: Principal | None,
    ) -> Issued:  # fmt: skip
        given, now = new_credential("tok"), self._access.now
        token = Token(
            given.id,
            given.digest,
            account,
            organisation,
            plain(name, NAME_CHARS),
            frozenset(scopes),
            frozenset(sources),
            rfc3339(now),
            rfc3339(now + timedelta(days=days)) if days else None,
        )
        self._access.credentials.add_token(token)
        self._access.note("token.issue", token.id, by=by, detail=" ".join(sorted(scopes)))
        return Issued(token, given.text)
