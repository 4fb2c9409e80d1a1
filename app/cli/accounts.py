"""`hub account`, `hub organisation`, `hub session`: what operators do about people and whom they act for."""

from typing import Annotated, cast

import typer
from rich.markup import escape

from app.cli.directory import LISTED, all_stores, check_roles, directory, organisation_name
from app.cli.noting import OPERATOR
from app.cli.session import WRONG_USAGE, Data, Session, address_of, session_of, settings_for
from app.cli.tokens import ROLES
from app.cli.wording import t
from hub.auth.sources import load_sources
from hub.kernel.access import Role, Scope
from hub.ports.clock import rfc3339
from hub.text.messages import bilingual
from services.accounts.access import checked_code, new_tenancy
from services.accounts.core.codes import email_address
from services.accounts.core.values import TenancyState
from services.accounts.service import Accounts
from services.portal.core.devices import device_text

Account = Annotated[str, typer.Argument(help=t("cli.accounts.account"))]
Organisation = Annotated[str, typer.Argument(help=t("cli.accounts.organisation"))]
Roles = Annotated[list[str] | None, typer.Option("--role", "-r", help=t("cli.tokens.issue.roles"))]


def list_accounts(context: typer.Context, data: Data = None) -> None:
    """Print a line an account, the newest first."""
    session = session_of(context)
    headings = ("id", "name", "kind", "identities", "organisation", "disabled")
    table = session.table(*(f"cli.heading.{heading}" for heading in headings), whole={0, 4})
    with directory(session, data) as accounts:
        listed = accounts.access.accounts.accounts(LISTED)
        names = accounts.access.accounts.names([account for account, _ in listed])
        for account, known_by in listed:
            belongs = [tenancy.id for _, tenancy in accounts.access.accounts.organisations_of(account.id)]
            values = "\n".join(value for _, value in known_by), "\n".join(belongs), (account.disabled_at or "")[:16]
            table.add_row(*map(escape, (account.id, names[account.id], account.kind, *values)))
    session.out.print(table)


def add_account(
    context: typer.Context,
    *,
    name: Annotated[str, typer.Argument(help=t("cli.accounts.person"))],
    email: Annotated[str, typer.Option("--email", help=t("cli.accounts.email"))],
    organisation: Annotated[str, typer.Option("--organisation", "-o", help=t("cli.accounts.organisation"))] = "",
    roles: Roles = None,
    administrator: Annotated[bool, typer.Option("--administrator", help=t("cli.accounts.administrator"))] = False,
    data: Data = None,
) -> None:
    """Add a person's account, or find the one of this address, and have it belong to the organisation."""
    session = session_of(context)
    check_roles(session, roles, ROLES)
    address = email_address(email)
    if address is None:
        session.stop(WRONG_USAGE, bilingual("accounts.no-email"))
    with directory(session, data) as accounts:
        account = accounts.access.add_account(name, known_by=[("email", address)], by=OPERATOR)
        if organisation:
            given = frozenset(cast(list[Role], roles or ["member"]))
            accounts.organisations.add_member(OPERATOR, organisation, account.id, given, administrator=administrator)
    typer.echo(account.id)


def id_of(accounts: Accounts, text: str) -> str:
    """The id of the account that has this e-mail address; other texts as they are."""
    address = email_address(text)
    found = accounts.access.accounts.account_of(("email", address)) if address else None
    return found.id if found else text


def link(context: typer.Context, account: Account, data: Data = None) -> None:
    """Print a one-time link for an account."""
    session = session_of(context)
    with directory(session, data) as accounts:
        kept = accounts.access.accounts.account(id_of(accounts, account))
        if kept is None:
            session.stop(WRONG_USAGE, bilingual("cli.accounts.no-account"))
        if kept.disabled_at:
            session.stop(WRONG_USAGE, bilingual("cli.accounts.is-disabled"))
        given = accounts.sign_ins.new_link(kept.id, by=OPERATOR)
    settings = settings_for(data)
    typer.echo(f"{settings.public_url or address_of(settings)}/sign-in?link={given.text}")
    session.note(bilingual("cli.accounts.link-is-good"))


def disable(
    context: typer.Context,
    account: Account,
    enable: Annotated[bool, typer.Option("--undo", help=t("cli.accounts.undo"))] = False,
    data: Data = None,
) -> None:
    """Let nobody in by the account any more, or again."""
    session = session_of(context)
    with directory(session, data) as accounts:
        access, account = accounts.access, id_of(accounts, account)
        since = None if enable else rfc3339(access.now)
        if not access.accounts.change_account(account, disabled_at=since):
            session.stop(WRONG_USAGE, bilingual("cli.accounts.no-account"))
        access.note("account.enable" if enable else "account.disable", account, by=OPERATOR)
        if not enable:
            access.credentials.end_sessions(account)
    session.say(bilingual("cli.accounts.done"), "green")


def assign(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help=t("cli.accounts.former-name"))],
    account: Account,
    organisation: Annotated[str, typer.Option("--organisation", "-o", help=t("cli.accounts.organisation"))],
    data: Data = None,
) -> None:
    """Give an account what was kept under a name before accounts had ids."""
    from app.operations.assigning import assign as give
    from services.accounts.manifest import ACCOUNTS

    session = session_of(context)
    with all_stores(session, data) as on:
        given = give(on, name, id_of(on.get(ACCOUNTS), account), organisation, OPERATOR)
    told = bilingual("cli.accounts.assigned", bookings=given.bookings, receipts=given.receipts, searches=given.searches)
    session.say(told, "green")


