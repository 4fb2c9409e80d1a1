"""Static files under their digest."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.web.client import AsyncHubClient
from services.portal.guard import Pages
from services.portal.rendering import accepts_gzip, asset


async def static_file(request: Request, _: AsyncHubClient) -> Response:
    found = asset(request.path_params["name"], request.path_params["digest"], accepts_gzip(request))
    if found is None:
        raise HTTPException(404)
    return found


PAGES: Pages = {"GET /static/{digest}/{name:path}": static_file}
