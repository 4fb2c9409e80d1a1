"""The commands, and how one is run in a language."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from app.cli import booking, dead_letters, files, maintenance, moves, search, serve, stack, tokens, up
from app.cli.session import UNREACHABLE, WRONG_USAGE, Session
from app.cli.wording import language_from, localise, split_language, t
from hub import __version__
from hub.text.messages import bilingual
from hub.web.client import ApiProblem, Unreachable

HELP = t("cli.app.help")
EPILOG = t("cli.app.epilog")


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

    for module in (up, files, search, booking, tokens, maintenance, serve, stack, moves, dead_letters):
        module.register(app)
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
