"""`hub token`: who may do what."""

from pathlib import Path
from typing import Annotated, cast, get_args

import typer
from rich.markup import escape

from app.cli.session import UNREACHABLE, WRONG_USAGE, Data, Session, session_of, settings_for
from app.cli.wording import t
from hub.auth.sources import load_sources
from hub.auth.tokens import ACCESS_FILE, AccessFile
from hub.kernel.access import Role
from hub.text.messages import bilingual

ROLES: tuple[Role, ...] = get_args(Role)


def issue(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help=t("cli.tokens.issue.name"))],
    roles: Annotated[list[str] | None, typer.Option("--role", "-r", help=t("cli.tokens.issue.roles"))] = None,
    sources: Annotated[list[str] | None, typer.Option("--source", "-s", help=t("cli.tokens.issue.sources"))] = None,
    data: Data = None,
) -> None:
    """Write the token's digest into the data folder and print the token."""
    session = session_of(context)
    settings = settings_for(data)
    known = {source.id for source in load_sources(settings.sources_file)} | {"*"}
    for given, among, named in ((roles, set(ROLES), "role"), (sources, known, "source")):
        if wrong := set(given or ()) - among:
            names, listed = ", ".join(sorted(wrong)), ", ".join(sorted(among))
            session.stop(WRONG_USAGE, bilingual(f"cli.tokens.unknown-{named}", names=names, listed=listed))
    chosen = cast(list[Role], roles or ["member"])
    if "submitter" in chosen and not sources:
        session.stop(WRONG_USAGE, bilingual("cli.tokens.submitter-needs-source-whom"))
    token = _opened(session, settings.data_dir).issue(name, chosen, sources or ())
    typer.echo(token)
    session.note(bilingual("cli.tokens.keep-safe-not-shown"))


def list_tokens(context: typer.Context, data: Data = None) -> None:
    """Print a line a token."""
    session = session_of(context)
    folder = settings_for(data).data_dir
    if not (folder / ACCESS_FILE).exists():
        session.stop(WRONG_USAGE, bilingual("cli.tokens.no-data-folder-hub", folder=folder))
    table = session.table("cli.heading.name", "cli.heading.roles", "cli.heading.sources")
    for principal in _opened(session, folder).principals():
        table.add_row(escape(principal.name), ", ".join(sorted(principal.roles)), ", ".join(sorted(principal.sources)))
    session.out.print(table)


def _opened(session: Session, folder: Path) -> AccessFile:
    try:
        return AccessFile(folder)
    except ValueError as error:
        session.stop(UNREACHABLE, bilingual("cli.up.cannot-open-data", data_dir=folder, error=error))