def list_organisations(
    context: typer.Context,
    state: Annotated[str | None, typer.Option("--state", help=t("cli.accounts.state"))] = None,
    data: Data = None,
) -> None:
    """Print a line an organisation, the oldest first."""
    session = session_of(context)
    headings = ("id", "name", "state", "credit-code", "sources", "evidence")
    table = session.table(*(f"cli.heading.{heading}" for heading in headings), whole={0})
    with directory(session, data) as accounts:
        for tenancy in accounts.access.accounts.tenancies(cast(TenancyState | None, state), LISTED):
            name = tenancy.name_zh if session.language == "zh" else tenancy.name_en
            values = tenancy.credit_code, ", ".join(sorted(tenancy.sources)), tenancy.evidence
            table.add_row(*map(escape, (tenancy.id, name, tenancy.state, *values)))
    session.out.print(table)


def add_organisation(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help=t("cli.accounts.name"))],
    english: Annotated[str, typer.Option("--english", help=t("cli.accounts.english"))] = "",
    code: Annotated[str, typer.Option("--code", help=t("cli.accounts.code"))] = "",
    data: Data = None,
) -> None:
    """Add an organisation that nobody has verified yet, and print its id."""
    session = session_of(context)
    with directory(session, data) as accounts:
        checked, at = checked_code(code), rfc3339(accounts.access.now)
        tenancy = new_tenancy(name, english, at, credit_code=checked, created_by=OPERATOR.account)
        accounts.access.add_tenancy(tenancy, by=OPERATOR)
    typer.echo(tenancy.id)


def verify(
    context: typer.Context,
    *,
    organisation: Organisation,
    evidence: Annotated[str, typer.Option("--evidence", help=t("cli.accounts.evidence"))],
    code: Annotated[str, typer.Option("--code", help=t("cli.accounts.code"))] = "",
    record: Annotated[str, typer.Option("--record", help=t("cli.accounts.record"))] = "",
    data: Data = None,
) -> None:
    """Vouch for an organisation."""
    session = session_of(context)
    with directory(session, data) as accounts:
        accounts.organisations.verify(OPERATOR, organisation, evidence, code, record)
    session.say(bilingual("cli.accounts.done"), "green")


def suspend(
    context: typer.Context,
    organisation: Organisation,
    reason: Annotated[str, typer.Option("--reason", help=t("cli.accounts.reason"))],
    data: Data = None,
) -> None:
    """Let nobody act for an organisation until it is verified anew."""
    session = session_of(context)
    with directory(session, data) as accounts:
        accounts.organisations.suspend(OPERATOR, organisation, reason)
    session.say(bilingual("cli.accounts.done"), "green")


def grant(
    context: typer.Context,
    *,
    organisation: Organisation,
    sources: Annotated[list[str] | None, typer.Option("--source", "-s", help=t("cli.tokens.issue.sources"))] = None,
    kinds: Annotated[list[str] | None, typer.Option("--kind", help=t("cli.accounts.kinds"))] = None,
    divisions: Annotated[list[str] | None, typer.Option("--division", help=t("cli.accounts.divisions"))] = None,
    levels: Annotated[list[str] | None, typer.Option("--level", help=t("cli.accounts.levels"))] = None,
    data: Data = None,
) -> None:
    """Let an organisation speak for sources; bound what it oversees where it is an agency."""
    session = session_of(context)
    _check_sources(session, sources, data)
    scope = Scope(frozenset(kinds or ()), frozenset(divisions or ()), frozenset(levels or ()))
    with directory(session, data) as accounts:
        bounded = scope if scope != Scope() else None
        accounts.organisations.grant(OPERATOR, organisation, frozenset(sources or ()), bounded)
    session.say(bilingual("cli.accounts.done"), "green")


def list_sessions(
    context: typer.Context,
    account: Annotated[str | None, typer.Option("--account", help=t("cli.accounts.account"))] = None,
    data: Data = None,
) -> None:
    """Print a line a session, the newest first."""
    session = session_of(context)
    headings = ("id", "account", "organisation", "way", "device", "since", "used")
    table = session.table(*(f"cli.heading.{heading}" for heading in headings), whole={0, 1})
    with directory(session, data) as accounts:
        access = accounts.access
        kept = access.credentials.sessions(account, rfc3339(access.now), access.idle_since(), LISTED)
        for begun in kept:
            times = (at[5:16].replace("T", " ") for at in (begun.created_at, begun.used_at))
            name = organisation_name(session, accounts, begun.tenancy)
            table.add_row(*map(escape, (begun.id, begun.account, name, begun.way, device_text(begun.device), *times)))
    session.out.print(table)


def end_sessions(
    context: typer.Context,
    session_id: Annotated[str | None, typer.Argument(metavar="[SESSION]", help=t("cli.accounts.session"))] = None,
    account: Annotated[str | None, typer.Option("--account", help=t("cli.accounts.account"))] = None,
    data: Data = None,
) -> None:
    """End a session, or all of an account."""
    session = session_of(context)
    if not session_id and not account:
        session.stop(WRONG_USAGE, bilingual("cli.accounts.session-or-account"))
    with directory(session, data) as accounts:
        whose = id_of(accounts, account) if account else None
        ended = accounts.access.credentials.end_sessions(whose, session_id)
        if not ended:
            session.stop(WRONG_USAGE, bilingual("cli.accounts.none-ended"))
        accounts.access.note("session.end", session_id or "all", by=OPERATOR, detail=whose or "")
    session.say(bilingual("cli.accounts.ended", count=ended), "green")


def _check_sources(session: Session, sources: list[str] | None, data: Data) -> None:
    known = {source.id for source in load_sources(settings_for(data).sources_file)} | {"*"}
    if wrong := set(sources or ()) - known:
        names, listed = ", ".join(sorted(wrong)), ", ".join(sorted(known))
        session.stop(WRONG_USAGE, bilingual("cli.tokens.unknown-source", names=names, listed=listed))
