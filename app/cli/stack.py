"""`hub stack`: Kafka, Elasticsearch and PostgreSQL as child processes, for trying the real profile."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.markup import escape

from app.cli.files import bar
from app.cli.session import FINE, SOME_REFUSED, UNREACHABLE, WRONG_USAGE, Data, Session, session, settings_for
from app.cli.stack_needs import check_machine, jdk_missing, reachable
from app.cli.stopping import Stop, until_stopped
from app.cli.wording import t
from hub.kernel.language import Bilingual
from hub.runtime.lock import Busy, FolderLock, is_busy

if TYPE_CHECKING:
    from app.devstack.stack import Layout, Stack

Then = Callable[["Layout"], None]
ENVIRONMENT_FILE = "stack.env"
WATCH_SECONDS = 1.0
MIB = 2**20
GROUP_HELP = t(
    "在本机运行 Kafka、Elasticsearch 和 PostgreSQL，供枢纽的 real 模式使用；不需要 Docker。",
    "Run Kafka, Elasticsearch and PostgreSQL on this machine for the hub's real profile; no Docker needed.",
)
UP_HELP = t(
    """启动三个服务器，建好主题和数据表，并给出枢纽所需的环境变量（也写入 stack.env）；按 Ctrl-C 停止，数据保留。

首次启动下载约 210 MiB（校验 SHA-256，存入用户缓存）。Elasticsearch 需要 Java 21 或更高版本的 JDK。

只监听本机地址，不设密码：用于试用和测试，不用于对外服务。

示例：

`hub stack up`

`hub stack up --folder /srv/stack --brokers 3`

退出码：0 正常停止；2 参数或环境不符合要求；3 文件夹被占用、下载或启动失败、某个服务器中途退出。""",
    """Start the three servers, create topics and tables, and print the environment for the hub (also in the folder's
stack.env); Ctrl-C stops them, the data stays.

A first start downloads about 210 MiB, checked by SHA-256 and kept in the user's cache. Elasticsearch needs a JDK of
Java 21 or newer.

The servers listen on this machine alone and ask for no password: for trying and testing, not for serving others.

Examples:

`hub stack up`

`hub stack up --folder /srv/stack --brokers 3`

Exit codes: 0 stopped; 2 the options or this machine will not do; 3 folder in use, a download or start failed, or a
server ended.""",
)
STATUS_HELP = t(
    "说明文件夹里的各服务器是否在运行及其地址。退出码：0 都在运行；1 有的没有；2 从未启动过。",
    "Tell whether the folder's servers run, and where. Exit codes: 0 all do; 1 some do not; 2 there was no start yet.",
)
PREPARE_HELP = t(
    """在 HUB_KAFKA_BOOTSTRAP 和 HUB_POSTGRESQL_DSN 指明的服务器上建好主题和数据表，并在数据文件夹里建好令牌文件。

可重复运行。

退出码：0 已就绪；1 已有主题的设置与约定不符；3 服务器无法访问。""",
    """Create topics and tables on the servers named by HUB_KAFKA_BOOTSTRAP and HUB_POSTGRESQL_DSN, and the token file
in the data folder. It can be repeated.

