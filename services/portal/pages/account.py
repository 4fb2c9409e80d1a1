"""The reader's own account: who they are, for whom they act, what they can do here."""

from asyncio import gather

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.web.client import ApiProblem, AsyncHubClient, Reader
from schemas import rights
from schemas.http.access import ME
from schemas.http.accounts import (
    ACCOUNT,
    ACT_FOR,
    CHANGE_ACCOUNT,
    AccountChange,
    AccountView,
    Acting,
    OwnOrganisation,
)
from schemas.http.catalog import SAVED_SEARCHES
from schemas.http.claims import CLAIMS
from services.portal.guard import Pages, form_of, local, unless_refused
from services.portal.pages.bookings import DECIDERS, to_decide
from services.portal.pages.claims import CONCERNED
from services.portal.pages.imports import MAY_SUBMIT
from services.portal.pages.stewarding import STEWARDS
from services.portal.pages.verification import VERIFIERS
from services.portal.rendering import page, reader_of

HOME = "/account"
LEGACY = "legacy-"
"""How the ids begin of those who hold a token of an older release."""


async def own_account(reader: Reader, api: AsyncHubClient) -> AccountView | None:
    """The reader's account; None for who holds a token of an older release, which has none."""
    return await unless_refused(api.call(reader, ACCOUNT))


def acting_for(account: AccountView | None) -> OwnOrganisation | None:
    """The organisation that the reader acts for now."""
    belongs = account.organisations if account else ()
    return next((own for own in belongs if own.acting), None)


async def account_page(
    request: Request, api: AsyncHubClient, name: str | None = None, problem: ApiProblem | None = None
) -> Response:
    """`name`: what the reader wanted to be called, where the API refused it."""
    reader = reader_of(request)
    me = await api.call(reader, ME)
    roles = set(me.roles)
    if not me.account:
        raise ApiProblem(401)

    async def owned() -> AccountView | None:
        # Asking for what there cannot be would be noted as a denied access.
        return None if me.account.startswith(LEGACY) else await own_account(reader, api)

    async def kept() -> int:
        return len((await api.call(reader, SAVED_SEARCHES)).searches) if roles else 0

    async def waiting() -> int:
        return len(await to_decide(reader, api)) if roles & DECIDERS else 0

    async def claimed() -> int:
        claims = (await api.call(reader, CLAIMS)).claims if roles & CONCERNED and not problem else ()
        return sum(claim.may_decide and not claim.decision for claim in claims)

    account, saved, to_confirm, to_decide_claims = await gather(owned(), kept(), waiting(), claimed())
    return page(
        request,
        "account.html",
        problem.status if problem else 200,
        me=me,
        account=account,
        acting=acting_for(account),
        name=me.name if name is None else name,
        problems=problem.by_field if problem else {},
        verifies=bool(roles & VERIFIERS),
        to_confirm=to_confirm,
        to_decide_claims=to_decide_claims,
        saved=saved,
        decides=bool(roles & DECIDERS),
        submits=bool(roles & MAY_SUBMIT),
        steward=bool(roles & STEWARDS),
        claims=bool(roles & CONCERNED),
        names_managers=bool(roles & rights.NAMERS),
    )


async def renamed(request: Request, api: AsyncHubClient) -> Response:
    name = (await form_of(request)).get("name", "")
    try:
        await api.call(reader_of(request), CHANGE_ACCOUNT, AccountChange.model_construct(name=name))
    except ApiProblem as problem:
        if problem.status != 422:
            raise
        return await account_page(request, api, name, problem)
    return RedirectResponse(HOME, 303)


async def switched(request: Request, api: AsyncHubClient) -> Response:
    """Act for another of the reader's organisations from now on."""
    sent = await form_of(request)
    await api.call(reader_of(request), ACT_FOR, Acting.model_construct(organisation=sent.get("organisation", "")))
    return RedirectResponse(local(sent.get("next") or HOME), 303)


PAGES: Pages = {f"GET {HOME}": account_page, f"POST {HOME}": renamed, f"POST {HOME}/organisation": switched}
