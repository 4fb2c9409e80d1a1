"""Ways in, sessions, tokens and the caller's own account, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from hub.kernel.access import Principal
from hub.web.callers import Caller, ReaderLanguage, address_of
from hub.web.routes import answered, serve
from hub.web.safety import is_local
from schemas.http import accounts as contract
from services.accounts.core.values import Token
from services.accounts.organisations_api import add_organisations, view_of
from services.accounts.refusals import refused
from services.accounts.service import Accounts
from services.accounts.sign_in import SignIns, Whence
from services.accounts.tokens import Tokens

MAILS_LIMIT = 50


def _holder(caller: Caller) -> Principal:
    if not caller.account:
        raise refused("no-token", 401, "Authorization")
    return caller


Holder = Annotated[Principal, Depends(_holder)]
"""Whoever showed a credential, with whatever roles or none."""


def router(accounts: Accounts) -> APIRouter:
    """The routes."""
    routes = APIRouter()
    _add_ways(routes, accounts.sign_ins)
    _add_sessions(routes, accounts.sign_ins)
    _add_account(routes, accounts)
    _add_tokens(routes, accounts.tokens)
    add_organisations(routes, accounts.organisations)
    return routes


def _add_ways(routes: APIRouter, sign_ins: SignIns) -> None:
    @serve(routes, contract.WAYS)
    def ways(request: Request) -> Response:
        mailbox = sign_ins.mailbox is not None and is_local(request)
        # Who cannot see the mailbox cannot read a code that is sent to it.
        email = mailbox if sign_ins.mailbox else sign_ins.mailer is not None
        return answered(contract.Ways(email=email, mailbox=mailbox))

    @serve(routes, contract.SEND_CODE)
    def send_code(body: contract.NewCode, request: Request, language: ReaderLanguage) -> Response:
        ticket, until = sign_ins.send_code(body.email, Whence(address_of(request)), language)
        return answered(contract.CodeSent(ticket=ticket, expires_at=until), 202)

    @serve(routes, contract.MAILS)
    def mails(request: Request) -> Response:
        if sign_ins.mailbox is None or not is_local(request):
            raise refused("no-mailbox", 404)
        kept = sign_ins.mailbox.mails(MAILS_LIMIT)
        return answered(
            contract.LocalMails(
                mails=tuple(
                    contract.LocalMail(date=date, to=mail.to, subject=mail.subject, text=mail.text)
                    for date, mail in kept
                )
            )
        )


def _add_sessions(routes: APIRouter, sign_ins: SignIns) -> None:
    @serve(routes, contract.BEGIN_SESSION)
    def begin(body: contract.SignIn, caller: Caller, request: Request) -> Response:
        whence = Whence(address_of(request), body.device or request.headers.get("user-agent", ""))
        if body.ticket:
            given, session = sign_ins.by_code(body.ticket, body.code, whence)
        elif body.link:
            given, session = sign_ins.by_link(body.link, whence)
        else:
            given, session = sign_ins.exchange(caller, whence)
        new = contract.NewSession(
            id=session.id,
            token=given.text,
            expires_at=session.expires_at,
            account=session.account,
            registered=bool(session.tenancy or session.parent),
        )
        return answered(new, 201)

    @serve(routes, contract.SESSIONS)
    def sessions(holder: Holder) -> Response:
        return answered(contract.Sessions(sessions=session_views(sign_ins, holder)))

    @serve(routes, contract.END_SESSION)
    def end(session_id: str, holder: Holder) -> Response:
        sign_ins.end(holder, holder.credential if session_id == "current" else session_id)
        return Response(status_code=204)

    @serve(routes, contract.END_OTHERS)
    def end_others(holder: Holder) -> Response:
        return answered(contract.Ended(ended=sign_ins.end_others(holder)))


def _add_account(routes: APIRouter, accounts: Accounts) -> None:
    @serve(routes, contract.ACCOUNT)
    def account(holder: Holder) -> Response:
        return answered(account_view(accounts, holder, holder.organisation))

    @serve(routes, contract.CHANGE_ACCOUNT)
    def change(body: contract.AccountChange, holder: Holder) -> Response:
        accounts.access.rename(holder, body.name)
        return answered(account_view(accounts, holder, holder.organisation))

    @serve(routes, contract.ACT_FOR)
    def act_for(body: contract.Acting, holder: Holder) -> Response:
        accounts.sign_ins.act_for(holder, body.organisation)
        return answered(account_view(accounts, holder, body.organisation))


def _add_tokens(routes: APIRouter, tokens: Tokens) -> None:
    @serve(routes, contract.TOKENS)
    def listed(holder: Holder) -> Response:
        return answered(contract.Tokens(tokens=token_views(tokens, holder)))

    @serve(routes, contract.ISSUE_TOKEN)
    def issue(body: contract.NewToken, holder: Holder) -> Response:
        issued = tokens.issue_own(holder, body.name, body.scopes, body.sources, body.days)
        return answered(contract.IssuedToken(**_view(issued.token), token=issued.text), 201)

    @serve(routes, contract.REVOKE_TOKEN)
    def revoke(token_id: str, holder: Holder) -> Response:
        tokens.revoke(token_id, holder)
        return Response(status_code=204)


def _view(token: Token) -> dict[str, object]:
    return {
        "id": token.id,
        "name": token.name,
        "organisation": token.tenancy,
        "scopes": tuple(sorted(token.scopes)),
        "sources": tuple(sorted(token.sources)),
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "used_at": token.used_at,
    }


def account_view(accounts: Accounts, holder: Principal, organisation: str) -> contract.AccountView:
    """The holder's own account. Refusal (403) for the holder of a token of an older release."""
    account, kept = accounts.access.own_account(holder), accounts.access.accounts
    known_by = kept.identities(account.id)
    return contract.AccountView(
        id=account.id,
        name=kept.names([account])[account.id],
        emails=tuple(value for scheme, value in known_by if scheme == "email" and value),
        providers=tuple(scheme for scheme, _ in known_by if scheme != "email"),
        organisations=tuple(
            contract.OwnOrganisation(
                organisation=view_of(tenancy),
                roles=tuple(sorted(membership.roles)),
                administrator=membership.administrator,
                acting=tenancy.id == organisation,
            )
            for membership, tenancy in accounts.organisations.of(holder)
        ),
    )


def session_views(sign_ins: SignIns, holder: Principal) -> tuple[contract.SessionView, ...]:
    """The holder's sessions, the newest first."""
    return tuple(
        contract.SessionView(
            id=session.id,
            way=session.way,
            device=session.device,
            created_at=session.created_at,
            used_at=session.used_at,
            expires_at=session.expires_at,
            current=session.id == holder.credential,
        )
        for session in sign_ins.sessions(holder)
    )


def token_views(tokens: Tokens, holder: Principal) -> tuple[contract.TokenView, ...]:
    """The holder's tokens, the newest first."""
    return tuple(contract.TokenView(**_view(token)) for token in tokens.of(holder))
