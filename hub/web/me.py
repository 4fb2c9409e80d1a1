"""Who the caller is to the hub: what a program or the portal asks before it offers what the caller may do."""

from typing import Any

from fastapi import APIRouter

from hub.kernel.sources import Sources
from hub.web.callers import Caller, ReaderLanguage


def router(sources: Sources) -> APIRouter:
    """GET /api/v1/me."""
    api = APIRouter(prefix="/api/v1", tags=["access"])

    @api.get("/me")
    def me(caller: Caller, language: ReaderLanguage) -> dict[str, Any]:
        """The caller's name, its roles (none for the anonymous), and the sources that it may submit for."""
        return {
            "name": caller.name,
            "roles": sorted(caller.roles),
            "sources": [
                {"id": source.id, "label": source.label[language], "authority": source.authority}
                for source in sources
                if caller.may_submit_for(source.id)
            ],
        }

    return api
