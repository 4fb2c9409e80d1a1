"""Organisations, members, invitations and verification, over HTTP."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from hub.web.callers import Caller, ReaderLanguage
from hub.web.routes import answered, serve
from hub.web.safety import site_of
from schemas.http import organisations as contract
from services.accounts.core.values import Invitation, Tenancy
from services.accounts.organisations import PAGE_LIMIT, Organisations

INVITATION_PAGE = "/invitation"
"""Of the portal; the credential stands after `#`, which browsers send to no server and servers write into no log."""


def add_organisations(routes: APIRouter, organisations: Organisations) -> None:
    """The routes."""
    _add_own(routes, organisations)
    _add_members(routes, organisations)
    _add_invitations(routes, organisations)
    _add_verification(routes, organisations)


def view_of(tenancy: Tenancy) -> contract.OrganisationView:
    """As its members and those who verify it see it."""
    return contract.OrganisationView(
        id=tenancy.id,
        name_zh=tenancy.name_zh,
        name_en=tenancy.name_en,
        credit_code=tenancy.credit_code,
        record_id=tenancy.record_id,
        state=tenancy.state,
        sources=tuple(sorted(tenancy.sources)),
        created_at=tenancy.created_at,
        verified_at=tenancy.verified_at,
    )


def _add_own(routes: APIRouter, organisations: Organisations) -> None:
    @serve(routes, contract.REGISTER)
    def register(body: contract.Registration, caller: Caller) -> Response:
        made = organisations.register(caller, body.person, body.name_zh, body.name_en, body.credit_code)
        return answered(view_of(made), 201)

    @serve(routes, contract.ORGANISATION)
    def organisation(organisation_id: str, caller: Caller) -> Response:
        return answered(view_of(organisations.organisation(caller, organisation_id)))


def _add_members(routes: APIRouter, organisations: Organisations) -> None:
    @serve(routes, contract.MEMBERS)
    def members(organisation_id: str, query: Annotated[contract.After, Query()], caller: Caller) -> Response:
        page = organisations.members(caller, organisation_id, _place(query.after))
        names = organisations.names(page)
        views = tuple(
            contract.Member(
                account=account.id,
                name=names[account.id],
                roles=tuple(sorted(membership.roles)),
                administrator=membership.administrator,
                since=membership.since,
            )
            for membership, account in page
        )
        return answered(contract.Members(members=views, next=_next([(view.since, view.account) for view in views])))

    @serve(routes, contract.CHANGE_MEMBER)
    def change(organisation_id: str, account_id: str, body: contract.MemberChange, caller: Caller) -> Response:
        organisations.change_member(caller, organisation_id, account_id, frozenset(body.roles), body.administrator)
        return Response(status_code=204)

    @serve(routes, contract.REMOVE_MEMBER)
    def remove(organisation_id: str, account_id: str, caller: Caller) -> Response:
        organisations.remove_member(caller, organisation_id, account_id)
        return Response(status_code=204)


def _add_invitations(routes: APIRouter, organisations: Organisations) -> None:
    @serve(routes, contract.INVITE)
    def invite(
        organisation_id: str,
        body: contract.NewInvitation,
        caller: Caller,
        request: Request,
        language: ReaderLanguage,
    ) -> Response:
        roles = frozenset(body.roles)
        invited = organisations.invite(caller, organisation_id, body.email, roles, body.administrator)
        link = f"{site_of(request)}{INVITATION_PAGE}#{invited.credential.text}"
        sent = organisations.send_invitation(invited, link, language)
        return answered(contract.GivenInvitation(**_view(invited.invitation), link=link, sent=sent), 201)

    @serve(routes, contract.INVITATIONS)
    def listed(organisation_id: str, caller: Caller) -> Response:
        kept = organisations.invitations(caller, organisation_id)
        views = (contract.InvitationView(**_view(invitation)) for invitation in kept)
        return answered(contract.Invitations(invitations=tuple(views)))

    @serve(routes, contract.REVOKE_INVITATION)
    def revoke(organisation_id: str, invitation_id: str, caller: Caller) -> Response:
        organisations.revoke_invitation(caller, organisation_id, invitation_id)
        return Response(status_code=204)

    @serve(routes, contract.LOOK_AT_INVITATION)
    def look(body: contract.InvitationLink) -> Response:
        invitation, tenancy = organisations.invitation(body.invitation)
        invited = contract.InvitedTo(
            organisation=view_of(tenancy),
            email=invitation.email,
            roles=tuple(sorted(invitation.roles)),
            administrator=invitation.administrator,
            expires_at=invitation.expires_at,
        )
        return answered(invited)

    @serve(routes, contract.ANSWER_INVITATION)
    def answer(body: contract.InvitationAnswer, caller: Caller) -> Response:
        return answered(view_of(organisations.answer(caller, body.invitation, body.accept)))


def _add_verification(routes: APIRouter, organisations: Organisations) -> None:
    @serve(routes, contract.VERIFICATIONS)
    def queue(query: Annotated[contract.QueueQuery, Query()], caller: Caller) -> Response:
        page = organisations.queue(caller, query.state, _place(query.after))
        following = _next([(tenancy.created_at, tenancy.id) for tenancy in page])
        views = tuple(
            contract.ReviewedOrganisation(**dict(view_of(tenancy)), evidence=tenancy.evidence) for tenancy in page
        )
        return answered(contract.Organisations(organisations=views, next=following))

    @serve(routes, contract.VERIFY)
    def verify(organisation_id: str, body: contract.Verification, caller: Caller) -> Response:
        evidence, code, record = body.evidence, body.credit_code, body.record_id
        return answered(view_of(organisations.verify(caller, organisation_id, evidence, code, record)))

    @serve(routes, contract.SUSPEND)
    def suspend(organisation_id: str, body: contract.Suspension, caller: Caller) -> Response:
        return answered(view_of(organisations.suspend(caller, organisation_id, body.reason)))


def _view(invitation: Invitation) -> dict[str, object]:
    return {
        "id": invitation.id,
        "email": invitation.email,
        "roles": tuple(sorted(invitation.roles)),
        "administrator": invitation.administrator,
        "state": invitation.state,
        "created_at": invitation.created_at,
        "expires_at": invitation.expires_at,
    }


def _place(after: str) -> tuple[str, str]:
    time, _, last = after.replace("\0", "").partition("~")
    return time, last


def _next(places: Sequence[tuple[str, str]]) -> str:
    return "~".join(places[-1]) if len(places) == PAGE_LIMIT else ""
