"""Accounts over HTTP: ways in, sessions, tokens, and the caller's own account."""

from typing import Annotated

from pydantic import Field

from hub.kernel.access import Role
from schemas.http.organisations import NAME_CHARS, OrganisationView
from schemas.http.parts import Body, Model, Moment, Operations

TOKEN_DAYS = 366
Words = Annotated[tuple[Annotated[str, Field(max_length=100)], ...], Field(max_length=100)]


class Ways(Model):
    """Whether people can sign in by a code sent to their e-mail address; `mailbox`: to the page of this machine."""

    email: bool
    mailbox: bool


class NewCode(Body):
    """Where to send a code to."""

    email: Annotated[str, Field(max_length=254)]


class CodeSent(Model):
    """`ticket` belongs to the code: both are needed to sign in, so that only who asked for a code can try it."""

    ticket: str
    expires_at: Moment


class SignIn(Body):
    """A ticket and its code, or a link's credential; neither: the request's bearer token is exchanged."""

    ticket: Annotated[str, Field(max_length=100)] = ""
    code: Annotated[str, Field(max_length=40)] = ""
    link: Annotated[str, Field(max_length=200)] = ""
    device: Annotated[str, Field(max_length=500)] = ""


class NewSession(Model):
    """`token` is the session's, told once. `registered`: the account belongs to an organisation already."""

    id: str
    token: str
    expires_at: Moment
    account: str
    registered: bool


class SessionView(Model):
    """One of the caller's sign-ins; `way`: code, link, token or provider."""

    id: str
    way: str
    device: str
    created_at: Moment
    used_at: Moment
    expires_at: Moment
    current: bool


class Sessions(Model):
    sessions: tuple[SessionView, ...]


class Ended(Model):
    """How many sessions were ended."""

    ended: int


class OwnOrganisation(Model):
    """An organisation that the caller belongs to. `acting`: for which this request is made."""

    organisation: OrganisationView
    roles: tuple[Role, ...]
    administrator: bool
    acting: bool


class AccountView(Model):
    """The caller's own account: verified addresses, and issuers of providers that it is linked with."""

    id: str
    name: str
    emails: tuple[str, ...]
    providers: tuple[str, ...]
    organisations: tuple[OwnOrganisation, ...]


class AccountChange(Body):
    name: Annotated[str, Field(min_length=1, max_length=NAME_CHARS)]


class Acting(Body):
    """The organisation that the session acts for from now on."""

    organisation: Annotated[str, Field(max_length=100)]


class NewToken(Body):
    """`scopes`: roles that the caller has, and `administer`; `sources`: of those that it may speak for."""

    name: Annotated[str, Field(min_length=1, max_length=NAME_CHARS)]
    scopes: Words
    sources: Words = ()
    days: Annotated[int, Field(ge=1, le=TOKEN_DAYS)] = 90


class TokenView(Model):
    """A token without what it is shown by; `used_at` is known to some minutes."""

    id: str
    name: str
    organisation: str
    scopes: tuple[str, ...]
    sources: tuple[str, ...]
    created_at: Moment
    expires_at: Moment | None = None
    used_at: Moment | None = None


class IssuedToken(TokenView):
    """`token` is told once."""

    token: str


class Tokens(Model):
    tokens: tuple[TokenView, ...]


class LocalMail(Model):
    """A mail that a hub without a mail server keeps."""

    date: str
    to: str
    subject: str
    text: str


class LocalMails(Model):
    mails: tuple[LocalMail, ...]


OPERATIONS = Operations("accounts")
WAYS = OPERATIONS.add("list_ways_in", "GET /sign-in", "How people can sign in", Ways)
SEND_CODE = OPERATIONS.add(
    "send_code",
    "POST /sign-in/codes",
    "Send a code to an e-mail address",
    CodeSent,
    status=202,
    body=NewCode,
    problems=(400, 422, 429, 503),
)
MAILS = OPERATIONS.add(
    "list_local_mails", "GET /mailbox", "The mail that a hub without a mail server keeps", LocalMails, problems=(404,)
)
BEGIN_SESSION = OPERATIONS.add(
    "begin_session",
    "POST /sessions",
    "Sign in by a code, a link or a token",
    NewSession,
    status=201,
    body=SignIn,
    problems=(400, 401, 403, 422, 429),
)
SESSIONS = OPERATIONS.add("list_sessions", "GET /sessions", "The caller's sessions", Sessions, token=True)
END_SESSION = OPERATIONS.add(
    "end_session",
    "DELETE /sessions/{session_id}",
    "Sign out: end a session, `current` for the caller's own",
    type(None),
    status=204,
    problems=(404,),
    token=True,
)
END_OTHERS = OPERATIONS.add(
    "end_other_sessions", "DELETE /sessions", "End all sessions but the caller's own", Ended, token=True
)
ACT_FOR = OPERATIONS.add(
    "act_for_organisation",
    "POST /sessions/current/organisation",
    "Choose the organisation that the session acts for",
    AccountView,
    body=Acting,
    problems=(400, 403, 422),
    token=True,
)
ACCOUNT = OPERATIONS.add(
    "get_account", "GET /account", "The caller's account and organisations", AccountView, problems=(403,), token=True
)
CHANGE_ACCOUNT = OPERATIONS.add(
    "change_account",
    "POST /account",
    "Change the caller's name",
    AccountView,
    body=AccountChange,
    problems=(400, 403, 422),
    token=True,
)
TOKENS = OPERATIONS.add("list_tokens", "GET /tokens", "The caller's tokens", Tokens, token=True)
ISSUE_TOKEN = OPERATIONS.add(
    "issue_token",
    "POST /tokens",
    "Issue a token of the caller's own",
    IssuedToken,
    status=201,
    body=NewToken,
    problems=(400, 403, 409, 422),
    token=True,
)
REVOKE_TOKEN = OPERATIONS.add(
    "revoke_token",
    "DELETE /tokens/{token_id}",
    "Revoke one of the caller's tokens",
    type(None),
    status=204,
    problems=(404,),
    token=True,
)
