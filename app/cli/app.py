"""The commands, and how one is run in a language."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from app.cli import booking, dead_letters, files, maintenance, moves, search, serve, stack, tokens, up
from app.cli.session import UNREACHABLE, WRONG_USAGE, Session
from app.cli.wording import language_from, localise, split_language, t
from hub import __version__
from hub.kernel.language import Bilingual
from hub.web.client import ApiProblem, Unreachable

HELP = t(
    """科研资源共享枢纽：登记、检索、预约仪器设备等科研资源。

从这里开始：`hub up` 启动枢纽并装入示例数据，然后在浏览器打开它给出的地址。

每个命令都有 `--help`，附示例与退出码。""",
    """The research-resource sharing hub: register, find and book instruments and other research resources.

Start here: `hub up` starts the hub with sample data; then open the address that it prints.

Every command has `--help` with examples and exit codes.""",
)
EPILOG = t(
    "退出码：0 成功；1 完成但有问题（行被拒绝、没有结果、检查未通过）；2 用法有误；"
    "3 枢纽无法访问、拒绝请求或端口被占用。",
    "Exit codes: 0 fine; 1 done, with something amiss (rows refused, nothing found, a check failed); 2 wrong usage; "
    "3 the hub is not reachable or refuses, or its port is taken.",
)


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
            bool,
            typer.Option("--version", callback=_version, is_eager=True, help=t("显示版本并退出", "Show the version.")),
        ] = False,
        lang: Annotated[
            str,
            typer.Option(
                "--lang",
                metavar="zh|en",
                help=t(
                    "语言，可写在任何位置；默认按 LC_ALL 或 LANG",
                    "language, anywhere on the line; by LC_ALL or LANG if not given",
                ),
            ),
        ] = "",
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
        session.note(Bilingual(f"系统报错：{error}", f"The system says: {error}"), "red")
        return UNREACHABLE
    return 0


def not_reachable(session: Session, url: str) -> int:
    """Tell that no hub answers at the address."""
    session.note(Bilingual(f"无法访问枢纽：{url}", f"No hub answers at {url}"), "red")
    session.note(
        Bilingual(
            "用 `hub up` 启动，或用 --url 指定地址。", "Start one with `hub up`, or give its address with --url."
        ),
        "default",
    )
    return UNREACHABLE
