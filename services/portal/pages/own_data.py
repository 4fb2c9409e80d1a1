"""What the hub keeps of the reader: taken along as one file, and erased."""

from starlette.requests import Request
from starlette.responses import Response

from hub.web.client import ApiProblem, AsyncHubClient
from schemas.http.own_data import ERASE_OWN, OWN_DATA, OwnErasure
from services.portal.guard import Pages, forget, form_of
from services.portal.pages.account import own_account
from services.portal.rendering import page, reader_of

HOME = "/account/data"
FILE_NAME = "my-data.json"


async def home(request: Request, api: AsyncHubClient) -> Response:
    return await own_data_page(request, api)


async def own_data_page(
    request: Request, api: AsyncHubClient, confirmation: str = "", problem: ApiProblem | None = None
) -> Response:
    """What can be taken along and erased; to erase, an address of one's own is typed anew."""
    account = await own_account(reader_of(request), api)
    return page(
        request,
        "own_data.html",
        problem.status if problem else 200,
        here=HOME,
        account=account,
        confirmation=confirmation,
        problems=problem.by_field if problem else {},
    )


async def exported(request: Request, api: AsyncHubClient) -> Response:
    """All of it, as a file."""
    everything = await api.call(reader_of(request), OWN_DATA)
    headers = {"Content-Disposition": f'attachment; filename="{FILE_NAME}"'}
    return Response(everything.model_dump_json(indent=2), media_type="application/json", headers=headers)


async def erased(request: Request, api: AsyncHubClient) -> Response:
    """Erase the account; what is left to operators is told this once."""
    confirmation = (await form_of(request)).get("confirmation", "")
    try:
        done = await api.call(reader_of(request), ERASE_OWN, OwnErasure.model_construct(confirmation=confirmation))
    except ApiProblem as problem:
        if problem.status not in (422, 429):
            raise
        return await own_data_page(request, api, confirmation, problem)
    response = page(request, "own_data_erased.html", here="/", signed_out=True, erased=done)
    forget(request, response)
    return response


PAGES: Pages = {f"GET {HOME}": home, f"GET {HOME}/export": exported, f"POST {HOME}/erase": erased}