Exit codes: 0 ready; 1 a topic that was there differs from its contract; 3 a server cannot be reached.""",
)
Folder = Annotated[
    Path | None,
    typer.Option(
        "--folder",
        help=t(
            "服务器的数据文件夹；默认为数据文件夹下的 stack",
            "the servers' data; `stack` in the data folder by default",
        ),
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help=GROUP_HELP, no_args_is_help=True)
    group.command("up", help=UP_HELP)(up)
    group.command("status", help=STATUS_HELP)(status)
    group.command("prepare", help=PREPARE_HELP)(prepare)
    app.add_typer(group, name="stack")


def up(
    context: typer.Context,
    folder: Folder = None,
    brokers: Annotated[
        int | None,
        typer.Option(
            "--brokers",
            min=1,
            max=3,
            help=t("Kafka 节点数：1 或 3", "Kafka brokers: 1 or 3; as begun if not given"),
        ),
    ] = None,
    data: Data = None,
) -> None:
    """Fetch, lock, start, prepare, watch."""
    told = session(context)
    check_machine(told)
    if brokers == 2:
        told.stop(WRONG_USAGE, Bilingual("--brokers 为 1 或 3", "--brokers is 1 or 3"))
    run_stack(told, folder or settings_for(data).data_dir / "stack", brokers)


def run_stack(told: Session, where: Path, brokers: int | None, then: Then | None = None) -> NoReturn:
    """Run the servers of the folder until somebody stops them; `then` is called once they answer."""
    try:
        lock = FolderLock(where)
    except Busy:
        told.stop(
            UNREACHABLE,
            Bilingual(f"{where} 上的服务器已在运行", f"The servers of {where} are running already"),
            Bilingual("用 hub stack status 查看其地址。", "`hub stack status` tells where."),
        )
    with until_stopped() as stop, lock:
        raise typer.Exit(_run(told, where, brokers, then, stop))


def _run(told: Session, folder: Path, brokers: int | None, then: Then | None, stop: Stop) -> int:
    """Run the servers until somebody stops them, or one of them ends; the exit code.

    To be stopped is well, but not before `then` has done its part.
    """
    from app.devstack.cache import DownloadFailed
    from app.devstack.failure import JdkMissing, ServerFailed
    from app.devstack.stack import Stack

    environment = folder / ENVIRONMENT_FILE
    stack: Stack | None = None
    begun = then is None
    try:
        stack = Stack(folder, brokers)
        layout = _answering(told, stack, stop)
        environment.write_text("".join(f"{name}={value}\n" for name, value in layout.environment().items()))
        (then or partial(_announce, told, environment))(layout)
        begun = True
        _watch(told, stack, stop)
    except KeyboardInterrupt:
        told.say(Bilingual("正在停止……", "Stopping …"), "dim")
        return FINE if begun else UNREACHABLE
    except JdkMissing:
        jdk_missing(told)
        return WRONG_USAGE
    except (ServerFailed, DownloadFailed) as error:
        told.note(Bilingual(f"未能启动：{error}", f"Not started: {error}"), "red")
    finally:
        stop.heed()
        environment.unlink(missing_ok=True)
        if stack:
            stack.stop()
    return UNREACHABLE


def _answering(told: Session, stack: "Stack", stop: Stop) -> "Layout":
    """Where the servers are, once they answer and have what the hub needs."""

    def on_step(name: str) -> None:
        told.say(Bilingual(f"✓ {name} 已就绪", f"✓ {name} answers"))
        stop.check()

    _fetch(told)
    layout = stack.start(on_step)
    _prepared(told, layout)
    return layout


def _watch(told: Session, stack: "Stack", stop: Stop) -> None:
    """Return, and tell, when a server ends."""
    while not (ended := stack.ended()):
        stop.check()
        time.sleep(WATCH_SECONDS)
    names = ", ".join(ended)
    told.note(
        Bilingual(f"{names} 中途退出，日志在 {stack.folder}", f"{names} ended; its log is in {stack.folder}"), "red"
    )


def _fetch(told: Session) -> None:
    from app.devstack.stack import fetch, missing_bytes

    total = missing_bytes()
    if not total:
        fetch()
        return
    size = f"{total / MIB:.0f} MiB"
    what = Bilingual(f"下载服务器（{size}，仅首次）", f"Downloading the servers ({size}, once)")
    with bar(told, what, Bilingual("字节", "bytes")) as progress:
        done = 0

        def on_progress(came: int) -> None:
            nonlocal done
            done += came
            progress(done, total)

        fetch(on_progress)


def _prepared(told: Session, layout: "Layout") -> None:
    from app.devstack.prepare import prepare as make_ready
    from hub.runtime.settings import Settings

    names = layout.environment().items()
    settings = Settings.model_validate({name.removeprefix("HUB_").lower(): value for name, value in names})
    for difference in make_ready(settings):
        told.note(Bilingual(difference, difference))


def _announce(told: Session, environment: Path, layout: "Layout") -> None:
    told.say(Bilingual("服务器已就绪。枢纽所用的环境变量：", "The servers are ready. For the hub:"), "bold green")
    for name, value in layout.environment().items():
        told.out.print(f"  {name}={value}", markup=False)
    told.say(
        Bilingual(
            f"在另一个终端运行：set -a; . {environment}; set +a; hub serve all",
            f"In another terminal: set -a; . {environment}; set +a; hub serve all",
        )
    )
    tell_how_to_stop(told)


def tell_how_to_stop(told: Session) -> None:
    """The servers run in the foreground."""
    told.say(Bilingual("按 Ctrl-C 停止；数据保留。", "Press Ctrl-C to stop; the data stays."), "dim")


def status(context: typer.Context, folder: Folder = None, data: Data = None) -> None:
    """Print a line a server."""
    told = session(context)
    check_machine(told)
    from app.devstack.stack import read_layout

    where = folder or settings_for(data).data_dir / "stack"
    layout = read_layout(where)
    if layout is None:
        told.stop(WRONG_USAGE, Bilingual(f"{where} 里没有服务器的数据", f"There is no server's data in {where}"))
    owned, all_run = is_busy(where), True
    for name, address, answers in layout.answering():
        runs = owned and answers
        mark = "[green]✓[/green]" if runs else "[red]✗[/red]"
        words = Bilingual("在运行", "runs") if runs else Bilingual("未运行", "does not run")
        told.out.print(f"{mark} {name} {words[told.language]}  {escape(address)}")
        all_run = all_run and runs
    raise typer.Exit(FINE if all_run else SOME_REFUSED)


def prepare(context: typer.Context, data: Data = None) -> None:
    """Topics, tables and the token file of the settings."""
    told = session(context)
    with reachable(told):
        from app.devstack.prepare import prepare as make_ready
        from hub.auth.tokens import AccessFile

        settings = settings_for(data)
        AccessFile(settings.data_dir)
        differences = make_ready(settings)
    for difference in differences:
        told.note(Bilingual(difference, difference), "red")
    if not differences:
        told.say(Bilingual("主题和数据表已就绪。", "Topics and tables are ready."), "green")
    raise typer.Exit(SOME_REFUSED if differences else FINE)
