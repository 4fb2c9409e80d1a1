"""`hub token`: what programs come in by."""

from collections.abc import Iterator
from typing import Annotated, cast, get_args

import typer
from rich.markup import escape

from app.cli.directory import LISTED, check_roles, directory, organisation_name
from app.cli.noting import OPERATOR
from app.cli.session import WRONG_USAGE, Data, Session, session_of, settings_for
from app.cli.wording import t
from hub.auth.sources import load_sources
from hub.kernel.access import Role
from hub.text.messages import bilingual
from services.accounts.service import Accounts

ROLES: tuple[Role, ...] = get_args(Role)


def issue(
    context: typer.Context,
    *,
    name: Annotated[str, typer.Argument(help=t("cli.tokens.issue.name"))],
    roles: Annotated[
        list[str] | None,
        typer.Option("--role", "-r", help=t("cli.tokens.issue.roles")),
    ] = None,
    sources: Annotated[
        list[str] | None,
        typer.Option("--source", "-s", help=t("cli.tokens.issue.sources")),
    ] = None,
    organisation: Annotated[str, typer.Option("--organisation", "-o", help=t("cli.tokens.issue.organisation"))] = "",
    days: Annotated[int, typer.Option("--days", min=0, help=t("cli.tokens.issue.days"))] = 0,
    data: Data = None,
) -> None:
    """Keep the token's digest, and print the token."""
    session = session_of(context)
    check_roles(session, roles, ROLES)
    known = {source.id for source in load_sources(settings_for(data).sources_file)} | {"*"}
    if wrong := set(sources or ()) - known:
        names, listed = ", ".join(sorted(wrong)), ", ".join(sorted(known))
        session.stop(WRONG_USAGE, bilingual("cli.tokens.unknown-source", names=names, listed=listed))
    chosen = cast(list[Role], roles or ["member"])
    if "submitter" in chosen and not sources:
        session.stop(WRONG_USAGE, bilingual("cli.tokens.submitter-needs-source-whom"))
    with directory(session, data, making=True) as accounts:
        issued = accounts.tokens.issue_for_machine(name, chosen, sources or (), organisation, days, by=OPERATOR)
    typer.echo(issued.text)
    session.note(bilingual("cli.tokens.keep-safe-not-shown"))


def list_tokens(context: typer.Context, data: Data = None) -> None:
    """Print a line a token, those of older releases first."""
    session = session_of(context)
    table = session.table(
        "cli.heading.id", "cli.heading.name", "cli.heading.organisation", "cli.heading.roles", "cli.heading.sources",
        "cli.heading.expires", "cli.heading.used", whole={0},
    )  # fmt: skip
    with directory(session, data) as accounts:
        for row in _rows(session, accounts):
            table.add_row(*map(escape, row))
    session.out.print(table)


def revoke(
    context: typer.Context,
    token: Annotated[str, typer.Argument(help=t("cli.tokens.revoke.token"))],
    data: Data = None,
) -> None:
    """Revoke a token, and end the sessions that it was exchanged for."""
    session = session_of(context)
    with directory(session, data) as accounts:
        accounts.tokens.revoke(token, by=OPERATOR)
    session.say(bilingual("cli.tokens.revoked", token=token), "green")


def _rows(session: Session, accounts: Accounts) -> Iterator[tuple[str, ...]]:
    for holder in accounts.access.legacy.principals():
        roles, sources = ", ".join(sorted(holder.roles)), ", ".join(sorted(holder.sources))
        yield holder.credential, holder.name, holder.organisation, roles, sources, "", ""
    for token in accounts.access.credentials.tokens(None, LISTED):
        scopes, sources = ", ".join(sorted(token.scopes)), ", ".join(sorted(token.sources))
        dates = (token.expires_at or "")[:10], (token.used_at or "")[:16]
        yield token.id, token.name, organisation_name(session, accounts, token.tenancy), scopes, sources, *dates
