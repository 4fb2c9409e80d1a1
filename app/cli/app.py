"""The commands, and how one is run in a language."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

import typer

from app.cli import (
    accounts,
    booking,
    dead_letters,
    files,
    maintenance,
    moves,
    privacy,
    search,
    serve,
    stack,
    tokens,
    up,
)
from app.cli.session import UNREACHABLE, WRONG_USAGE, Session
from app.cli.wording import language_from, localise, split_language, t
from hub import __version__
from hub.text.messages import bilingual
from hub.web.client import ApiProblem, Unreachable

HELP = t("cli.app.help")
EPILOG = t("cli.app.epilog")
GROUPS: Mapping[str, str] = {
    "token": "cli.tokens.group-help",
    "account": "cli.accounts.account-help",
    "organisation": "cli.accounts.organisation-help",
    "session": "cli.accounts.session-help",
    "stack": "cli.stack.group-help",
    "dead-letters": "cli.dead_letters.group-help",
    "audit": "cli.privacy.audit-help",
    "person": "cli.privacy.person-help",
    "keys": "cli.privacy.keys-help",
}
COMMANDS: Mapping[str, tuple[Callable[..., None], str]] = {
    "up": (up.up, "cli.up.up-help"),
    "import": (files.import_files, "cli.files.import-help"),
    "template": (files.template, "cli.files.template-help"),
    "export": (files.export, "cli.files.export-help"),
    "search": (search.search, "cli.search.search-help"),
    "kinds": (search.kinds, "cli.search.kinds-help"),
    "book": (booking.book, "cli.booking.book-help"),
    "token issue": (tokens.issue, "cli.tokens.issue-help"),
    "token list": (tokens.list_tokens, "cli.tokens.list-help"),
    "token revoke": (tokens.revoke, "cli.tokens.revoke-help"),
    "account list": (accounts.list_accounts, "cli.accounts.account-list-help"),
    "account add": (accounts.add_account, "cli.accounts.account-add-help"),
    "account link": (accounts.link, "cli.accounts.account-link-help"),
    "account disable": (accounts.disable, "cli.accounts.account-disable-help"),
    "account assign": (accounts.assign, "cli.accounts.assign-help"),
    "organisation list": (accounts.list_organisations, "cli.accounts.organisation-list-help"),
    "organisation add": (accounts.add_organisation, "cli.accounts.organisation-add-help"),
    "organisation verify": (accounts.verify, "cli.accounts.organisation-verify-help"),
    "organisation suspend": (accounts.suspend, "cli.accounts.organisation-suspend-help"),
    "organisation grant": (accounts.grant, "cli.accounts.organisation-grant-help"),
    "session list": (accounts.list_sessions, "cli.accounts.session-list-help"),
    "session end": (accounts.end_sessions, "cli.accounts.session-end-help"),
    "rebuild": (maintenance.rebuild, "cli.maintenance.rebuild-help"),
    "doctor": (maintenance.doctor, "cli.maintenance.doctor-help"),
    "serve": (serve.serve, "cli.serve.serve-help"),
    "stack up": (stack.up, "cli.stack.up-help"),
    "stack status": (stack.status, "cli.stack.status-help"),
    "stack prepare": (stack.prepare, "cli.stack.prepare-help"),
    "move": (moves.move, "cli.moves.move-help"),
    "backup": (moves.backup, "cli.moves.backup-help"),
    "restore": (moves.restore, "cli.moves.restore-help"),
    "dead-letters list": (dead_letters.list_letters, "cli.dead_letters.list-help"),
    "dead-letters show": (dead_letters.show, "cli.dead_letters.show-help"),
    "dead-letters replay": (dead_letters.replay, "cli.dead_letters.replay-help"),
    "audit list": (privacy.list_entries, "cli.privacy.list-help"),
    "audit export": (privacy.export_entries, "cli.privacy.export-help"),
    "audit verify": (privacy.verify, "cli.privacy.verify-help"),
    "person export": (privacy.export_person, "cli.privacy.person-export-help"),
    "person erase": (privacy.erase_person, "cli.privacy.person-erase-help"),
    "person consent": (privacy.record_consent, "cli.privacy.consent-help"),
    "keys rotate": (privacy.rotate, "cli.privacy.rotate-help"),
    "keys seal": (privacy.seal, "cli.privacy.seal-help"),
    "keys export": (privacy.export_keys, "cli.privacy.keys-export-help"),
    "keys import": (privacy.import_keys, "cli.privacy.keys-import-help"),
}
"""Each with the code of its help; those of a group behind its name."""


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"hub {__version__}")
        raise typer.Exit


def build() -> typer.Typer:
    """The commands, their texts still in both languages."""
    app = typer.Typer(
        name="hub", help=HELP, epilog=EPILOG, no_args_is_help=True, add_completion=False, rich_markup_mode="markdown"
    )

    @app.callback(help=HELP, epilog=EPILOG)
    def hub(
        version: Annotated[
            bool, typer.Option("--version", callback=_version, is_eager=True, help=t("cli.app.hub.version"))
        ] = False,
        lang: Annotated[str, typer.Option("--lang", metavar="zh|en", help=t("cli.app.hub.lang"))] = "",
    ) -> None:
        """Options of every command; `--lang` has been read before the commands are built."""

    groups = {name: typer.Typer(help=t(code), no_args_is_help=True) for name, code in GROUPS.items()}
    for name, (command, code) in COMMANDS.items():
        group, _, own = name.rpartition(" ")
        groups.get(group, app).command(own, help=t(code))(command)
    for name, commands in groups.items():
        app.add_typer(commands, name=name)
    return app


def invoke(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run one command; returns its exit code."""
    words, chosen = split_language(arguments)
    language = language_from(environment) if chosen is None else chosen
    if language not in ("zh", "en"):
        typer.echo(f"--lang: zh | en ≠ {language!r}", err=True)
        return WRONG_USAGE
    session = Session("zh" if language == "zh" else "en")
    command = localise(typer.main.get_command(build()), session.language)
    try:
        command.main(args=words, prog_name="hub", obj=session, standalone_mode=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except ApiProblem as problem:
        return session.refused(problem)
    except Unreachable as unreachable:
        return not_reachable(session, str(unreachable))
    except OSError as error:
        session.note(bilingual("cli.app.system-says", error=error), "red")
        return UNREACHABLE
    return 0


def not_reachable(session: Session, url: str) -> int:
    """Tell that no hub answers at the address."""
    session.note(bilingual("cli.app.no-hub-answers", url=url), "red")
    session.note(bilingual("cli.app.start-hub-up-give"), "default")
    return UNREACHABLE
