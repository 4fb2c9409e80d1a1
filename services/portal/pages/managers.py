"""Who decides about an instrument's bookings within the organisation that holds it."""

from collections.abc import Sequence
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.web.client import ApiProblem, AsyncHubClient, Reader
from schemas import rights
from schemas.http import organisations
from schemas.http.access import ME
from schemas.http.booking import MANAGERS, NAME_MANAGERS, NewManagers
from schemas.http.records import RECORD, Record
from services.portal.guard import Pages, form_of, segment
from services.portal.rendering import page, reader_of

EVERY = "*"
"""In place of an instrument: all that the reader's organisation holds."""
MEMBER_PAGES = 2
"""Of the members, as many pages are read at once: a page asks the API at most five times."""


async def managers_page(request: Request, api: AsyncHubClient) -> Response:
    reader, instrument = reader_of(request), str(request.path_params["instrument_id"])
    named = await api.call(reader, MANAGERS, instrument_id=instrument)
    me = await api.call(reader, ME)
    record: Record | None = None
    if instrument != EVERY:
        record = await api.call(reader, RECORD, record_id=instrument)
    after = request.query_params.get("after", "")
    members, following = await _members(reader, api, named.holder, after)
    people = {member.account: member for member in members}
    deciding = [member for member in members if rights.DECIDERS & set(member.roles)]
    own = quote(instrument, safe="*")
    return page(
        request,
        "managers.html",
        instrument=instrument,
        path=f"/instruments/{own}/managers",
        record=record,
        named=[(account, people.get(account)) for account in named.accounts],
        everywhere=[(account, people.get(account)) for account in named.everywhere] if record else [],
        candidates=[member for member in deciding if member.account not in named.accounts],
        deciding=deciding,
        members=members,
        own=me.organisation == named.holder and bool(rights.NAMERS & set(me.roles)),
        next_href=f"?after={quote(following)}" if following else None,
    )


async def _members(
    reader: Reader, api: AsyncHubClient, holder: str, after: str
) -> tuple[Sequence[organisations.Member], str]:
    """Those of the organisation after a place, and the place of the next; nobody where it has no members to be told."""
    members: list[organisations.Member] = []
    for _ in range(MEMBER_PAGES if holder else 0):
        query = organisations.After(after=after)
        try:
            read = await api.call(reader, organisations.MEMBERS, query=query, organisation_id=holder)
        except ApiProblem as problem:
            if problem.status not in (403, 404):  # a token belongs to no organisation
                raise
            return members, ""
        members += read.members
        after = read.next
        if not after:
            break
    return members, after if holder else ""


async def changed(request: Request, api: AsyncHubClient) -> Response:
    """Name one more account, or one less."""
    reader, instrument, sent = reader_of(request), str(request.path_params["instrument_id"]), await form_of(request)
    named = await api.call(reader, MANAGERS, instrument_id=instrument)
    after = {*named.accounts, sent.get("add", "")} - {sent.get("remove", ""), ""}
    body = NewManagers.model_construct(accounts=tuple(sorted(after)))
    await api.call(reader, NAME_MANAGERS, body, instrument_id=instrument)
    own = EVERY if instrument == EVERY else segment(request, "instrument_id")
    return RedirectResponse(f"/instruments/{own}/managers", 303)


PAGES: Pages = {
    "GET /instruments/{instrument_id}/managers": managers_page,
    "POST /instruments/{instrument_id}/managers": changed,
}
