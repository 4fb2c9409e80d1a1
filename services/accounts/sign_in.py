"""Ways in: a code by e-mail, a link, a token or a provider's word; each ends in a session, kept here."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from hub.kernel.access import Principal
from hub.kernel.credentials import Credential, credential_id, digest_of, new_credential, new_id
from hub.kernel.problems import Refusal, expecting
from hub.ports.clock import rfc3339
from hub.text.language import Language
from hub.text.messages import sentence
from hub.web.throttle import Throttle, WrongTokens, too_often
from services.accounts.access import Access
from services.accounts.adapters.mailers import LocalMailbox
from services.accounts.core.codes import CODE_TRIES, email_address, keyed, new_code, opened_by, sealed_by, typed_code
from services.accounts.core.rights import LEGACY, PROVIDER, SESSION
from services.accounts.core.texts import plain
from services.accounts.core.values import Session, SignIn, Way
from services.accounts.ports import Mail, Mailer, Unsent
from services.accounts.refusals import refused

CODE_GOOD = timedelta(minutes=10)
LINK_GOOD = timedelta(minutes=15)
PROVIDER_GOOD = timedelta(hours=12)
"""Of a session with roles that a provider granted: it may take them back, and the hub learns of that at the next."""
CODES_COUNTED = timedelta(hours=1)
CODES_HERE, CODES_ANYWHERE = 5, 30
"""For one e-mail address in CODES_COUNTED, from one address and from all that its owner has not signed in from."""
LINK_TRIES = 1_000_000
DEVICE_CHARS = 200
SESSIONS_LIMIT = 100
log = logging.getLogger("hub.accounts")


@dataclass(frozen=True, slots=True)
class Whence:
    """Where a sign-in comes from: its address, and what its browser calls itself."""

    address: str
    device: str = ""


class SignIns:
    """Gives out codes and links, and begins and ends sessions. `key` keys what could be guessed."""

    def __init__(self, access: Access, mailer: Mailer | None, key: bytes, good: timedelta, wrong: WrongTokens) -> None:
        self._access = access
        self._credentials = access.credentials
        self.mailer = mailer
        self._key = key
        self._good = good
        self._wrong = wrong
        self._asking = Throttle(60, CODES_COUNTED.total_seconds())

    @property
    def mailbox(self) -> LocalMailbox | None:
        """Where the mail of a hub without a mail server is."""
        return self.mailer if isinstance(self.mailer, LocalMailbox) else None

    def send_code(self, text: str, whence: Whence, language: Language) -> tuple[str, str]:
        """Send a code to the address, whoever it belongs to; what is answered tells nobody whether it is known.

        Returns the ticket, and until when the code is good.

        Raises Refusal: 422 for no address, 429 where too many were asked for, 503 where no mail can be sent.
        """
        email = email_address(text)
        if email is None:
            raise refused("no-email", 422, "email")
        if wait := self._asking.spend(whence.address)[0]:
            raise too_often(wait)
        if self.mailer is None:
            raise _unsent()
        accounts, code, ticket = self._access.accounts, new_code(), new_credential("sgn")
        asked = accounts.private.fingerprint("email", email)
        sign_in = self._sign_in(CODE_GOOD, email=asked, address=self._keyed(whence.address))
        since = rfc3339(self._access.now - CODES_COUNTED)
        digest, sealed = self._code_digest(ticket.text, code), sealed_by(ticket.text, email)
        sign_in = replace(sign_in, id=ticket.id, digest=digest, sealed=sealed)
        owner = accounts.account_of(("email", email))
        anywhere = 0 if owner and self._credentials.was_here(owner.id, sign_in.address) else CODES_ANYWHERE
        if not self._credentials.add_sign_in(sign_in, since, CODES_HERE, anywhere):
            raise self._wrong.throttled("code.ask", whence.address, owner.id if owner else "", 600)
        self._send(email, code, language)
        return ticket.text, sign_in.expires_at

    def by_code(self, ticket: str, code: str, whence: Whence) -> tuple[Credential, Session]:
        """Begin a session for whoever has the address that the code went to; an account where there is none yet."""
        digest = self._code_digest(ticket, typed_code(code))
        shown = credential_id(ticket) or ""
        used = self._credentials.use_sign_in(shown, digest, rfc3339(self._access.now), CODE_TRIES)
        if used is None or not used.sealed:
            problem = expecting("wrong-code", "accounts.wrong-code", "", "code")
            raise self._wrong.refusal(problem, "session.begin", whence.address, shown)
        email = opened_by(ticket, used.sealed)
        account = self._access.add_account(email.partition("@")[0], known_by=[("email", email)])
        return self._begin(account.id, "code", whence)

    def new_link(self, account: str, parent: str = "", by: Principal | None = None) -> Credential:
        """A link's credential: good once, for LINK_GOOD, for the account or for the holder of a legacy token."""
        link = new_credential("lnk")
        row = replace(self._sign_in(LINK_GOOD, account=account, parent=parent), id=link.id, digest=link.digest)
        self._credentials.add_sign_in(row, rfc3339(self._access.now - CODES_COUNTED))
        self._access.note("link.give", account or parent, by=by)
        return link

    def by_link(self, text: str, whence: Whence) -> tuple[Credential, Session]:
        """Begin a session by a link that was never used."""
        now = rfc3339(self._access.now)
        link = credential_id(text) or ""
        used = self._credentials.use_sign_in(link, digest_of(text), now, LINK_TRIES) if link else None
        if used is None or used.email:
            problem = expecting("wrong-link", "accounts.wrong-link", "", "link")
            raise self._wrong.refusal(problem, "session.begin", whence.address, link)
        return self._begin(used.account or used.parent, "link", whence, parent=used.parent)

    def exchange(self, holder: Principal, whence: Whence) -> tuple[Credential, Session]:
        """A session in place of a token, so that no browser keeps the token, which it ends and is revoked with."""
        if not holder.credential or holder.credential.startswith(SESSION):
            raise refused("no-token", 401, "Authorization")
        if holder.credential == PROVIDER:
            return self._begin(holder.account, "provider", whence, holder=holder)
        return self._begin(holder.account, "token", whence, parent=holder.credential, holder=holder)

    def sessions(self, holder: Principal) -> Sequence[Session]:
        """The account's, the newest first."""
        access = self._access
        return self._credentials.sessions(holder.account, rfc3339(access.now), access.idle_since(), SESSIONS_LIMIT)

    def end(self, holder: Principal, session_id: str) -> None:
        """End one of the holder's sessions, here and everywhere; 404 where it is not theirs.

        Who shows a token, or came by one, ends sessions in its place alone.
        """
        if not self._credentials.end_sessions(holder.account, session_id, parent=self._parent(holder)):
            raise refused("no-session", 404)
        self._access.note("session.end", session_id, by=holder)

    def end_others(self, holder: Principal) -> int:
        """End all but the one that asks; how many."""
        ended = self._credentials.end_sessions(holder.account, but=holder.credential, parent=self._parent(holder))
        self._access.note("session.end", "others", by=holder, detail=str(ended))
        return ended

    def act_for(self, holder: Principal, organisation: str) -> None:
        """Choose the organisation that a session acts for: one that its account belongs to."""
        session = self._credentials.session(holder.credential) if holder.credential.startswith(SESSION) else None
        if session is None or session.parent or not self._access.accounts.membership(holder.account, organisation):
            raise refused("not-a-member", 403, "organisation")
        self._credentials.act_for(session.id, organisation)

    def _begin(
        self, account: str, way: Way, whence: Whence, *, parent: str = "", holder: Principal | None = None
    ) -> tuple[Credential, Session]:
        now, given = self._access.now, new_credential("ses")
        kept = None if account.startswith(LEGACY) else self._access.accounts.account(account)
        if kept and kept.disabled_at:
            raise refused("disabled", 403)
        by_provider = holder if holder and way == "provider" else None
        session = Session(
            given.id,
            given.digest,
            account,
            holder.organisation if holder else self._first_organisation(account),
            parent,
            by_provider.roles if by_provider else frozenset(),
            by_provider.sources if by_provider else frozenset(),
            way,
            plain(whence.device, DEVICE_CHARS),
            self._keyed(whence.address),
            rfc3339(now),
            rfc3339(now),
            rfc3339(now + (min(PROVIDER_GOOD, self._good) if by_provider else self._good)),
            self._access.accounts.private.seal(account, by_provider.formerly) if by_provider else None,
        )
        self._credentials.add_session(session)
        acting = Principal(account=account, organisation=session.tenancy, credential=session.id)
        self._access.note("session.begin", session.id, by=acting, detail=way)
        return given, session

    def _parent(self, holder: Principal) -> str | None:
        token = self._access.token_behind(holder)
        return token.id if token else None

    def _first_organisation(self, account: str) -> str:
        return next((tenancy.id for _, tenancy in self._access.accounts.organisations_of(account)), "")

    def _sign_in(
        self, good: timedelta, *, email: str = "", address: str = "", account: str = "", parent: str = ""
    ) -> SignIn:
        now = self._access.now
        return SignIn(new_id("sgn"), "", email, account, parent, address, 0, rfc3339(now), rfc3339(now + good))

    def _code_digest(self, ticket: str, code: str) -> str:
        return keyed(self._key, "code", ticket, code)

    def _keyed(self, address: str) -> str:
        return keyed(self._key, "address", address)[:32]

    def _send(self, email: str, code: str, language: Language) -> None:
        grouped = f"{code[:4]} {code[4:]}"
        subject = sentence("accounts.mail.code.subject", language, code=grouped)
        text = sentence("accounts.mail.code.text", language, code=grouped, minutes=int(CODE_GOOD.total_seconds() // 60))
        self.send(Mail(email, subject, text))

    def send(self, mail: Mail) -> None:
        """Send it; Refusal (503) where that cannot be done."""
        try:
            if self.mailer is None:
                raise Unsent("no mail server is named")
            self.mailer.send(mail)
        except Unsent as error:
            log.warning("a mail was not sent: %s", error)
            raise _unsent() from error


def _unsent() -> Refusal:
    return Refusal(expecting("no-mail", "accounts.no-mail"), status=503, retry_after=60)
