"""What the made-up API of the portal's unit tests answers about accounts and organisations."""

from collections.abc import Iterator
from typing import Any

from hub.kernel.operation import Operation
from hub.web.routes import address
from schemas.http import accounts, organisations, own_data

TOKEN = "known-token"  # not a secret of anything
HOSTILE = "<script>alert(1)</script>&\"'"
AT = "2026-11-20T02:00:00Z"
ACTING = {"account": "acc-1", "organisation": "org-1", "credential": "ses-1"}
NEW_SESSION = {"id": "ses-1", "token": TOKEN, "expires_at": "2126-11-20T02:00:00Z", "account": "a", "registered": True}
OWN_SESSION = dict.fromkeys(("created_at", "used_at", "expires_at"), AT) | {
    "id": "ses-1",
    "way": "provider",
    "device": HOSTILE,
    "current": True,
}
ORGANISATION = {
    "id": "org-1",
    "name_zh": HOSTILE,
    "name_en": HOSTILE,
    "credit_code": "",
    "record_id": "",
    "state": "unverified",
    "sources": [],
    "created_at": AT,
    "verified_at": None,
}
OWN_ORGANISATION = {"organisation": ORGANISATION, "roles": ["member", "manager"], "administrator": True, "acting": True}
OTHER_ORGANISATION = OWN_ORGANISATION | {"organisation": ORGANISATION | {"id": "org-2"}, "acting": False}
OWN_ACCOUNT = {
    "id": "acc-1",
    "name": HOSTILE,
    "emails": ["a@b.cn"],
    "providers": [HOSTILE],
    "organisations": [OWN_ORGANISATION, OTHER_ORGANISATION],
}
OWN_DATA = dict.fromkeys(
    ("sessions", "tokens", "bookings", "saved_searches", "records", "shared_records", "audit"), ()
) | {"made_at": AT, "account": OWN_ACCOUNT}
TOKEN_VIEW = {
    "id": "tok-1",
    "name": HOSTILE,
    "organisation": "org-1",
    "scopes": ["administer", "member"],
    "sources": [],
    "created_at": AT,
    "expires_at": AT,
    "used_at": None,
}
MEMBER = {"account": "acc-1", "name": HOSTILE, "roles": ["member"], "administrator": True, "since": AT}
INVITATION = {
    "id": "inv-1",
    "email": HOSTILE,
    "roles": ["member"],
    "administrator": True,
    "state": "open",
    "created_at": AT,
    "expires_at": "2126-11-20T02:00:00Z",
}
OFFERED = {name: INVITATION[name] for name in ("roles", "administrator", "expires_at")} | {
    "organisation": ORGANISATION,
    "email": "a@b.cn",
}
NOTHING = {address(organisations.CHANGE_MEMBER, organisation_id="org-1", account_id=f"acc-{at}") for at in (1, 2)}
"""What is answered without a body."""


def answers() -> Iterator[tuple[Operation[Any], dict[str, str], object]]:
    """Each operation, what its path names, and what it answers."""
    ours = {"organisation_id": "org-1"}
    yield from (
        (accounts.WAYS, {}, {"email": True, "mailbox": True}),
        (accounts.SEND_CODE, {}, {"ticket": "sgn-1", "expires_at": AT}),
        (accounts.BEGIN_SESSION, {}, NEW_SESSION),
        (accounts.SESSIONS, {}, {"sessions": [OWN_SESSION]}),
        (accounts.MAILS, {}, {"mails": [{"date": AT, "to": "a@b.cn", "subject": HOSTILE, "text": HOSTILE}]}),
        (accounts.ACCOUNT, {}, OWN_ACCOUNT),
        (accounts.CHANGE_ACCOUNT, {}, OWN_ACCOUNT),
        (own_data.OWN_DATA, {}, OWN_DATA),
        (own_data.ERASE_OWN, {}, {"account": "acc-1", "cancelled_bookings": 2, "records": ["a"], "left": ["b"]}),
        (accounts.ACT_FOR, {}, OWN_ACCOUNT),
        (accounts.END_OTHERS, {}, {"ended": 1}),
        (accounts.TOKENS, {}, {"tokens": [TOKEN_VIEW]}),
        (accounts.ISSUE_TOKEN, {}, TOKEN_VIEW | {"token": "hub_tok-1_secret"}),
        (organisations.REGISTER, {}, ORGANISATION),
        (organisations.MEMBERS, ours, {"members": [MEMBER, MEMBER | {"account": "acc-2"}], "next": "a~b"}),
        (organisations.INVITATIONS, ours, {"invitations": [INVITATION]}),
        (organisations.INVITE, ours, INVITATION | {"link": "http://accounts:8080/invitation#inv", "sent": False}),
        (organisations.LOOK_AT_INVITATION, {}, OFFERED),
        (organisations.ANSWER_INVITATION, {}, ORGANISATION),
        (organisations.VERIFICATIONS, {}, {"organisations": [ORGANISATION | {"evidence": HOSTILE}], "next": "a~b"}),
        (organisations.VERIFY, ours, ORGANISATION | {"state": "verified"}),
        (organisations.SUSPEND, ours, ORGANISATION | {"state": "suspended"}),
    )
