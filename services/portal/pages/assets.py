"""Static files under their digest."""

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.portal.guard import add_page
from services.portal.rendering import accepts_gzip, asset


def add(router: APIRouter) -> None:
    async def static_file(request: Request) -> Response:
        found = asset(request.path_params["name"], request.path_params["digest"], accepts_gzip(request))
        if found is None:
            raise HTTPException(404)
        return found

    add_page(router, "/static/{digest}/{name:path}", static_file)
