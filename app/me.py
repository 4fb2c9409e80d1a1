"""Who the caller is to the hub: what a program or the portal asks before it offers what the caller may do."""

from fastapi import APIRouter

from hub.kernel.sources import Sources
from hub.ports.personal import PersonalValues, opened
from hub.web.callers import Caller, ReaderLanguage
from hub.web.routes import serve
from schemas.http.access import ME, Me, OwnSource


def router(sources: Sources, personal: PersonalValues | None = None) -> APIRouter:
    """GET /api/v1/me. Without `personal` nobody is known who has a name of their own."""
    api = APIRouter()

    @serve(api, ME)
    def me(caller: Caller, language: ReaderLanguage) -> Me:
        own = (source for source in sources if source.may_be_spoken_for(caller))
        return Me(
            name=opened(personal, [caller.name])[caller.name] if personal else caller.name,
            roles=tuple(sorted(caller.roles)),
            sources=tuple(
                OwnSource(id=source.id, label=source.label[language], authority=source.authority) for source in own
            ),
            account=caller.account,
            organisation=caller.organisation,
            credential=caller.credential,
        )

    return api
