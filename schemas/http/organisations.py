"""Organisations over HTTP: registering and verifying them, their members, and invitations to them."""

from typing import Annotated, Literal

from pydantic import Field

from hub.kernel.access import Role
from schemas.http.parts import Body, Model, Moment, Operations, Parameters

NAME_CHARS = 200
TEXT_CHARS = 2_000
PAGE_LIMIT = 100
State = Literal["unverified", "verified", "suspended"]
Name = Annotated[str, Field(max_length=NAME_CHARS)]


class OrganisationView(Model):
    """An organisation; `credit_code` was checked by an operator or agency only where it is verified."""

    id: str
    name_zh: str
    name_en: str
    credit_code: str
    record_id: str
    state: State
    sources: tuple[str, ...]
    created_at: Moment
    verified_at: Moment | None = None


class Registration(Body):
    """An organisation to register, and the caller's own name. Names of it in one language at least."""

    person: Name = ""
    name_zh: Name = ""
    name_en: Name = ""
    credit_code: Annotated[str, Field(max_length=40)] = ""


class After(Parameters):
    """Where a page begins: the `next` of the page before."""

    after: Annotated[str, Field(max_length=100)] = ""


class Member(Model):
    account: str
    name: str
    roles: tuple[Role, ...]
    administrator: bool
    since: Moment


class Members(Model):
    """A page, the oldest member first; `next` is empty on the last."""

    members: tuple[Member, ...]
    next: str


class MemberChange(Body):
    """What a member has from now on."""

    roles: Annotated[tuple[Role, ...], Field(max_length=20)]
    administrator: bool = False


class NewInvitation(Body):
    """For whoever has the link, or for an e-mail address alone, to which it is then sent."""

    email: Annotated[str, Field(max_length=254)] = ""
    roles: Annotated[tuple[Role, ...], Field(max_length=20)] = ("member",)
    administrator: bool = False


class InvitationView(Model):
    id: str
    email: str
    roles: tuple[Role, ...]
    administrator: bool
    state: Literal["open", "accepted", "declined", "revoked"]
    created_at: Moment
    expires_at: Moment


class GivenInvitation(InvitationView):
    """`link` is told once; `sent`: it is on its way to the address."""

    link: str
    sent: bool


class Invitations(Model):
    invitations: tuple[InvitationView, ...]


class InvitationLink(Body):
    """The credential in an invitation's link."""

    invitation: Annotated[str, Field(max_length=200)]


class InvitationAnswer(InvitationLink):
    accept: bool


class InvitedTo(Model):
    """What an invitation offers. `email`: the address that it is for, if it is for one."""

    organisation: OrganisationView
    email: str
    roles: tuple[Role, ...]
    administrator: bool
    expires_at: Moment


class QueueQuery(After):
    state: State = "unverified"


class ReviewedOrganisation(OrganisationView):
    """As those who verify it see it: by what it was verified last, empty where it never was."""

    evidence: str = ""


class Organisations(Model):
    """A page, the oldest first; `next` is empty on the last."""

    organisations: tuple[ReviewedOrganisation, ...]
    next: str


class Verification(Body):
    """What the organisation was verified by, which is kept; its credit code and its record, where they are known."""

    evidence: Annotated[str, Field(min_length=1, max_length=TEXT_CHARS)]
    credit_code: Annotated[str, Field(max_length=40)] = ""
    record_id: Annotated[str, Field(max_length=200)] = ""


class Suspension(Body):
    reason: Annotated[str, Field(min_length=1, max_length=TEXT_CHARS)]


OPERATIONS = Operations("organisations")
REGISTER = OPERATIONS.add(
    "register_organisation",
    "POST /organisations",
    "Register an organisation",
    OrganisationView,
    status=201,
    body=Registration,
    problems=(400, 403, 409, 422),
    token=True,
)
ORGANISATION = OPERATIONS.add(
    "get_organisation",
    "GET /organisations/{organisation_id}",
    "An organisation",
    OrganisationView,
    problems=(404,),
    token=True,
)
MEMBERS = OPERATIONS.add(
    "list_members",
    "GET /organisations/{organisation_id}/members",
    "Who belongs to an organisation",
    Members,
    query=After,
    problems=(404, 422),
    token=True,
)
CHANGE_MEMBER = OPERATIONS.add(
    "change_member",
    "POST /organisations/{organisation_id}/members/{account_id}",
    "Give a member other roles",
    type(None),
    status=204,
    body=MemberChange,
    problems=(400, 403, 404, 409, 422),
    token=True,
)
REMOVE_MEMBER = OPERATIONS.add(
    "remove_member",
    "DELETE /organisations/{organisation_id}/members/{account_id}",
    "Leave, or let a member go",
    type(None),
    status=204,
    problems=(403, 404, 409),
    token=True,
)
INVITE = OPERATIONS.add(
    "invite_member",
    "POST /organisations/{organisation_id}/invitations",
    "Invite somebody",
    GivenInvitation,
    status=201,
    body=NewInvitation,
    problems=(400, 403, 404, 422, 429, 503),
    token=True,
)
INVITATIONS = OPERATIONS.add(
    "list_invitations",
    "GET /organisations/{organisation_id}/invitations",
    "An organisation's invitations",
    Invitations,
    problems=(403, 404),
    token=True,
)
REVOKE_INVITATION = OPERATIONS.add(
    "revoke_invitation",
    "DELETE /organisations/{organisation_id}/invitations/{invitation_id}",
    "Take an invitation back",
    type(None),
    status=204,
    problems=(403, 404),
    token=True,
)
LOOK_AT_INVITATION = OPERATIONS.add(
    "look_at_invitation",
    "POST /invitations/look",
    "What an invitation offers",
    InvitedTo,
    body=InvitationLink,
    problems=(400, 404, 422),
)
ANSWER_INVITATION = OPERATIONS.add(
    "answer_invitation",
    "POST /invitations/answer",
    "Accept or decline an invitation",
    OrganisationView,
    body=InvitationAnswer,
    problems=(400, 403, 404, 422),
    token=True,
)
VERIFICATIONS = OPERATIONS.add(
    "list_verifications",
    "GET /verifications",
    "Organisations that the caller may verify",
    Organisations,
    query=QueueQuery,
    problems=(403, 422),
    token=True,
)
VERIFY = OPERATIONS.add(
    "verify_organisation",
    "POST /organisations/{organisation_id}/verify",
    "Vouch for an organisation",
    OrganisationView,
    body=Verification,
    problems=(400, 403, 404, 409, 422),
    token=True,
)
SUSPEND = OPERATIONS.add(
    "suspend_organisation",
    "POST /organisations/{organisation_id}/suspend",
    "Suspend an organisation",
    OrganisationView,
    body=Suspension,
    problems=(400, 403, 404, 422),
    token=True,
)
